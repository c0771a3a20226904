"""Every statement on invoices and credit notes."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sojourn.people.auth.access import Actor
from sojourn.platform.db.database import Connection, Row
from sojourn.platform.http.dialect import RawJson
from sojourn.platform.kit.ids import new_id
from sojourn.platform.kit.wire import PageIn
from sojourn.sales.invoices.models import Invoice, PaidLine, PaidPurchase, SettledRefund
from sojourn.sales.invoices.rendering import InvoiceDocument, InvoiceKind
from sojourn.sales.purchases import PurchaseKind

_COLUMNS = """i.id, i.kind, i.number, i.user_id, i.payment_id, i.refund_id, i.corrects_id, i.total, i.currency,
       i.document, i.issued_at"""
_FIND_OF_PAYMENT = f"SELECT {_COLUMNS} FROM invoices i WHERE i.payment_id = $1 AND i.kind = 'INVOICE'"
_FIND_OF_REFUND = f"SELECT {_COLUMNS} FROM invoices i WHERE i.refund_id = $1"
# The lock on the payment keeps a second caller from taking a number of its own for the same invoice.
_LOCK_PAID = """
SELECT p.id AS payment_id, p.purchase_kind, p.purchase_id, p.user_id,
       p.disposition IS NOT DISTINCT FROM 'APPLIED' AND p.captured_amount > 0 AS is_applied,
       p.captured_amount, p.currency, p.method, p.card_brand, p.card_last4, p.paid_at,
       coalesce(b.booking_ref, o.order_number, p.reference) AS reference, coalesce(b.title, o.title) AS title,
       coalesce(b.language, o.language) AS language, coalesce(b.currency, o.currency) AS priced_in,
       coalesce(o.customer_info ->> 'full_name', u.name) AS buyer_name,
       coalesce(o.customer_info ->> 'email', u.email) AS buyer_email,
       coalesce(o.customer_info ->> 'phone', u.phone) AS buyer_phone,
       coalesce(o.customer_info ->> 'country', u.country) AS buyer_country,
       (SELECT jsonb_agg(jsonb_build_object(
                   'kind', l.kind, 'description', l.description, 'quantity', l.quantity,
                   'unit_price', l.unit_price::text, 'amount', l.amount::text) ORDER BY l.position)
          FROM price_lines l WHERE l.purchase_id = p.purchase_id) AS lines
  FROM payments p
  JOIN users u ON u.id = p.user_id
  LEFT JOIN booking_changes c ON c.id = p.purchase_id
  LEFT JOIN bookings b ON b.id = coalesce(c.booking_id, p.purchase_id)
  LEFT JOIN orders o ON o.id = p.purchase_id
 WHERE p.id = $1
   FOR NO KEY UPDATE OF p
"""
# The number is taken last and in the statement that uses it: the series stays locked until the commit.
_INSERT = f"""
WITH numbered AS (
    SELECT $2::text || '-' || $3::integer || '-' || lpad(n::text, greatest(6, length(n::text)), '0') AS number
      FROM next_in_series($2::text, $3::integer) AS n
), i AS (
    INSERT INTO invoices (id, kind, number, purchase_kind, purchase_id, user_id, payment_id, refund_id, corrects_id,
                          total, currency, document, issued_at)
    SELECT $1, $4, number, p.purchase_kind, p.purchase_id, p.user_id, p.id, $6, $7, $8, $9,
           $10::jsonb || jsonb_build_object('number', number), $11
      FROM numbered CROSS JOIN payments p WHERE p.id = $5
    RETURNING *
)
SELECT {_COLUMNS} FROM i
"""
_FIND_REFUND = """
SELECT id, payment_id, amount, currency, settled_at FROM refunds WHERE id = $1 AND status = 'SUCCEEDED'
"""
# Whoever may see the purchase may see its papers: the owner, an admin, the consultant of an order.
_SEEN = "($2::uuid = {owner} OR $3::text = 'ADMIN' OR ($3 = 'CONSULTANT' AND o.consultant_id = $2))"
_OF_ORDER = f"""
SELECT p.id FROM orders o
  JOIN payments p ON p.purchase_id = o.id AND p.disposition = 'APPLIED' AND p.captured_amount > 0
 WHERE (o.id = $1 OR o.order_number = $4) AND {_SEEN.format(owner="o.user_id")}
 ORDER BY p.paid_at LIMIT 1
"""
_OF_BOOKING = """
SELECT p.id FROM bookings b
  JOIN payments p ON p.purchase_id = b.id AND p.disposition = 'APPLIED' AND p.captured_amount > 0
 WHERE (b.id = $1 OR b.booking_ref = $4) AND ($2::uuid = b.user_id OR $3::text = 'ADMIN')
 ORDER BY p.paid_at LIMIT 1
"""
_OF_PAYMENT = f"""
SELECT p.id FROM payments p LEFT JOIN orders o ON o.id = p.purchase_id
 WHERE p.id = $1 AND p.disposition = 'APPLIED' AND p.captured_amount > 0 AND {_SEEN.format(owner="p.user_id")}
"""
_FIND_VISIBLE = f"""
SELECT {_COLUMNS} FROM invoices i LEFT JOIN orders o ON o.id = i.purchase_id
 WHERE i.id = $1 AND {_SEEN.format(owner="i.user_id")}
"""
_LIST = """
WITH page AS (
    SELECT * FROM invoices WHERE user_id = $1 ORDER BY issued_at DESC, id DESC LIMIT $2 OFFSET $3
)
SELECT (SELECT count(*) FROM invoices WHERE user_id = $1) AS total, coalesce(json_agg(json_build_object(
           'id', p.id, 'kind', p.kind, 'number', p.number, 'reference', p.document ->> 'reference',
           'title', p.document ->> 'title', 'order_id', CASE WHEN p.purchase_kind = 'ORDER' THEN p.purchase_id END,
           'booking_id', CASE WHEN p.purchase_kind = 'BOOKING' THEN p.purchase_id ELSE c.booking_id END,
           'payment_id', p.payment_id, 'refund_id', p.refund_id, 'corrects_id', p.corrects_id,
           'total', p.total::text, 'currency', p.currency, 'issued_at', iso(p.issued_at))
           ORDER BY p.issued_at DESC, p.id DESC), '[]')::text AS items
  FROM page p LEFT JOIN booking_changes c ON c.id = p.purchase_id
"""
_UNINVOICED = """
SELECT p.id FROM payments p
 WHERE p.disposition = 'APPLIED' AND p.captured_amount > 0
   AND NOT EXISTS (SELECT FROM invoices i WHERE i.payment_id = p.id AND i.kind = 'INVOICE')
 ORDER BY p.paid_at, p.id LIMIT $1
"""
_UNCREDITED = """
SELECT r.id FROM refunds r JOIN payments p ON p.id = r.payment_id
 WHERE r.status = 'SUCCEEDED' AND p.disposition = 'APPLIED'
   AND NOT EXISTS (SELECT FROM invoices i WHERE i.refund_id = r.id)
 ORDER BY r.settled_at, r.id LIMIT $1
"""
_UNREVERSED = """
SELECT n.id FROM refunds r JOIN invoices n ON n.refund_id = r.id
 WHERE r.status = 'FAILED'
   AND NOT EXISTS (SELECT FROM invoices d WHERE d.corrects_id = n.id AND d.kind = 'DEBIT_NOTE')
 ORDER BY r.settled_at, r.id LIMIT $1
"""
_FIND_DEBIT_NOTE = f"SELECT {_COLUMNS} FROM invoices i WHERE i.corrects_id = $1 AND i.kind = 'DEBIT_NOTE'"
# The credit note of a refund that has failed; its lock keeps a second caller from taking it back as well.
_LOCK_UNEARNED = f"""
SELECT {_COLUMNS} FROM invoices i JOIN refunds r ON r.id = i.refund_id
 WHERE i.id = $1 AND r.status = 'FAILED' FOR NO KEY UPDATE OF i
"""


def _invoice(row: Row | None) -> Invoice | None:
    return Invoice(**dict(row) | {"kind": InvoiceKind(row["kind"])}) if row else None


def _names(name: str) -> tuple[UUID | None, str | None]:
    """An id, or else a reference as it is stored."""
    try:
        return UUID(name), None
    except ValueError:
        return None, name.upper()


async def find_of_payment(connection: Connection, *, payment_id: UUID) -> Invoice | None:
    """The payment's invoice."""
    return _invoice(await connection.fetchrow(_FIND_OF_PAYMENT, payment_id))


async def find_of_refund(connection: Connection, *, refund_id: UUID) -> Invoice | None:
    """The refund's credit note."""
    return _invoice(await connection.fetchrow(_FIND_OF_REFUND, refund_id))


async def find_visible(connection: Connection, *, invoice_id: UUID, actor: Actor) -> Invoice | None:
    """An invoice or credit note, if `actor` may see it."""
    return _invoice(await connection.fetchrow(_FIND_VISIBLE, invoice_id, actor.user_id, actor.role))


async def lock_paid_purchase(tx: Connection, *, payment_id: UUID) -> PaidPurchase | None:
    """What the payment paid, its row locked until the transaction ends."""
    row = await tx.fetchrow(_LOCK_PAID, payment_id)
    if row is None:
        return None
    lines = tuple(
        PaidLine(**line | {"unit_price": Decimal(line["unit_price"]), "amount": Decimal(line["amount"])})
        for line in row["lines"] or ()
    )
    return PaidPurchase(**dict(row) | {"purchase_kind": PurchaseKind(row["purchase_kind"]), "lines": lines})


async def find_settled_refund(connection: Connection, *, refund_id: UUID) -> SettledRefund | None:
    """A refund that has gone out."""
    row = await connection.fetchrow(_FIND_REFUND, refund_id)
    return SettledRefund(**dict(row)) if row else None


async def insert_invoice(
    tx: Connection, *, document: InvoiceDocument, series: str, payment_id: UUID, refund_id: UUID | None = None,
    corrects_id: UUID | None = None, now: datetime,
) -> Invoice:  # fmt: skip
    """Freeze `document` under the next number of `series` in the year of its issue."""
    row = await tx.fetchrow(
        _INSERT, new_id(), series, document.issued_on.year, document.kind, payment_id, refund_id, corrects_id,
        document.total, document.currency, document.model_dump_json(), now,
    )  # fmt: skip
    invoice = _invoice(row)
    if invoice is None:
        raise LookupError(f"payment {payment_id} is gone")
    return invoice


async def find_payment_of_order(connection: Connection, *, order: str, actor: Actor) -> UUID | None:
    """The payment that paid the order (an id or a number), if `actor` may see the order."""
    order_id, number = _names(order)
    found: UUID | None = await connection.fetchval(_OF_ORDER, order_id, actor.user_id, actor.role, number)
    return found


async def find_payment_of_booking(connection: Connection, *, booking: str, actor: Actor) -> UUID | None:
    """The payment that paid the booking (an id or a reference), if `actor` may see the booking."""
    booking_id, reference = _names(booking)
    found: UUID | None = await connection.fetchval(_OF_BOOKING, booking_id, actor.user_id, actor.role, reference)
    return found


async def find_payment(connection: Connection, *, payment_id: UUID, actor: Actor) -> UUID | None:
    """The payment, if it paid something and `actor` may see it."""
    found: UUID | None = await connection.fetchval(_OF_PAYMENT, payment_id, actor.user_id, actor.role)
    return found


async def list_of_user(connection: Connection, *, user_id: UUID, page: PageIn) -> RawJson:
    """One page of the customer's invoices and credit notes, newest first, as JSON of `InvoiceOut`."""
    row = await connection.fetchrow(_LIST, user_id, page.per_page, page.offset)
    assert row is not None  # noqa: S101 - an aggregate always answers
    return RawJson(row["items"].encode(), page=page.page, per_page=page.per_page, total=row["total"])


async def list_uninvoiced(connection: Connection, *, limit: int) -> Sequence[UUID]:
    """Payments that paid something and have no invoice yet, oldest first."""
    return [row["id"] for row in await connection.fetch(_UNINVOICED, limit)]


async def list_uncredited(connection: Connection, *, limit: int) -> Sequence[UUID]:
    """Refunds that have gone out and have no credit note yet, oldest first."""
    return [row["id"] for row in await connection.fetch(_UNCREDITED, limit)]


async def list_unreversed(connection: Connection, *, limit: int) -> Sequence[UUID]:
    """Credit notes of refunds that have failed after all, and were not taken back yet."""
    return [row["id"] for row in await connection.fetch(_UNREVERSED, limit)]


async def find_debit_note(connection: Connection, *, credit_note_id: UUID) -> Invoice | None:
    """What has taken the credit note back."""
    return _invoice(await connection.fetchrow(_FIND_DEBIT_NOTE, credit_note_id))


async def lock_unearned(tx: Connection, *, credit_note_id: UUID) -> Invoice | None:
    """The credit note, locked, if its refund has failed after all."""
    return _invoice(await tx.fetchrow(_LOCK_UNEARNED, credit_note_id))
