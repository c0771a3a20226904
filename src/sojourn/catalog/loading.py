"""The starting catalogue: a storefront's data files, brought into its database again and again.

A file is known by its slug. Rows that a person has changed since are left alone, and nothing is ever retired here.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

import yaml
from pydantic import ValidationError

from sojourn.catalog.departures import put_departure
from sojourn.catalog.faults import Fault, faults_in
from sojourn.catalog.services import queries as service_queries
from sojourn.catalog.services import rules as service_rules
from sojourn.catalog.services import service as services
from sojourn.catalog.services.models import ServiceIn
from sojourn.catalog.statements import LoadedRow
from sojourn.catalog.trips import queries as trip_queries
from sojourn.catalog.trips import rules as trip_rules
from sojourn.catalog.trips import service as trips
from sojourn.catalog.trips.models import TripIn
from sojourn.platform.db.database import Connection, Database
from sojourn.platform.db.listen import CATALOGUE_CHANGED, notify
from sojourn.platform.kit.ids import new_id
from sojourn.platform.storefront import Storefront

LANGUAGES = ("en", "km", "zh")

Content = Mapping[str, Any]
Model = TypeVar("Model", bound=TripIn | ServiceIn)


@dataclass(frozen=True, slots=True)
class _Kind(Generic[Model]):
    """Where files of one kind lie, and what they become. `texts`: a text in three languages, and its row's columns."""

    pattern: str
    # From JSON, because only there a strict model still takes text for an enum or an amount.
    read: Callable[[str], Model]
    rules: Callable[[Model], Iterable[Fault]]
    texts: Mapping[str, tuple[str, str, str]]


_TRIPS = _Kind(
    "trips/*.yaml",
    partial(TripIn.model_validate_json, strict=True),
    trip_rules.faults_of,
    {"title": ("title", "title_kh", "title_zh"), "summary": ("summary", "summary_kh", "summary_zh")},
)
_SERVICES = _Kind(
    "services/**/*.yaml",
    partial(ServiceIn.model_validate_json, strict=True),
    service_rules.faults_of,
    {name: (name, f"{name}_km", f"{name}_zh") for name in ("title", "description", "long_description")},
)


class CatalogueInvalid(Exception):
    """Data files that cannot be loaded; the message has a line for every field of every file."""


@dataclass(frozen=True, slots=True)
class LoadReport:
    """How many trips and services were added, were changed, and stayed as they were."""

    added: int
    changed: int
    kept: int


class _Upsert(Protocol):
    async def __call__(
        self, tx: Connection, *, new_id: UUID, content: Content, source_hash: str, now: datetime
    ) -> LoadedRow | None: ...


async def load_catalogue(database: Database, storefront: Storefront, *, now: datetime) -> LoadReport:
    """Bring the storefront's data files into its database, in one transaction.

    Raises `CatalogueInvalid` before anything is written when any file is not right.
    """
    new_trips, new_services = read_catalogue(storefront.catalogue)
    counts: Counter[str] = Counter()
    async with database.unit_of_work() as tx:
        for trip in new_trips:
            row = await _put(tx, trip_queries.upsert_trip, trips.stored(trip), counts=counts, now=now)
            if row is not None:
                await put_departure(tx, trip_id=row.id, now=now)
        for service in new_services:
            await _put(tx, service_queries.upsert_service, services.stored(service), counts=counts, now=now)
        if counts["added"] or counts["changed"]:
            await notify(tx, CATALOGUE_CHANGED)
    return LoadReport(added=counts["added"], changed=counts["changed"], kept=counts["kept"])


def read_catalogue(folder: Path) -> tuple[list[TripIn], list[ServiceIn]]:
    """The trips and services of a catalogue folder, by file name. Raises `CatalogueInvalid`."""
    faults: list[str] = []
    found = _read_all(folder, _TRIPS, faults), _read_all(folder, _SERVICES, faults)
    if faults:
        raise CatalogueInvalid("\n".join(faults))
    return found


def _read_all(folder: Path, kind: _Kind[Model], faults: list[str]) -> list[Model]:
    found: dict[str, Model] = {}
    for path in sorted(folder.glob(kind.pattern)):
        try:
            entry = _read(path, kind)
            wrong = [*kind.rules(entry), *_faults_of_slug(entry.slug, path, is_taken=entry.slug in found)]
            found[entry.slug] = entry
        except ValidationError as error:
            wrong = faults_in(error)
        except _FileFault as fault:
            wrong = [fault.fault]
        faults += [f"{path.relative_to(folder)}: {fault.field}: {fault.message}" for fault in wrong]
    return list(found.values())


def _read(path: Path, kind: _Kind[Model]) -> Model:
    content = _spread(_parse(path), kind.texts)
    return kind.read(json.dumps(content, default=str))


class _FileFault(Exception):
    def __init__(self, field: str, message: str) -> None:
        self.fault = Fault(field, message)
        super().__init__(message)


def _parse(path: Path) -> dict[str, Any]:
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise _FileFault("file", f"is not YAML: {error}") from None
    if not isinstance(content, dict):
        raise _FileFault("file", "must be a list of fields")
    return content


def _spread(content: dict[str, Any], texts: Mapping[str, tuple[str, str, str]]) -> dict[str, Any]:
    """`title: {en, km, zh}` of a file as the three fields that a row has for it."""
    spread = {name: value for name, value in content.items() if name not in texts}
    for name, columns in texts.items():
        value = content.get(name)
        if not isinstance(value, dict) or value.keys() != set(LANGUAGES) or not all(value.values()):
            raise _FileFault(name, f"must be given in {', '.join(LANGUAGES)}")
        spread |= {column: value[language] for column, language in zip(columns, LANGUAGES, strict=True)}
    return spread


def _faults_of_slug(slug: str, path: Path, *, is_taken: bool) -> list[Fault]:
    if slug != path.stem:
        return [Fault("slug", f"must be the file's name, {path.stem}")]
    return [Fault("slug", "is in another file as well")] if is_taken else []


async def _put(
    tx: Connection, upsert: _Upsert, content: Content, *, counts: Counter[str], now: datetime
) -> LoadedRow | None:
    digest = blake2b(json.dumps(content, sort_keys=True).encode(), digest_size=16).hexdigest()
    row = await upsert(tx, new_id=new_id(), content=content, source_hash=digest, now=now)
    counts["kept" if row is None else "added" if row.is_new else "changed"] += 1
    return row
