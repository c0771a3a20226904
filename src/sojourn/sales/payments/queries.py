"""Every statement on payments and refunds."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sojourn.platform.db.database import Connection, Row
from sojourn.platform.db.together import Write
from sojourn.platform.http.context import Origin
from sojourn.platform.inbox.events import InboxEvent, columns
from sojourn.platform.kit.ids import new_id
from sojourn.platform.kit.money import ZERO
from sojourn.providers.payments.port import ProviderIntent
from sojourn.sales.payments.errors import PaymentNotFound
from sojourn.sales.payments.models import (
    Charge,
    Disposition,
    Payment,
    PaymentMethod,
    PaymentStatus,
    Refund,
    RefundCause,
    RefundState,
)
from sojourn.sales.payments.payable import Purchase
from sojourn.sales.purchases import PurchaseKind

_NAMES = tuple(column.name for column in fields(Payment))
_COLUMNS = ", ".join(_NAMES)
# For a statement that reads a purchase with its payment `p`; `payment_beside` takes its rows apart.
BESIDE = ", ".join(f"p.{name} AS payment_{name}" for name in _NAMES)
_REFUND_COLUMNS = "id, payment_id, amount, currency, status, cause, reason, provider_refund_id, attempts"

_FIND_BY_INTENT = f"SELECT {_COLUMNS} FROM payments WHERE provider = $1 AND provider_intent_id = $2"
_FIND = f"SELECT {_COLUMNS} FROM payments WHERE id = $1"
_LOCK = f"SELECT {_COLUMNS} FROM payments WHERE id = $1 FOR UPDATE"
_LOCK_OF = f"""
SELECT {_COLUMNS} FROM payments WHERE provider = $1 AND provider_intent_id = $2 AND purchase_id = $3 FOR UPDATE"""
_LOCK_OPEN = f"""
SELECT {_COLUMNS} FROM payments WHERE purchase_id = $1 AND closed_at IS NULL AND captured_amount = 0 FOR UPDATE"""
_LOCK_APPLIED = f"""
SELECT {_COLUMNS} FROM payments WHERE purchase_id = ANY ($1) AND disposition = 'APPLIED' AND captured_amount > 0
 ORDER BY created_at DESC, id FOR UPDATE"""
_INSERT = """
INSERT INTO payments (id, purchase_kind, purchase_id, user_id, reference, provider, amount, currency, status, method,
                      is_live, created_at, updated_at, purchase_amount, provider_intent_id, closed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'PENDING', $9, $10, $11, $11, $12, $13, $14)
"""
_ATTACH_INTENT = """
UPDATE payments SET provider_intent_id = $2, client_secret = $3, updated_at = $4
 WHERE id = $1 AND (provider_intent_id IS NULL OR provider_intent_id = $2) RETURNING closed_at IS NULL
"""
_CLOSE = """
UPDATE payments SET closed_at = $2, updated_at = $2,
       status = CASE WHEN status = 'PENDING' THEN 'FAILED' ELSE status END, failure_code = coalesce(failure_code, $3)
 WHERE id = $1 AND closed_at IS NULL AND captured_amount = 0
"""
_CLOSE_OPEN = """
UPDATE payments SET closed_at = $2, updated_at = $2,
       status = CASE WHEN status = 'PENDING' THEN 'FAILED' ELSE status END, failure_code = coalesce(failure_code, $3)
 WHERE purchase_id = ANY ($1) AND closed_at IS NULL AND captured_amount = 0 RETURNING id
"""
_FAILED = """
UPDATE payments SET status = 'FAILED', failure_code = $2, failure_message = $3, card_brand = coalesce($4, card_brand),
       card_last4 = coalesce($5, card_last4), payment_attempts = payment_attempts + 1, updated_at = $6
 WHERE id = $1 AND captured_amount = 0
RETURNING payment_attempts, (SELECT booking_id FROM booking_changes WHERE id = purchase_id) AS changed_booking_id
"""
_PROCESSING = """
UPDATE payments SET status = 'PROCESSING', updated_at = $2
 WHERE id = $1 AND captured_amount = 0 AND closed_at IS NULL AND status IN ('PENDING', 'FAILED')
"""
# The payment, its event and its trail in one statement: the settlement is the product's hottest write.
_CAPTURE = """
WITH paid AS (
    UPDATE payments SET status = 'SUCCEEDED', captured_amount = $2, disposition = $3, paid_at = $4, updated_at = $5,
           provider_charge_id = $6, card_brand = $7, card_last4 = $8, card_fingerprint = $9,
           success_event_id = coalesce(success_event_id, $10), payment_attempts = payment_attempts + 1,
           failure_code = NULL, failure_message = NULL, closed_at = $5, captured_currency = nullif($15, currency)
     WHERE id = $1 AND captured_amount = 0 AND closed_at IS NOT DISTINCT FROM $20
    RETURNING id, user_id, reference
), event AS (
    INSERT INTO inbox AS kept (provider, event_id, name, payload, is_live, received_at, handled_at, outcome)
    SELECT $11, $10, $16, $17, $18, $19, $5, $3 FROM paid WHERE $10::text IS NOT NULL
    ON CONFLICT (provider, event_id) DO UPDATE SET handled_at = $5, outcome = $3, last_error = NULL
     WHERE kept.handled_at IS NULL
), trail AS (
    INSERT INTO audit_entries (id, at, actor_kind, actor_id, action, subject_kind, subject_id, amount, currency,
                               reference, ip, request_id, detail)
    SELECT $12, $5, 'PROVIDER', paid.user_id, 'payment.captured', 'PAYMENT', paid.id, $2, $15, paid.reference,
           $13, $14, jsonb_build_object('disposition', $3::text, 'event_id', $10::text)
      FROM paid
)
SELECT
"""
_NO_EVENT = (None,) * 6
_FILL_CARD = """
UPDATE payments SET card_brand = coalesce(card_brand, $2), card_last4 = coalesce(card_last4, $3),
       card_fingerprint = coalesce(card_fingerprint, $4), provider_charge_id = coalesce(provider_charge_id, $5)
 WHERE id = $1 AND card_last4 IS NULL
"""
_INSERT_REFUND = f"""
INSERT INTO refunds (id, payment_id, amount, currency, status, cause, reason, requested_by, provider_refund_id,
                     requested_at)
VALUES ($1, $2, $3, $4, 'PENDING', $5, $6, $7, $8, $9)
RETURNING {_REFUND_COLUMNS}
"""
_LOCK_REFUND = f"SELECT {_REFUND_COLUMNS} FROM refunds WHERE id = $1 FOR UPDATE"
_FIND_REFUND = f"SELECT {_REFUND_COLUMNS} FROM refunds WHERE id = $1"
_FIND_PROVIDER_REFUND = f"SELECT {_REFUND_COLUMNS} FROM refunds WHERE provider_refund_id = $1"
_RESERVED_FOR_REFUND = """
SELECT payment_id, sum(amount)::numeric(12,2) AS amount FROM refunds
 WHERE payment_id = ANY ($1) AND status IN ('PENDING', 'SUCCEEDED') GROUP BY payment_id
"""
_REFUND_ATTEMPTED = (
    "UPDATE refunds SET attempts = attempts + 1, provider_refund_id = coalesce($2, provider_refund_id) WHERE id = $1"
)
_SETTLE_REFUND = """
WITH settled AS (
    UPDATE refunds SET status = $2, settled_at = $3, failure_reason = $4,
           provider_refund_id = coalesce($5, provider_refund_id)
     WHERE id = $1 RETURNING payment_id
), sums AS (
    SELECT s.payment_id, coalesce(sum(r.amount), 0)::numeric(12,2) AS refunded
      FROM settled s LEFT JOIN refunds r ON r.payment_id = s.payment_id
       AND CASE WHEN r.id = $1 THEN $2 = 'SUCCEEDED' ELSE r.status = 'SUCCEEDED' END
     GROUP BY s.payment_id
)
UPDATE payments p SET refunded_amount = sums.refunded, updated_at = $3,
       refunded_at = CASE WHEN sums.refunded > 0 THEN coalesce(p.refunded_at, $3) END,
       status = CASE WHEN sums.refunded = 0 THEN 'SUCCEEDED' WHEN sums.refunded >= p.captured_amount THEN 'REFUNDED'
                     ELSE 'PARTIALLY_REFUNDED' END
  FROM sums WHERE p.id = sums.payment_id
RETURNING p.captured_amount, p.refunded_amount
"""
_DISPUTED = "UPDATE payments SET dispute_status = $2, updated_at = $3 WHERE id = $1"
_WAITING = """
SELECT id, provider_intent_id FROM payments
 WHERE closed_at IS NULL AND captured_amount = 0 AND provider_intent_id IS NOT NULL
   AND created_at < $1 AND (checked_at IS NULL OR checked_at < $2) AND provider = $4
 ORDER BY created_at LIMIT $3
"""
# Closed here, but nobody has seen since that they are closed there as well.
_STILL_PAYABLE = """
SELECT id FROM payments
 WHERE captured_amount = 0 AND provider_intent_id IS NOT NULL AND (checked_at IS NULL OR checked_at < closed_at)
   AND closed_at < $1 AND provider = $2
 ORDER BY closed_at LIMIT $3
"""
_CHECKED = "UPDATE payments SET checked_at = $2 WHERE id = $1"
_PENDING_REFUNDS = """
SELECT id FROM refunds r
 WHERE status = 'PENDING' AND requested_at < $1 AND NOT EXISTS (SELECT FROM payouts WHERE refund_id = r.id)
 ORDER BY requested_at LIMIT $2
"""
_DETAIL = """
SELECT p.*, c.booking_id AS changed_booking_id, q.exchange_rate,
       coalesce((SELECT jsonb_agg(r ORDER BY r.requested_at, r.id) FROM refunds r WHERE r.payment_id = p.id), '[]')
           AS refunds
  FROM payments p LEFT JOIN booking_changes c ON p.purchase_kind = 'BOOKING_CHANGE' AND c.id = p.purchase_id
  LEFT JOIN qr_codes q ON q.payment_id = p.id
 WHERE p.id = $1 AND ($2::uuid IS NULL OR p.user_id = $2)
"""
_LIST_OF_USER = """
SELECT p.*, NULL::uuid AS changed_booking_id, q.exchange_rate, '[]'::jsonb AS refunds
  FROM payments p LEFT JOIN qr_codes q ON q.payment_id = p.id
 WHERE p.user_id = $1 ORDER BY p.created_at DESC LIMIT $2 OFFSET $3
"""
_COUNT_OF_USER = "SELECT count(*) FROM payments WHERE user_id = $1"


def payment_beside(row: Row) -> tuple[Payment, dict[str, Any]]:
    """The payment in a row that has `BESIDE`, and what else is in it."""
    values = dict(row)
    return _payment({name: values.pop(f"payment_{name}") for name in _NAMES}), values


def _payment(row: Mapping[str, Any]) -> Payment:
    values = dict(row)
    values["purchase_kind"] = PurchaseKind(row["purchase_kind"])
    values["status"] = PaymentStatus(row["status"])
    values["method"] = PaymentMethod(row["method"])
    values["disposition"] = Disposition(row["disposition"]) if row["disposition"] else None
    return Payment(**values)


def _refund(row: Row) -> Refund:
    values = dict(row)
    return Refund(**values | {"status": RefundState(row["status"]), "cause": RefundCause(row["cause"])})


async def find_by_intent(connection: Connection, *, provider: str, intent_id: str) -> Payment | None:
    row = await connection.fetchrow(_FIND_BY_INTENT, provider, intent_id)
    return _payment(row) if row else None


async def get_payment(connection: Connection, *, payment_id: UUID) -> Payment:
    row = await connection.fetchrow(_FIND, payment_id)
    if row is None:
        raise PaymentNotFound
    return _payment(row)


async def lock_payment(tx: Connection, *, payment_id: UUID) -> Payment:
    """Lock one payment. The purchase must be locked already."""
    row = await tx.fetchrow(_LOCK, payment_id)
    if row is None:
        raise PaymentNotFound
    return _payment(row)


async def lock_payment_of(tx: Connection, *, purchase_id: UUID, provider: str, intent_id: str) -> Payment | None:
    """Lock the purchase's payment that the provider knows by that id. The purchase must be locked already."""
    row = await tx.fetchrow(_LOCK_OF, provider, intent_id, purchase_id)
    return _payment(row) if row else None


async def lock_open_payment(tx: Connection, *, purchase_id: UUID) -> Payment | None:
    """The purchase's payment that still waits for money; there is at most one."""
    row = await tx.fetchrow(_LOCK_OPEN, purchase_id)
    return _payment(row) if row else None


async def lock_applied_payments(tx: Connection, *, purchase_ids: Sequence[UUID]) -> list[Payment]:
    """The payments that brought the purchase's money, newest first."""
    return [_payment(row) for row in await tx.fetch(_LOCK_APPLIED, list(purchase_ids))]


async def insert_payment(
    tx: Connection, *, purchase: Purchase, charge: Charge, provider: str, method: PaymentMethod, is_live: bool,
    now: datetime, intent_id: str | None = None, closed_at: datetime | None = None,
) -> UUID:  # fmt: skip
    """An attempt that waits for money; with `closed_at`, one that nobody was asked for."""
    payment_id = new_id()
    await tx.execute(
        _INSERT, payment_id, purchase.kind, purchase.id, purchase.user_id, purchase.reference, provider,
        charge.amount, charge.currency, method, is_live, now, charge.purchase_amount, intent_id, closed_at,
    )  # fmt: skip
    return payment_id


async def attach_intent(
    tx: Connection, *, payment_id: UUID, intent_id: str, client_secret: str | None, now: datetime
) -> bool:
    """Note under which id the provider knows the payment. Whether it still waits for money."""
    return bool(await tx.fetchval(_ATTACH_INTENT, payment_id, intent_id, client_secret, now))


async def close_payment(tx: Connection, *, payment_id: UUID, code: str, now: datetime) -> None:
    """No more money is expected on this attempt. What arrives all the same is still judged."""
    await tx.execute(_CLOSE, payment_id, now, code)


async def close_open_payments(tx: Connection, *, purchase_ids: Sequence[UUID], code: str, now: datetime) -> list[UUID]:
    """Close what still waits for money; returns the payments whose intents must be cancelled at the provider."""
    return [row["id"] for row in await tx.fetch(_CLOSE_OPEN, list(purchase_ids), now, code)]


async def mark_failed(
    tx: Connection, *, payment_id: UUID, code: str | None, message: str | None, card_brand: str | None,
    card_last4: str | None, now: datetime,
) -> tuple[int, UUID | None] | None:  # fmt: skip
    """Count one failed try: which one it was, and the booking whose change was to be paid, if it was one. None when the
    payment has succeeded meanwhile."""
    row = await tx.fetchrow(
        _FAILED, payment_id, (code or "unknown")[:50], (message or "")[:500], card_brand, card_last4, now
    )
    return (row["payment_attempts"], row["changed_booking_id"]) if row else None


async def mark_processing(tx: Connection, *, payment_id: UUID, now: datetime) -> None:
    await tx.execute(_PROCESSING, payment_id, now)


def captured(
    *, payment: Payment, amount: Decimal, disposition: Disposition, paid_at: datetime, now: datetime,
    charge_id: str | None, card: tuple[str | None, str | None, str | None], event: InboxEvent | None, origin: Origin,
    currency: str,
) -> Write:  # fmt: skip
    """Money has arrived (the part `paid`), its event is kept as handled, and the trail left: if `payment` is open or
    closed as it was read, and nothing has arrived on it."""
    provider, event_id, *told = columns(event) if event is not None else _NO_EVENT
    arguments = (
        payment.id, amount, disposition, paid_at, now, charge_id, *card, event_id, provider, new_id(), origin.ip,
        origin.request_id, currency, *told, payment.closed_at,
    )  # fmt: skip
    return Write(_CAPTURE, arguments)


async def fill_card(tx: Connection, *, payment_id: UUID, intent: ProviderIntent) -> None:
    """A webhook names the charge only; what was read again from the provider knows the card."""
    await tx.execute(
        _FILL_CARD, payment_id, intent.card_brand, intent.card_last4, intent.card_fingerprint, intent.charge_id
    )


async def insert_refund(
    tx: Connection, *, payment: Payment, amount: Decimal, currency: str, cause: RefundCause, reason: str | None,
    requested_by: UUID | None, provider_refund_id: str | None = None, refund_id: UUID | None = None, now: datetime,
) -> Refund:  # fmt: skip
    row = await tx.fetchrow(
        _INSERT_REFUND, refund_id or new_id(), payment.id, amount, currency, cause, reason, requested_by,
        provider_refund_id, now,
    )  # fmt: skip
    assert row is not None  # noqa: S101 - INSERT ... RETURNING always answers
    return _refund(row)


async def has_refund(connection: Connection, *, refund_id: UUID) -> bool:
    return await connection.fetchrow(_FIND_REFUND, refund_id) is not None


async def lock_refund(tx: Connection, *, refund_id: UUID) -> Refund:
    row = await tx.fetchrow(_LOCK_REFUND, refund_id)
    if row is None:
        raise PaymentNotFound
    return _refund(row)


async def get_refund(connection: Connection, *, refund_id: UUID) -> Refund:
    row = await connection.fetchrow(_FIND_REFUND, refund_id)
    if row is None:
        raise PaymentNotFound
    return _refund(row)


async def find_provider_refund(connection: Connection, *, provider_refund_id: str) -> Refund | None:
    row = await connection.fetchrow(_FIND_PROVIDER_REFUND, provider_refund_id)
    return _refund(row) if row else None


async def get_reserved_for_refund(tx: Connection, *, payment_ids: Sequence[UUID]) -> dict[UUID, Decimal]:
    """Succeeded and pending refunds of each payment, together; zero where there are none."""
    rows = await tx.fetch(_RESERVED_FOR_REFUND, list(payment_ids))
    return dict.fromkeys(payment_ids, ZERO) | {row["payment_id"]: row["amount"] for row in rows}


async def note_refund_attempt(tx: Connection, *, refund_id: UUID, provider_refund_id: str | None) -> None:
    await tx.execute(_REFUND_ATTEMPTED, refund_id, provider_refund_id)


async def settle_refund(
    tx: Connection, *, refund_id: UUID, state: RefundState, failure_reason: str | None,
    provider_refund_id: str | None, now: datetime,
) -> tuple[Decimal, Decimal]:  # fmt: skip
    """Close a refund and derive the payment's status from the sums. Returns (captured, refunded)."""
    row = await tx.fetchrow(_SETTLE_REFUND, refund_id, state, now, failure_reason, provider_refund_id)
    if row is None:
        raise PaymentNotFound
    return row["captured_amount"], row["refunded_amount"]


async def mark_disputed(tx: Connection, *, payment_id: UUID, status: str, now: datetime) -> None:
    await tx.execute(_DISPUTED, payment_id, status, now)


async def list_waiting(
    connection: Connection, *, provider: str, created_before: datetime, checked_before: datetime, limit: int
) -> list[tuple[UUID, str]]:
    """Open payments that have waited long enough to ask the provider: (payment id, intent id)."""
    rows = await connection.fetch(_WAITING, created_before, checked_before, limit, provider)
    return [(row["id"], row["provider_intent_id"]) for row in rows]


async def list_still_payable(
    connection: Connection, *, provider: str, closed_before: datetime, limit: int
) -> list[UUID]:
    """Payments that were closed, and whose intents may be open all the same."""
    return [row["id"] for row in await connection.fetch(_STILL_PAYABLE, closed_before, provider, limit)]


async def mark_checked(connection: Connection, *, payment_id: UUID, now: datetime) -> None:
    await connection.execute(_CHECKED, payment_id, now)


async def list_pending_refunds(connection: Connection, *, requested_before: datetime, limit: int) -> list[UUID]:
    """Those that the provider is to send; what a person pays out waits for that person."""
    return [row["id"] for row in await connection.fetch(_PENDING_REFUNDS, requested_before, limit)]


async def find_detail(connection: Connection, *, payment_id: UUID, user_id: UUID | None) -> dict[str, Any] | None:
    """A payment with its refunds, if `user_id` may see it (None: staff)."""
    row = await connection.fetchrow(_DETAIL, payment_id, user_id)
    return dict(row) if row else None


async def list_of_user(
    connection: Connection, *, user_id: UUID, limit: int, offset: int
) -> tuple[list[dict[str, Any]], int]:
    rows = await connection.fetch(_LIST_OF_USER, user_id, limit, offset)
    total: int = await connection.fetchval(_COUNT_OF_USER, user_id)
    return [dict(row) for row in rows], total
