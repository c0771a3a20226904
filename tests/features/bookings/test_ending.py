"""Which bookings end, and when: those whose hold is over, and those that were travelled; nobody else's with them."""

from datetime import timedelta
from uuid import UUID

from tests.support.client import StorefrontClient
from tests.support.selling import TRAVEL_DATE, hold, hold_and_pay, put_trip_on_sale

from sojourn.platform.kit.clock import FrozenClock
from sojourn.sales.bookings import queries

_STAND = """
SELECT b.id, b.status, b.version,
       (SELECT count(*) FROM claims WHERE purchase_id = b.id AND released_at IS NULL) AS claims FROM bookings b
"""


async def test_a_hold_is_tidied_from_its_deadline_on(derlg: StorefrontClient, sandbox: str, clock: FrozenClock) -> None:
    guest, trip_id = await derlg.sign_in_as(), await put_trip_on_sale(derlg)
    paid = UUID((await hold_and_pay(guest, sandbox, trip_id))["id"])
    lapsed = UUID((await hold(guest, trip_id))["id"])
    clock.advance(timedelta(seconds=1))
    young = UUID((await hold(guest, trip_id))["id"])
    clock.advance(timedelta(minutes=15, seconds=-1))
    before = {row["id"]: row["version"] for row in await derlg.rows(_STAND)}
    async with derlg.database.unit_of_work() as tx:
        assert await queries.list_lapsed(tx, now=clock.now(), limit=9) == [lapsed]
        tidied = [await queries.expire(tx, booking_id=one, now=clock.now()) for one in (lapsed, lapsed, young, paid)]
    assert tidied == [True, False, False, False]
    assert {row["id"]: (row["status"], row["version"], row["claims"]) for row in await derlg.rows(_STAND)} == {
        paid: ("CONFIRMED", before[paid], 1), young: ("RESERVED", before[young], 1),
        lapsed: ("EXPIRED", before[lapsed] + 1, 0),
    }  # fmt: skip


async def test_a_booking_is_completed_once_after_its_last_day(
    derlg: StorefrontClient, sandbox: str, clock: FrozenClock
) -> None:
    guest, other, trip_id = await derlg.sign_in_as(), await derlg.sign_in_as(), await put_trip_on_sale(derlg, days=1)
    first = UUID((await hold_and_pay(guest, sandbox, trip_id))["id"])
    held = UUID((await hold(other, trip_id))["id"])
    after = TRAVEL_DATE + timedelta(days=1)
    async with derlg.database.unit_of_work() as tx:
        assert await queries.list_ended(tx, before=TRAVEL_DATE, limit=9) == []
        assert await queries.list_ended(tx, before=after, limit=9) == [first]
        completed = [await queries.complete(tx, booking_id=one, now=clock.now()) for one in (first, first, held)]
    assert completed == [True, False, False]
    assert {row["id"]: row["status"] for row in await derlg.rows(_STAND)} == {first: "COMPLETED", held: "RESERVED"}
    counted = await derlg.rows("SELECT id FROM users WHERE total_completed_bookings = 1")
    assert [row["id"] for row in counted] == [guest.user_id]
    assert await derlg.rows("SELECT id FROM users WHERE total_completed_bookings > 1") == []
