"""A change is no way around the policy: neither a later date nor fewer people bring back what cancelling would not."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from tests.support.client import StorefrontClient, read
from tests.support.selling import TRAVEL_DATE, hold_and_pay, open_intent, pay, put_trip_on_sale, tell_all

from sojourn.people.roles import Role
from sojourn.platform.kit.clock import FrozenClock, start_of_day

LATER = (TRAVEL_DATE + timedelta(days=60)).isoformat()


def hours_before(day: date, hours: int, clock: FrozenClock) -> timedelta:
    start: datetime = start_of_day(day, "Asia/Phnom_Penh")
    return start - timedelta(hours=hours) - clock.now()


async def preview(client: StorefrontClient, booking: Any) -> Any:
    return read(await client.get(f"/bookings/{booking['id']}/cancellation-preview"))


@pytest.mark.parametrize(
    ("hours", "percent"),
    [pytest.param(200, 100, id="in-time"), pytest.param(100, 50, id="half"), pytest.param(30, 0, id="too-late")],
)
async def test_a_later_date_makes_no_refund_larger(
    derlg: StorefrontClient, sandbox: str, clock: FrozenClock, hours: int, percent: int
) -> None:
    traveler, admin = await derlg.sign_in_as(), await derlg.sign_in_as(Role.ADMIN)
    booking = await hold_and_pay(traveler, sandbox, await put_trip_on_sale(derlg))
    clock.advance(hours_before(TRAVEL_DATE, hours, clock))
    before = await preview(traveler, booking)
    assert before["refund_percent"] == percent
    read(await traveler.patch(f"/bookings/{booking['id']}", json={"travel_date": LATER}))
    after = await preview(traveler, booking)
    assert (after["refund_percent"], after["refund_amount"]) == (percent, before["refund_amount"])
    assert (await preview(admin, booking))["refund_amount"] == "200.00", "the agency returns everything"


async def test_nor_does_a_later_date_that_costs_more(derlg: StorefrontClient, sandbox: str, clock: FrozenClock) -> None:
    traveler = await derlg.sign_in_as()
    booking = await hold_and_pay(traveler, sandbox, await put_trip_on_sale(derlg))
    clock.advance(hours_before(TRAVEL_DATE, 100, clock))
    change = {"travel_date": LATER, "people_count": 3}
    waiting = read(await traveler.patch(f"/bookings/{booking['id']}", json=change))["pending_change"]
    intent = await open_intent(traveler, change_id=waiting["id"])
    (await pay(sandbox, intent["payment_intent_id"])).raise_for_status()
    await tell_all(derlg, sandbox, intent["payment_intent_id"])
    after = await preview(traveler, booking)
    assert (after["refund_percent"], after["refund_amount"]) == (50, "150.00")


async def test_fewer_people_bring_no_permits_back(derlg: StorefrontClient, sandbox: str) -> None:
    traveler = await derlg.sign_in_as()
    trip_id = await put_trip_on_sale(derlg, permits="40.00")
    booking = await hold_and_pay(traveler, sandbox, trip_id)
    assert (await preview(traveler, booking))["refund_amount"] == "120.00"
    read(await traveler.patch(f"/bookings/{booking['id']}", json={"people_count": 1}))
    rows = await derlg.rows("SELECT amount::text FROM refunds")
    assert rows == [{"amount": "60.00"}]
    assert (await preview(traveler, booking))["refund_amount"] == "60.00"


async def test_what_was_kept_for_permits_is_kept_once(derlg: StorefrontClient, sandbox: str) -> None:
    traveler = await derlg.sign_in_as()
    lunch = {"key": "lunch", "title": {"en": "Lunch"}, "price_usd": "10.00", "per": "BOOKING"}
    trip_id = await put_trip_on_sale(derlg, permits="40.00", options=[lunch])
    booking = await hold_and_pay(traveler, sandbox, trip_id, options=[{"key": "lunch"}])
    read(await traveler.patch(f"/bookings/{booking['id']}", json={"people_count": 1}))
    read(await traveler.patch(f"/bookings/{booking['id']}", json={"options": []}))
    rows = await derlg.rows("SELECT amount::text FROM refunds ORDER BY requested_at, amount DESC")
    assert [row["amount"] for row in rows] == ["60.00", "10.00"]
    assert (await preview(traveler, booking))["refund_amount"] == "60.00"


async def test_a_hold_is_only_priced_anew(derlg: StorefrontClient, sandbox: str) -> None:
    traveler = await derlg.sign_in_as()
    trip_id = await put_trip_on_sale(derlg, permits="40.00")
    body = {"trip_id": str(trip_id), "travel_date": TRAVEL_DATE.isoformat(), "people_count": 2, "pickup_location": "x"}
    booking = read(await traveler.post("/bookings", json=body), 201)
    read(await traveler.patch(f"/bookings/{booking['id']}", json={"people_count": 1}))
    intent = await open_intent(traveler, booking_id=booking["id"])
    (await pay(sandbox, intent["payment_intent_id"])).raise_for_status()
    await tell_all(derlg, sandbox, intent["payment_intent_id"])
    assert (await preview(traveler, booking))["refund_amount"] == "60.00"
