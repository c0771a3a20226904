"""Every statement on `addresses`."""

from datetime import datetime
from uuid import UUID

from sojourn.people.addresses.errors import AddressNotFound
from sojourn.people.addresses.models import Address, AddressIn
from sojourn.platform.db.database import Connection

_COLUMNS = ", ".join(Address.model_fields)

# S608: nothing but the list of columns above is put into a statement.
SELECT_ADDRESSES = f"SELECT {_COLUMNS} FROM addresses WHERE user_id = $1 ORDER BY is_default DESC, created_at, id"
SELECT_ADDRESS = f"SELECT {_COLUMNS} FROM addresses WHERE id = $1 AND user_id = $2"
LOCK_OWNER = "SELECT id FROM users WHERE id = $1 FOR NO KEY UPDATE"
INSERT_ADDRESS = f"""
INSERT INTO addresses (id, user_id, label, recipient, line_one, line_two, city, province, postal_code, country, phone,
                       is_default, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13)
RETURNING {_COLUMNS}
"""
UPDATE_ADDRESS = f"""
UPDATE addresses SET label = $2, recipient = $3, line_one = $4, line_two = $5, city = $6, province = $7,
                     postal_code = $8, country = $9, phone = $10, is_default = $11, updated_at = $12
 WHERE id = $1
RETURNING {_COLUMNS}
"""
CLEAR_DEFAULT = "UPDATE addresses SET is_default = false WHERE user_id = $1 AND is_default AND id <> $2"
DELETE_ADDRESS = "DELETE FROM addresses WHERE id = $1"
PROMOTE_OLDEST = """
UPDATE addresses SET is_default = true
 WHERE id = (SELECT id FROM addresses WHERE user_id = $1 ORDER BY created_at, id LIMIT 1)
"""


async def list_addresses(connection: Connection, user_id: UUID) -> list[Address]:
    """The default first, then the oldest."""
    return [Address(**dict(row)) for row in await connection.fetch(SELECT_ADDRESSES, user_id)]


async def lock_address_book(tx: Connection, user_id: UUID) -> list[Address]:
    """All addresses of a person, with the person locked: one change of a book at a time."""
    await tx.execute(LOCK_OWNER, user_id)
    return await list_addresses(tx, user_id)


async def get_address(connection: Connection, address_id: UUID, *, user_id: UUID) -> Address:
    """Raises `AddressNotFound`, also for somebody else's."""
    row = await connection.fetchrow(SELECT_ADDRESS, address_id, user_id)
    if row is None:
        raise AddressNotFound
    return Address(**dict(row))


async def insert_address(
    tx: Connection, *, address_id: UUID, user_id: UUID, wanted: AddressIn, is_default: bool, now: datetime
) -> Address:
    row = await tx.fetchrow(
        INSERT_ADDRESS, address_id, user_id, wanted.label, wanted.recipient, wanted.line_one, wanted.line_two,
        wanted.city, wanted.province, wanted.postal_code, wanted.country, wanted.phone, is_default, now,
    )  # fmt: skip
    return Address(**dict(row))


async def update_address(tx: Connection, address: Address, *, now: datetime) -> Address:
    row = await tx.fetchrow(
        UPDATE_ADDRESS, address.id, address.label, address.recipient, address.line_one, address.line_two, address.city,
        address.province, address.postal_code, address.country, address.phone, address.is_default, now,
    )  # fmt: skip
    return Address(**dict(row))


async def clear_default(tx: Connection, user_id: UUID, *, except_id: UUID) -> None:
    await tx.execute(CLEAR_DEFAULT, user_id, except_id)


async def delete_address(tx: Connection, address_id: UUID) -> None:
    await tx.execute(DELETE_ADDRESS, address_id)


async def promote_oldest(tx: Connection, user_id: UUID) -> None:
    """Make the oldest address the default."""
    await tx.execute(PROMOTE_OLDEST, user_id)
