"""Points pay for every type of booking: reserved with the hold, spent when it is paid, free when it is given up."""

from datetime import date, timedelta
from typing import Any

import pytest
from tests.features.loyalty.conftest import Customer
from tests.features.stock.conftest import Shop, open_shop
from tests.support.client import StorefrontClient, faulty_fields, read
from tests.support.selling import open_intent, pay, put_trip_on_sale, tell_all

from sojourn.platform.kit.clock import FrozenClock
from sojourn.sales.bookings.models import BookingType

DAY = date(2027, 1, 20)
# Three days, two nights for two; at most half of it may be points, in blocks of a hundred for a dollar.
TOTALS = {"PACKAGE": 200, "HOTEL_ONLY": 120, "TRANSPORT_ONLY": 225, "GUIDE_ONLY": 165}
MOST = {"PACKAGE": 10_000, "HOTEL_ONLY": 6_000, "TRANSPORT_ONLY": 11_200, "GUIDE_ONLY": 8_200}
BALANCE = 20_000


@pytest.fixture
async def shop(derlg: StorefrontClient) -> Shop:
    return await open_shop(derlg)


async def wanted(client: StorefrontClient, shop: Shop, booking_type: BookingType) -> dict[str, Any]:
    subject: dict[str, Any] = {
        "PACKAGE": {}, "HOTEL_ONLY": {"hotel_room_id": shop.room_id},
        "TRANSPORT_ONLY": {"vehicle_id": shop.vehicle["id"]}, "GUIDE_ONLY": {"guide_id": shop.guide["id"]},
    }[booking_type]  # fmt: skip
    if booking_type is BookingType.PACKAGE:
        subject = {"trip_id": str(await put_trip_on_sale(client))}
    else:
        subject["end_date"] = (DAY + timedelta(days=2)).isoformat()
    return {
        "booking_type": booking_type, **subject, "travel_date": DAY.isoformat(), "people_count": 2,
        "pickup_location": "Airport",
    }  # fmt: skip


@pytest.mark.parametrize("booking_type", list(BookingType))
async def test_points_are_reserved_spent_and_given_back(
    derlg: StorefrontClient, shop: Shop, sandbox: str, clock: FrozenClock, booking_type: BookingType
) -> None:
    traveler = await derlg.sign_in_as()
    assert traveler.user_id is not None
    await Customer(derlg.database, clock, traveler.user_id).earn(BALANCE)
    body, most = await wanted(derlg, shop, booking_type), MOST[booking_type]
    asked = {name: value for name, value in body.items() if name != "pickup_location"}
    assert read(await traveler.post("/bookings/quote", json=asked))["max_loyalty_points"] == most
    for wrong in (most + 100, 150):
        answer = await traveler.post("/bookings", json={**body, "loyalty_points": wrong})
        assert faulty_fields(answer) == ["loyalty_points"]

    given_up = read(await traveler.post("/bookings", json={**body, "loyalty_points": most}), 201)
    off = most // 100
    assert (given_up["loyalty_discount_usd"], given_up["loyalty_points_used"]) == (f"{off}.00", most)
    assert given_up["total_usd"] == f"{TOTALS[booking_type] - off}.00"
    assert await balance(traveler) == (BALANCE - most, most)
    read(await traveler.delete(f"/bookings/{given_up['id']}"))
    assert await balance(traveler) == (BALANCE, 0)

    kept = read(await traveler.post("/bookings", json={**body, "loyalty_points": most}), 201)
    intent = await open_intent(traveler, booking_id=kept["id"])
    assert intent["amount"] == kept["total_usd"]
    (await pay(sandbox, intent["payment_intent_id"])).raise_for_status()
    await tell_all(traveler, sandbox, intent["payment_intent_id"])
    assert await balance(traveler) == (BALANCE - most, 0)
    read(await traveler.delete(f"/bookings/{kept['id']}"))
    assert await balance(traveler) == (BALANCE, 0), "within a day of paying, everything comes back"


async def balance(traveler: StorefrontClient) -> tuple[int, int]:
    """Available and reserved."""
    told = read(await traveler.get("/loyalty/balance"))
    return told["available"], told["reserved"]
