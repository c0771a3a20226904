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
from typing import Any, Generic

import yaml
from pydantic import ValidationError

from sojourn.catalog.eligibility.goods import RULE
from sojourn.catalog.eligibility.rules import spread_file
from sojourn.catalog.faults import Fault, faults_in
from sojourn.catalog.festivals.goods import FESTIVAL
from sojourn.catalog.guides.goods import GUIDE
from sojourn.catalog.hotels.goods import HOTEL
from sojourn.catalog.places.goods import PLACE
from sojourn.catalog.provinces import faults_of_provinces, read_provinces
from sojourn.catalog.services.goods import SERVICE
from sojourn.catalog.shelf_queries import upsert
from sojourn.catalog.shelving import Goods, Model
from sojourn.catalog.transportation.goods import VEHICLE
from sojourn.catalog.trips.goods import TRIP
from sojourn.platform.db.database import Connection, Database
from sojourn.platform.db.listen import CATALOGUE_CHANGED, notify
from sojourn.platform.errors import InvalidInput
from sojourn.platform.kit.ids import new_id
from sojourn.platform.storefront import Storefront

LANGUAGES = ("en", "km", "zh")

Texts = Mapping[str, tuple[str, str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind(Generic[Model]):
    """Where files of one kind lie, and what they become. `texts`: a text in three languages, and its row's columns."""

    pattern: str
    goods: Goods[Model]
    texts: Texts
    is_strict: bool = True
    # What else is written otherwise in a file than in a row.
    respell: Callable[[dict[str, Any]], dict[str, Any]] = dict
    # A file of many entries, which are then known by their slugs and not by the file's name.
    spread: Callable[[Mapping[str, Any]], Iterable[dict[str, Any]]] | None = None

    def read(self, content: dict[str, Any]) -> Model:
        """Raises ValidationError."""
        # From JSON, because only there a strict model still takes text for an enum or an amount.
        text = json.dumps(self.respell(_spread(content, self.texts)), default=str)
        return self.goods.model.model_validate_json(text, strict=self.is_strict, by_alias=False, by_name=True)


def _in_three(*names: str, khmer: str = "kh") -> dict[str, tuple[str, str, str]]:
    return {name: (name, f"{name}_{khmer}", f"{name}_zh") for name in names}


def _respell_hotel(content: dict[str, Any]) -> dict[str, Any]:
    """Rooms have names in three languages as well."""
    return {**content, "rooms": [_spread(room, _in_three("name")) for room in _entries_of(content, "rooms")]}


def _spread_if_there(content: dict[str, Any], texts: Texts) -> dict[str, Any]:
    """Texts that an entry may do without, in all languages where it has them."""
    return _spread(content, {name: columns for name, columns in texts.items() if name in content})


def _respell_vehicle(content: dict[str, Any]) -> dict[str, Any]:
    """A file says `from` and `to` of a transfer."""
    names = {"from": "from_place", "to": "to_place"}
    rides = [{names.get(key, key): value for key, value in ride.items()} for ride in _entries_of(content, "transfers")]
    return {**content, "transfers": rides}


def _entries_of(content: dict[str, Any], name: str) -> list[dict[str, Any]]:
    entries = content.get(name, [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise _FileFault(name, "must be a list of entries with fields")
    return entries


_KINDS: tuple[_Kind[Any], ...] = (
    _Kind(
        pattern="services/**/*.yaml",
        goods=SERVICE,
        texts=_in_three("title", "description", "long_description", khmer="km"),
    ),
    _Kind(pattern="hotels/*.yaml", goods=HOTEL, texts=_in_three("name", "description"), respell=_respell_hotel),
    _Kind(pattern="vehicles/*.yaml", goods=VEHICLE, texts=_in_three("name"), respell=_respell_vehicle),
    _Kind(pattern="guides/*.yaml", goods=GUIDE, texts=_in_three("bio")),
    # After what trips may include.
    _Kind(pattern="trips/*.yaml", goods=TRIP, texts=_in_three("title", "summary")),
    _Kind(pattern="places/*.yaml", goods=PLACE, texts=_in_three("name", "description")),
    _Kind(pattern="festivals/*.yaml", goods=FESTIVAL, texts=_in_three("name", "description", "what_to_know")),
    _Kind(
        pattern="eligibility/*.yaml",
        goods=RULE,
        texts={},
        is_strict=False,  # a strict one would take no text for a day, whoever wrote it
        respell=partial(_spread_if_there, texts=_in_three("caution", khmer="km")),
        spread=spread_file,
    ),
)


class CatalogueInvalid(Exception):
    """Data files that cannot be loaded; the message has a line for every field of every file."""


@dataclass(frozen=True, slots=True)
class LoadReport:
    """How many entries were added, were changed, and stayed as they were."""

    added: int
    changed: int
    kept: int


async def load_catalogue(database: Database, storefront: Storefront, *, now: datetime) -> LoadReport:
    """Bring the storefront's data files into its database, in one transaction.

    Raises `CatalogueInvalid`, and nothing is written, when any file is not right.
    """
    found = _read_catalogue(storefront.catalogue)
    counts: Counter[str] = Counter()
    async with database.unit_of_work() as tx:
        for kind, entries in found:
            for entry in entries:
                await _put(tx, kind, entry, counts=counts, now=now)
        if counts["added"] or counts["changed"]:
            await notify(tx, CATALOGUE_CHANGED)
    return LoadReport(added=counts["added"], changed=counts["changed"], kept=counts["kept"])


def _read_catalogue(folder: Path) -> list[tuple[_Kind[Any], list[Any]]]:
    """All of a catalogue folder, by kind and file name. Raises `CatalogueInvalid`."""
    faults: list[str] = []
    found = [(kind, _read_all(folder, kind, faults)) for kind in _KINDS]
    if faults:
        raise CatalogueInvalid("\n".join(faults))
    return found


def _read_all(folder: Path, kind: _Kind[Model], faults: list[str]) -> list[Model]:
    found: dict[str, Model] = {}
    provinces = read_provinces(folder)
    for path in sorted(folder.glob(kind.pattern)):
        wrong: list[Fault] = []
        try:
            for content in _contents(path, kind):
                entry = kind.read(content)
                is_taken = entry.slug in found
                wrong += faults_of_provinces(provinces, entry)
                wrong += [*kind.goods.faults(entry), *_faults_of_slug(entry.slug, path, kind, is_taken=is_taken)]
                found[entry.slug] = entry
        except ValidationError as error:
            wrong += faults_in(error)
        except _FileFault as fault:
            wrong.append(fault.fault)
        faults += [f"{path.relative_to(folder)}: {fault.field}: {fault.message}" for fault in wrong]
    return list(found.values())


def _contents(path: Path, kind: _Kind[Model]) -> Iterable[dict[str, Any]]:
    """What a file says of each of its entries."""
    content = _parse(path)
    if kind.spread is None:
        return [content]
    try:
        return list(kind.spread(content))
    except ValueError as error:
        raise _FileFault("file", str(error)) from None


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


def _spread(content: dict[str, Any], texts: Texts) -> dict[str, Any]:
    """`title: {en, km, zh}` of a file as the three fields that a row has for it."""
    spread = {name: value for name, value in content.items() if name not in texts}
    for name, columns in texts.items():
        value = content.get(name)
        if not isinstance(value, dict) or value.keys() != set(LANGUAGES) or not all(value.values()):
            raise _FileFault(name, f"must be given in {', '.join(LANGUAGES)}")
        spread |= {column: value[language] for column, language in zip(columns, LANGUAGES, strict=True)}
    return spread


def _faults_of_slug(slug: str, path: Path, kind: _Kind[Any], *, is_taken: bool) -> list[Fault]:
    if kind.spread is not None:
        return [Fault("slug", f"{slug} is there twice")] if is_taken else []
    if slug != path.stem:
        return [Fault("slug", f"must be the file's name, {path.stem}")]
    return [Fault("slug", "is in another file as well")] if is_taken else []


async def _put(tx: Connection, kind: _Kind[Model], entry: Model, *, counts: Counter[str], now: datetime) -> None:
    goods = kind.goods
    content = goods.stored(entry)
    digest = blake2b(json.dumps(content, sort_keys=True).encode(), digest_size=16).hexdigest()
    row = await upsert(tx, goods.shelf, new_id=new_id(), content=content, source_hash=digest, now=now)
    counts["kept" if row is None else "added" if row.is_new else "changed"] += 1
    if row is not None and goods.derive is not None:
        try:
            await goods.derive(tx, row.id, entry, now)
        except InvalidInput as refusal:
            wrong = [f"{field['field']}: {field['message']}" for field in refusal.details["fields"]]
            raise CatalogueInvalid("\n".join(f"{goods.name} {entry.slug}: {fault}" for fault in wrong)) from None
