"""Changing what is on the shelf, of whichever kind: by admins, and by guides what they say of themselves. Each change
takes along what follows from the entry (its stock, its days) and drops cached answers."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Generic, Protocol, Self, TypeVar
from uuid import UUID

from pydantic import Field, ValidationError

from sojourn.catalog import shelf_queries
from sojourn.catalog.errors import VersionConflict, refusing_taken_slug
from sojourn.catalog.faults import Fault, faults_in, invalid, refuse
from sojourn.catalog.images.queries import find_missing
from sojourn.catalog.policies import as_chosen, written_out
from sojourn.catalog.shelf_queries import Shelf
from sojourn.people.auth.access import Actor
from sojourn.platform.audit.trail import Act, record
from sojourn.platform.db.database import Connection
from sojourn.platform.db.listen import CATALOGUE_CHANGED, notify
from sojourn.platform.errors import InvalidInput
from sojourn.platform.http.context import Origin
from sojourn.platform.kit.ids import new_id
from sojourn.platform.kit.wire import Wire

POLICY = "cancellation_policy"
IMAGES = "images"


class Entry(Protocol):
    """What an agency says of one hotel, guide or place. What is sold has a `cancellation_policy`, as it was chosen."""

    @property
    def slug(self) -> str: ...

    def model_dump(self, *, mode: str) -> dict[str, Any]: ...

    def model_copy(self, *, update: Mapping[str, Any] | None = None) -> Self: ...

    @classmethod
    def model_validate(cls, obj: Any) -> Self: ...  # noqa: ANN401 - as pydantic has it

    @classmethod
    def model_validate_json(cls, json_data: str, *, strict: bool, by_alias: bool, by_name: bool) -> Self: ...


class Patch(Wire):
    """What is to change; what is left out stays. With `version` (as read before), a change made since is not lost."""

    version: Annotated[int, Field(ge=1)] | None = None

    def changes(self) -> dict[str, Any]:
        """The fields that were sent, in values of JSON."""
        return self.model_dump(mode="json", exclude_unset=True, exclude={"version"})


Model = TypeVar("Model", bound=Entry)


def stored(entry: Entry) -> dict[str, Any]:
    """The entry as its row holds it, in values of JSON: the policy is written out."""
    content = entry.model_dump(mode="json")
    if POLICY in content:
        content[POLICY] = written_out(content[POLICY])
    return content


@dataclass(frozen=True, slots=True, kw_only=True)
class Goods(Generic[Model]):
    """One kind of entry. `amount` is the price, in USD, that the audit trail notes. `derive` makes what is kept beside
    the entry (resources, days) what it says, in the transaction that changed it."""

    name: str
    shelf: Shelf
    model: type[Model]
    faults: Callable[[Model], Iterable[Fault]]
    stored: Callable[[Model], dict[str, Any]] = stored
    amount: Callable[[Model], Decimal] | None = None
    derive: Callable[[Connection, UUID, Model, datetime], Awaitable[None]] | None = None


async def create(
    tx: Connection, goods: Goods[Model], *, actor: Actor, body: Model, now: datetime, origin: Origin
) -> UUID:
    """Put a new entry on the shelf. Raises `InvalidInput`, `SlugTaken`."""
    refuse(goods.faults(body))
    entry_id, content = new_id(), goods.stored(body)
    await _check_images(tx, content.get(IMAGES))
    with refusing_taken_slug():
        await shelf_queries.insert(tx, goods.shelf, entry_id=entry_id, content=content, now=now)
    await _announce(tx, goods, "created", entry_id=entry_id, entry=body, actor=actor, now=now, origin=origin)
    return entry_id


async def change(
    tx: Connection, goods: Goods[Model], *, actor: Actor, entry_id: UUID, body: Patch, now: datetime, origin: Origin
) -> None:
    """Change the fields that `body` names. Bookings keep what they were sold.

    Raises the kind's `not_found`, `VersionConflict`, `InvalidInput`, `SlugTaken`.
    """
    version, content = await shelf_queries.lock(tx, goods.shelf, entry_id)
    if body.version is not None and body.version != version:
        raise VersionConflict(details={"version": version})
    changes = body.changes()
    changed = _read(goods, {**content, **changes})
    refuse(goods.faults(changed))
    await _check_images(tx, changes.get(IMAGES))
    with refusing_taken_slug():
        await shelf_queries.update(tx, goods.shelf, entry_id=entry_id, content=goods.stored(changed), now=now)
    await _announce(tx, goods, "changed", entry_id=entry_id, entry=changed, actor=actor, now=now, origin=origin)


async def retire(
    tx: Connection, goods: Goods[Model], *, actor: Actor, entry_id: UUID, now: datetime, origin: Origin
) -> None:
    """Take an entry off the shelf; what was sold of it stands. A second time changes nothing.

    Raises the kind's `not_found`.
    """
    _version, content = await shelf_queries.lock(tx, goods.shelf, entry_id)
    if await shelf_queries.retire(tx, goods.shelf, entry_id=entry_id, now=now):
        entry = _read(goods, content)
        await _announce(tx, goods, "retired", entry_id=entry_id, entry=entry, actor=actor, now=now, origin=origin)


async def _check_images(tx: Connection, urls: Sequence[str] | None) -> None:
    """Raises `InvalidInput` for an image of ours that is not there."""
    missing = await find_missing(tx, urls=urls) if urls else None
    if missing is not None:
        raise InvalidInput.at(IMAGES, f"names an image that is not there: {missing}")


def _read(goods: Goods[Model], content: Mapping[str, Any]) -> Model:
    """What a row says, checked as what an admin sends is. Raises `InvalidInput`."""
    policy = content.get(POLICY)
    chosen = {POLICY: as_chosen(policy)} if isinstance(policy, Mapping) else {}
    try:
        return goods.model.model_validate({**content, **chosen})
    except ValidationError as error:
        raise invalid(faults_in(error)) from None


async def _announce(
    tx: Connection, goods: Goods[Model], verb: str, *, entry_id: UUID, entry: Model, actor: Actor, now: datetime,
    origin: Origin,
) -> None:  # fmt: skip
    if goods.derive is not None:
        await goods.derive(tx, entry_id, entry, now)
    await notify(tx, CATALOGUE_CHANGED)
    amount = goods.amount(entry) if goods.amount else None
    act = Act(
        action=f"{goods.name}.{verb}", subject_kind=goods.name.upper(), subject_id=entry_id, actor_id=actor.user_id,
        amount=amount, currency=None if amount is None else "USD", reference=entry.slug,
    )  # fmt: skip
    await record(tx, act, now=now, origin=origin)
