"""Cancellation policies that an agency writes itself: taken, shown, sold with, and refused by their fields."""

from datetime import timedelta
from typing import Any

import pytest
from tests.features.catalog.samples import guide, hotel, trip, vehicle
from tests.support.client import StorefrontClient, faulty_fields, read
from tests.support.selling import TRAVEL_DATE, hold, hold_and_pay

from sojourn.platform.kit.clock import FrozenClock

SAMPLES = {"trips": trip, "hotels": hotel, "transportation": vehicle, "guides": guide}
OWN = [
    {"min_hours_before": 240, "refund_percent": 90, "fixed_fee": "15.50"},
    {"min_hours_before": 0, "refund_percent": 20, "fixed_fee": "0.00"},
]
CUSTOM = {"name": "CUSTOM", "tiers": OWN}
NO_REFUND = {"name": "NON_REFUNDABLE", "tiers": []}


def tier(hours: Any = 24, percent: Any = 50, **more: Any) -> dict[str, Any]:
    return {"min_hours_before": hours, "refund_percent": percent, **more}


async def shown(client: StorefrontClient, path: str) -> Any:
    return read(await client.get(path))["cancellation_policy"]


@pytest.mark.parametrize("shelf", SAMPLES)
async def test_own_tiers_are_shown_and_stay_until_others_are_chosen(
    derlg: StorefrontClient, agency: StorefrontClient, shelf: str
) -> None:
    made = read(await agency.post(f"/{shelf}", json=SAMPLES[shelf]("first", cancellation_policy=OWN)), 201)
    path = f"/{shelf}/{made['id']}"
    assert made["cancellation_policy"] == await shown(derlg, path) == CUSTOM
    read(await agency.patch(path, json={"images": []}))
    assert await shown(derlg, path) == CUSTOM
    read(await agency.patch(path, json={"cancellation_policy": "NON_REFUNDABLE"}))
    assert await shown(derlg, path) == NO_REFUND
    read(await agency.patch(path, json={"cancellation_policy": [tier(12, 100)]}))
    assert await shown(derlg, path) == {"name": "CUSTOM", "tiers": [tier(12, 100, fixed_fee="0.00")]}


@pytest.mark.parametrize("shelf", ["trips", "hotels"])
@pytest.mark.parametrize(
    ("policy", "fields"),
    [
        ("GENEROUS", [""]),
        ("CUSTOM", [""]),
        ("", [""]),
        (None, [""]),
        (7, [""]),
        ({"tiers": OWN}, [""]),
        ([], [""]),
        ([tier(hours) for hours in range(11, 0, -1)], [""]),
        ([tier(24), tier(48)], [""]),
        ([tier(24), tier(24)], [""]),
        (["STRICT"], [".0"]),
        ([tier(-1)], [".0.min_hours_before"]),
        ([tier(2**40)], [".0.min_hours_before"]),
        ([tier("soon")], [".0.min_hours_before"]),
        ([tier(48, 100), tier(24, 101)], [".1.refund_percent"]),
        ([tier(24, -1)], [".0.refund_percent"]),
        ([tier(24, 33.3)], [".0.refund_percent"]),
        ([tier(24, fixed_fee="-0.01")], [".0.fixed_fee"]),
        ([tier(24, fixed_fee="1.005")], [".0.fixed_fee"]),
        ([tier(24, fixed_fee="10000000000")], [".0.fixed_fee"]),
        ([{"refund_percent": 50}], [".0.min_hours_before"]),
        ([tier(24, name="half")], [".0.name"]),
        ([tier(-1), tier(24, 101)], [".0.min_hours_before", ".1.refund_percent"]),
    ],
)
async def test_a_policy_that_is_none_is_refused_by_its_fields(
    agency: StorefrontClient, shelf: str, policy: object, fields: list[str]
) -> None:
    expected = [f"cancellation_policy{field}" for field in fields]
    sample = SAMPLES[shelf]
    assert faulty_fields(await agency.post(f"/{shelf}", json=sample("odd", cancellation_policy=policy))) == expected
    made = read(await agency.post(f"/{shelf}", json=sample("first")), 201)
    path = f"/{shelf}/{made['id']}"
    assert faulty_fields(await agency.patch(path, json={"cancellation_policy": policy})) == expected
    assert read(await agency.get(path)) == made


async def test_the_message_says_which_tier_is_out_of_order(agency: StorefrontClient) -> None:
    answer = await agency.post("/trips", json=trip(cancellation_policy=[tier(48), tier(24), tier(24)]))
    (field,) = answer.json()["error"]["details"]["fields"]
    assert field["message"] == "must have fewer hours from tier to tier; tier 3 does not"


async def test_a_booking_keeps_the_tiers_it_was_held_with(
    agency: StorefrontClient, derlg: StorefrontClient, sandbox: str, clock: FrozenClock
) -> None:
    made = read(await agency.post("/trips", json=trip(cancellation_policy=OWN, non_refundable_fee_usd="0")), 201)
    traveler = await derlg.sign_in_as()
    booking = await hold_and_pay(traveler, sandbox, made["id"])
    read(await agency.patch(f"/trips/{made['id']}", json={"cancellation_policy": "NON_REFUNDABLE"}))
    path = f"/bookings/{booking['id']}"
    assert await shown(traveler, path) == CUSTOM
    later_one = await derlg.sign_in_as()
    later = await hold(later_one, made["id"])
    assert await shown(later_one, f"/bookings/{later['id']}") == NO_REFUND
    # 2 x 289.00 = 578.00: 90 % less 15.50 ten days before, 20 % on the eve.
    for days_before, percent, refund in ((11, 90, "504.70"), (1, 20, "115.60")):
        clock.advance(timedelta(days=(TRAVEL_DATE - clock.now().date()).days - days_before))
        preview = read(await traveler.get(f"{path}/cancellation-preview"))
        assert (preview["refund_percent"], preview["refund_amount"]) == (percent, refund)
    read(await traveler.delete(path, params={"quote_id": preview["quote_id"]}))
    assert await derlg.rows("SELECT amount::text FROM refunds") == [{"amount": "115.60"}]
