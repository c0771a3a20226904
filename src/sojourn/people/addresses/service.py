"""A person's address book: at most 20, one of them the default as long as there is any."""

from datetime import datetime
from uuid import UUID

from sojourn.people.addresses import queries
from sojourn.people.addresses.errors import AddressNotFound, TooManyAddresses
from sojourn.people.addresses.models import Address, AddressIn, AddressPatch
from sojourn.platform.db.database import Connection
from sojourn.platform.errors import InvalidInput
from sojourn.platform.kit.ids import new_id

MAX_ADDRESSES = 20
_NEVER_EMPTY = ("recipient", "line_one", "city", "country", "is_default")


async def add(tx: Connection, *, user_id: UUID, wanted: AddressIn, now: datetime) -> Address:
    """Raises `TooManyAddresses`."""
    book = await queries.lock_address_book(tx, user_id)
    if len(book) >= MAX_ADDRESSES:
        raise TooManyAddresses
    address_id, is_default = new_id(), wanted.is_default or not book
    if is_default:
        await queries.clear_default(tx, user_id, except_id=address_id)
    return await queries.insert_address(
        tx, address_id=address_id, user_id=user_id, wanted=wanted, is_default=is_default, now=now
    )


async def change(tx: Connection, *, user_id: UUID, address_id: UUID, patch: AddressPatch, now: datetime) -> Address:
    """Apply what was sent.

    Raises `AddressNotFound`; and `InvalidInput` when a field would be emptied that must not be, or the default be
    taken from the address without being given to another.
    """
    before = _pick(await queries.lock_address_book(tx, user_id), address_id)
    changes = patch.model_dump(exclude_unset=True)
    for field in _NEVER_EMPTY:
        if field in changes and changes[field] is None:
            raise InvalidInput.at(field, "must not be empty")
    if before.is_default and changes.get("is_default") is False:
        raise InvalidInput.at("is_default", "make another address the default instead")
    if changes.get("is_default"):
        await queries.clear_default(tx, user_id, except_id=address_id)
    return await queries.update_address(tx, before.model_copy(update=changes), now=now)


async def remove(tx: Connection, *, user_id: UUID, address_id: UUID) -> None:
    """The oldest of the others becomes the default when the default goes. Raises `AddressNotFound`."""
    removed = _pick(await queries.lock_address_book(tx, user_id), address_id)
    await queries.delete_address(tx, address_id)
    if removed.is_default:
        await queries.promote_oldest(tx, user_id)


def _pick(book: list[Address], address_id: UUID) -> Address:
    found = next((address for address in book if address.id == address_id), None)
    if found is None:
        raise AddressNotFound
    return found
