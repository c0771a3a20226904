"""What is said to be locked is locked: nobody else gets the row until it ends, and nobody waits in vain."""

from datetime import timedelta

from tests.support.bystanders import book_everything
from tests.support.client import StorefrontClient
from tests.support.khqr import open_qr
from tests.support.locks import Lock, loose
from tests.support.selling import TRAVEL_DATE, hold, put_trip_on_sale

from sojourn.people.roles import Role
from sojourn.platform.kit.clock import FrozenClock
from sojourn.platform.kit.ids import new_id
from sojourn.providers.work import Work
from sojourn.sales.bookings import changes_queries
from sojourn.sales.bookings import queries as bookings
from sojourn.sales.departures import queries as departures
from sojourn.sales.invoices import queries as invoices
from sojourn.sales.loyalty import queries as loyalty
from sojourn.sales.payments import payout_queries, qr_queries
from sojourn.sales.payments import queries as payments
from sojourn.sales.referrals import queries as referrals

_HOLD = "SELECT hold_stock($1, 5, $2, now(), now(), '{}', '{}', '{}', '{}')"

# What is locked: the table, which row of it, and by what.
BOOKED: list[tuple[str, str, Lock]] = [
    ("bookings", "status = 'CONFIRMED'", lambda tx, row: bookings.lock_booking(tx, booking_id=row["id"])),
    ("bookings", "status = 'RESERVED'", lambda tx, row: bookings.lock_booking(tx, booking_id=row["id"])),
    (
        "claims", "expires_at IS NOT NULL AND released_at IS NULL AND purchase_kind = 'BOOKING'",
        lambda tx, row: bookings.lock_booking(tx, booking_id=row["purchase_id"]),
    ),
    ("booking_changes", "status = 'PENDING'", lambda tx, row: changes_queries.lock_change(tx, change_id=row["id"])),
    (
        "booking_changes", "status = 'PENDING'",
        lambda tx, row: changes_queries.lock_pending(tx, booking_id=row["booking_id"]),
    ),
    ("payments", "captured_amount = 0", lambda tx, row: payments.lock_payment(tx, payment_id=row["id"])),
    (
        "payments", "captured_amount = 0",
        lambda tx, row: payments.lock_payment_of(
            tx, purchase_id=row["purchase_id"], provider=row["provider"], intent_id=row["provider_intent_id"]
        ),
    ),
    ("payments", "closed_at IS NULL", lambda tx, row: payments.lock_open_payment(tx, purchase_id=row["purchase_id"])),
    (
        "payments", "captured_amount > 0",
        lambda tx, row: payments.lock_applied_payments(tx, purchase_ids=[row["purchase_id"]]),
    ),
    ("payments", "captured_amount > 0", lambda tx, row: invoices.lock_paid_purchase(tx, payment_id=row["id"])),
    ("refunds", "status = 'PENDING'", lambda tx, row: payments.lock_refund(tx, refund_id=row["id"])),
    ("payouts", "paid_out_at IS NULL", lambda tx, row: payout_queries.lock_reference(tx, refund_id=row["refund_id"])),
    ("users", "loyalty_points > 0", lambda tx, row: tx.fetchval(_HOLD, row["id"], new_id())),
    ("users", "loyalty_points > 0", lambda tx, row: loyalty.lock_owner(tx, user_id=row["id"])),
    ("users", "loyalty_points > 0", lambda tx, row: loyalty.rebuild_cache(tx, user_id=row["id"])),
    ("users", "loyalty_points > 0", lambda tx, row: referrals.lock_referrer(tx, user_id=row["id"])),
    ("resources", "kind = 'DEPARTURE'", lambda tx, row: departures.set_capacity(
            tx, resource_id=row["id"], day=TRAVEL_DATE, capacity=7, reason=None
        )),
    ("referrals", "true", lambda tx, row: referrals.lock_referral(tx, referral_id=row["id"])),
    ("referrals", "true", lambda tx, row: referrals.lock_of_purchase(tx, purchase_id=row["purchase_id"])),
    ("invoices", "kind = 'CREDIT_NOTE'", lambda tx, row: invoices.lock_unearned(tx, credit_note_id=row["id"])),
]  # fmt: skip
# Somebody was sent, and a refund has failed although its credit note is out.
_MORE = """
WITH sent AS (
    INSERT INTO referrals (id, referrer_id, friend_id, status, flags, purchase_kind, purchase_id, amount, currency,
                           created_at, updated_at)
    SELECT $1, a.id, b.user_id, 'PENDING', '{}', 'BOOKING', b.id, 200, 'USD', now(), now()
      FROM users a, bookings b WHERE a.role = 'ADMIN' AND b.status = 'CONFIRMED' LIMIT 1
)
UPDATE refunds SET status = 'FAILED' WHERE id IN (SELECT refund_id FROM invoices WHERE kind = 'CREDIT_NOTE')
"""


async def test_whatever_is_booked(derlg: StorefrontClient, sandbox: str, clock: FrozenClock, work: Work) -> None:
    admin = await derlg.sign_in_as(Role.ADMIN)
    trip_id = await put_trip_on_sale(derlg, seats=40)
    await book_everything(await derlg.sign_in_as(), sandbox, clock, trip_id, admin, work)
    async with derlg.database.read() as connection:
        await connection.execute(_MORE, new_id())
    assert await loose(derlg, BOOKED) == []


async def test_two_who_ask_the_bank_take_different_codes(derlg: StorefrontClient, clock: FrozenClock) -> None:
    guest, trip_id = await derlg.sign_in_as(), await put_trip_on_sale(derlg)
    codes = [await open_qr(guest, booking_id=(await hold(guest, trip_id))["id"]) for _ in range(2)]
    now = clock.now() + timedelta(seconds=10)
    async with derlg.database.unit_of_work() as one, derlg.database.unit_of_work() as other:
        first = await qr_queries.lock_due(one, now=now, limit=1)
        await other.execute("SET LOCAL lock_timeout = '2s'")
        second = await qr_queries.lock_due(other, now=now, limit=1)
    assert {str(code.payment_id) for code in (*first, *second)} == {code["payment_id"] for code in codes}
