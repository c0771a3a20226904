"""Every statement on refunds that a person pays out."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sojourn.platform.db.database import Connection, Row
from sojourn.platform.kit.wire import SortByTime
from sojourn.sales.payments.errors import RefundNotFound
from sojourn.sales.payments.models import PayoutsIn

__all__ = ["Row", "get_payout", "insert_payout", "list_payouts", "lock_reference", "settle_payout"]

INSERT_PAYOUT = """
INSERT INTO payouts (refund_id, payee_account, created_at)
SELECT $1, (SELECT payer_account FROM qr_codes WHERE payment_id = $2), $3
RETURNING payee_account
"""
_COLUMNS = """r.id AS refund_id, r.payment_id, p.reference AS purchase_reference, p.purchase_kind, p.purchase_id,
       c.booking_id AS changed_booking_id, u.name AS customer_name, u.email AS customer_email, r.amount, r.currency,
       r.status, r.cause, r.reason, o.payee_account, o.reference, o.paid_out_by, o.paid_out_at, r.requested_at"""
_JOINED = """JOIN refunds r ON r.id = o.refund_id
  JOIN payments p ON p.id = r.payment_id
  JOIN users u ON u.id = p.user_id
  LEFT JOIN booking_changes c ON p.purchase_kind = 'BOOKING_CHANGE' AND c.id = p.purchase_id"""
SELECT_PAYOUT = f"SELECT {_COLUMNS} FROM payouts o {_JOINED} WHERE o.refund_id = $1"
_CHOSEN = "FROM payouts WHERE $1::boolean IS NULL OR (paid_out_at IS NULL) = $1"
_ORDERS = {SortByTime.NEWEST: "created_at DESC, refund_id", SortByTime.OLDEST: "created_at, refund_id DESC"}
LISTS = {
    sort: f"""
WITH page AS (SELECT * {_CHOSEN} ORDER BY {order} LIMIT $2 OFFSET $3)
SELECT {_COLUMNS} FROM page o {_JOINED} ORDER BY {", ".join(f"o.{part}" for part in order.split(", "))}
"""
    for sort, order in _ORDERS.items()
}
COUNT_PAYOUTS = f"SELECT count(*) {_CHOSEN}"
FILE_COLUMNS = (
    "refund_id", "payment_id", "purchase_reference", "purchase_kind", "purchase_id", "customer_name", "customer_email",
    "amount", "currency", "status", "cause", "reason", "payee_account", "reference", "paid_out_by", "paid_out_at",
    "requested_at",
)  # fmt: skip
SELECT_REFERENCE = "SELECT reference FROM payouts WHERE refund_id = $1 FOR UPDATE"
UPDATE_PAID_OUT = "UPDATE payouts SET reference = $2, paid_out_by = $3, paid_out_at = $4 WHERE refund_id = $1"


async def insert_payout(tx: Connection, *, refund_id: UUID, payment_id: UUID, now: datetime) -> str | None:
    """A refund for a person to pay out. Returns the account that the money came from, where it is known."""
    payee: str | None = await tx.fetchval(INSERT_PAYOUT, refund_id, payment_id, now)
    return payee


async def list_payouts(connection: Connection, filters: PayoutsIn) -> tuple[Sequence[Row], int]:
    """One page, and how many there are in all."""
    rows = await connection.fetch(LISTS[filters.sort], filters.is_open, filters.per_page, filters.offset)
    return rows, await connection.fetchval(COUNT_PAYOUTS, filters.is_open)


async def get_payout(connection: Connection, *, refund_id: UUID) -> Row:
    row = await connection.fetchrow(SELECT_PAYOUT, refund_id)
    if row is None:
        raise RefundNotFound
    return row


async def lock_reference(tx: Connection, *, refund_id: UUID) -> str | None:
    """Under which reference it was paid out; None when it is still to be. Its refund must be locked already."""
    reference: str | None = await tx.fetchval(SELECT_REFERENCE, refund_id)
    return reference


async def settle_payout(tx: Connection, *, refund_id: UUID, reference: str, admin_id: UUID, now: datetime) -> None:
    await tx.execute(UPDATE_PAID_OUT, refund_id, reference, admin_id, now)
