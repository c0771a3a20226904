"""What keeps an account from being closed: one's own journeys that are to come, and money that is disputed."""

from collections.abc import Sequence
from datetime import timedelta

from tests.support.client import StorefrontClient, read
from tests.support.selling import hold, hold_and_pay, put_trip_on_sale

from sojourn.platform.kit.clock import FrozenClock
from sojourn.sales.open_purchases import OpenPurchases


async def test_it_is_ones_own(derlg: StorefrontClient, sandbox: str, clock: FrozenClock) -> None:
    guest, other, trip_id = await derlg.sign_in_as(), await derlg.sign_in_as(), await put_trip_on_sale(derlg, seats=40)

    async def still_open(who: StorefrontClient) -> Sequence[str]:
        async with derlg.database.read() as connection:
            return await OpenPurchases().list_open(connection, user_id=who.user_id, now=clock.now())

    gone = await hold_and_pay(guest, sandbox, trip_id)
    read(await guest.delete(f"/bookings/{gone['id']}"))
    paid = await hold_and_pay(guest, sandbox, trip_id)
    held = await hold(guest, trip_id)
    assert await still_open(guest) == sorted((paid["booking_ref"], held["booking_ref"]))
    assert await still_open(other) == []
    clock.advance(timedelta(minutes=15))
    assert await still_open(guest) == [paid["booking_ref"]]
    await derlg.rows("UPDATE bookings SET status = 'COMPLETED' WHERE id = $1", paid["id"])
    assert await still_open(guest) == []

    [payment] = await derlg.rows("SELECT id, reference FROM payments WHERE purchase_id = $1", paid["id"])
    for status in ("needs_response", "under_review", "warning_needs_response", "won", "lost", "warning_closed"):
        await derlg.rows("UPDATE payments SET dispute_status = $2 WHERE id = $1", payment["id"], status)
        is_closed = status in ("won", "lost", "warning_closed")
        assert await still_open(guest) == ([] if is_closed else [payment["reference"]]), status
        assert await still_open(other) == []
