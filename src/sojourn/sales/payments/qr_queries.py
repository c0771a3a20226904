"""Every statement on KHQR codes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sojourn.platform.db.database import Connection, Row
from sojourn.sales.payments.errors import PaymentNotFound
from sojourn.sales.payments.models import Disposition, PaymentStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """A code as stored: what is scanned, whose account it pays, and the rate where it is in riel."""

    payment_id: UUID
    payload: str
    account_id: str
    exchange_rate: Decimal | None
    rate_as_of: datetime | None
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A code that is to be asked about: `digest` is its name at the provider, `checks` how often it was asked."""

    payment_id: UUID
    digest: str
    checks: int
    expires_at: datetime
    is_captured: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a payment stands, and the code's own clock where it has one."""

    payment_id: UUID
    provider: str
    digest: str | None
    status: PaymentStatus
    disposition: Disposition | None
    paid_at: datetime | None
    captured_amount: Decimal
    expires_at: datetime | None
    checked_at: datetime | None
    next_check_at: datetime | None


_COLUMNS = "payment_id, payload, account_id, exchange_rate, rate_as_of, created_at, expires_at"
INSERT_CODE = """
INSERT INTO qr_codes (payment_id, payload, account_id, exchange_rate, rate_as_of, created_at, expires_at, next_check_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""
# Money that came a second time by one code is a payment of its own; what is paid back needs the payer's account.
INSERT_COPY = """
INSERT INTO qr_codes (payment_id, payload, account_id, exchange_rate, rate_as_of, created_at, expires_at, payer_account)
SELECT $2, payload, account_id, exchange_rate, rate_as_of, created_at, expires_at, $3
  FROM qr_codes WHERE payment_id = $1
"""
SELECT_CODE = f"SELECT {_COLUMNS} FROM qr_codes WHERE payment_id = $1"
SELECT_PAYLOAD = """
SELECT q.payload FROM qr_codes q JOIN payments p ON p.id = q.payment_id
 WHERE p.id = $1 AND ($2::uuid IS NULL OR p.user_id = $2)
"""
SELECT_STANDING = """
SELECT p.id AS payment_id, p.provider, p.provider_intent_id AS digest, p.status, p.disposition, p.paid_at,
       p.captured_amount, q.expires_at, q.checked_at, q.next_check_at
  FROM payments p LEFT JOIN qr_codes q ON q.payment_id = p.id
 WHERE p.id = $1 AND p.user_id = $2
"""
# Two who ask at the same time take different codes.
SELECT_DUE = """
SELECT q.payment_id, p.provider_intent_id AS digest, q.checks, q.expires_at, p.captured_amount > 0 AS is_captured
  FROM qr_codes q JOIN payments p ON p.id = q.payment_id
 WHERE q.next_check_at <= $1
 ORDER BY q.next_check_at LIMIT $2 FOR UPDATE OF q SKIP LOCKED
"""
UPDATE_ASKED = """
UPDATE qr_codes q SET checks = q.checks + 1, checked_at = $3, next_check_at = a.next_check_at
  FROM unnest($1::uuid[], $2::timestamptz[]) AS a (payment_id, next_check_at) WHERE q.payment_id = a.payment_id
"""
UPDATE_LOOKED = """
UPDATE qr_codes SET checked_at = $2 WHERE payment_id = $1 AND (checked_at IS NULL OR checked_at <= $3)
RETURNING payment_id
"""
UPDATE_FORWARD = "UPDATE qr_codes SET next_check_at = $1 WHERE next_check_at > $1"
SELECT_EARLIEST = "SELECT min(next_check_at) FROM qr_codes WHERE next_check_at IS NOT NULL"
UPDATE_PAYER = "UPDATE qr_codes SET payer_account = coalesce(payer_account, $2) WHERE payment_id = $1"


async def insert_code(tx: Connection, code: Code, *, next_check_at: datetime) -> None:
    await tx.execute(
        INSERT_CODE, code.payment_id, code.payload, code.account_id, code.exchange_rate, code.rate_as_of,
        code.created_at, code.expires_at, next_check_at,
    )  # fmt: skip


async def copy_code(tx: Connection, *, payment_id: UUID, to_payment_id: UUID, payer_account: str) -> None:
    """Give a second payment by the same code its own copy, which is not asked about."""
    await tx.execute(INSERT_COPY, payment_id, to_payment_id, payer_account)


async def get_code(connection: Connection, *, payment_id: UUID) -> Code:
    row = await connection.fetchrow(SELECT_CODE, payment_id)
    if row is None:
        raise PaymentNotFound
    return Code(**dict(row))


async def get_payload(connection: Connection, *, payment_id: UUID, user_id: UUID | None) -> str:
    """The text of the code, for its owner only; None: for whoever has the picture's key. Raises PaymentNotFound."""
    payload: str | None = await connection.fetchval(SELECT_PAYLOAD, payment_id, user_id)
    if payload is None:
        raise PaymentNotFound
    return payload


async def get_standing(connection: Connection, *, payment_id: UUID, user_id: UUID) -> Standing:
    row = await connection.fetchrow(SELECT_STANDING, payment_id, user_id)
    if row is None:
        raise PaymentNotFound
    return _standing(row)


def _standing(row: Row) -> Standing:
    disposition = Disposition(row["disposition"]) if row["disposition"] else None
    return Standing(**dict(row) | {"status": PaymentStatus(row["status"]), "disposition": disposition})


async def lock_due(tx: Connection, *, now: datetime, limit: int) -> list[Asked]:
    """The codes whose time has come, locked, the longest overdue first; those that another is asking about left out."""
    return [Asked(**dict(row)) for row in await tx.fetch(SELECT_DUE, now, limit)]


async def bring_forward(tx: Connection, *, now: datetime) -> None:
    """The time of every code that may still be paid has come."""
    await tx.execute(UPDATE_FORWARD, now)


async def mark_asked(
    tx: Connection, *, payment_ids: Sequence[UUID], next_check_at: Sequence[datetime | None], now: datetime
) -> None:
    """Count one question about each; None: there will be no other."""
    await tx.execute(UPDATE_ASKED, list(payment_ids), list(next_check_at), now)


async def mark_looked(connection: Connection, *, payment_id: UUID, before: datetime, now: datetime) -> bool:
    """Whether the caller may ask about the code now: nobody has since `before`."""
    return await connection.fetchval(UPDATE_LOOKED, payment_id, now, before) is not None


async def find_earliest(connection: Connection) -> datetime | None:
    """When the next code is to be asked about."""
    at: datetime | None = await connection.fetchval(SELECT_EARLIEST)
    return at


async def note_payer(tx: Connection, *, payment_id: UUID, payer_account: str) -> None:
    """Whose account paid: where a refund goes."""
    await tx.execute(UPDATE_PAYER, payment_id, payer_account)
