"""The desk's departures: capacity by the day, the manifest, and a departure that the agency cancels."""

import json
from datetime import timedelta

from tests.support.client import StorefrontClient, faulty_fields, read, refusal
from tests.support.selling import MORE, TRAVEL_DATE, hold, hold_and_pay, put_trip_on_sale
from tests.support.trail import acts_on

from sojourn.people.roles import Role
from sojourn.providers.work import Work
from sojourn.sales.departures.jobs import cancel_booking

DAY = TRAVEL_DATE.isoformat()


async def test_a_day_may_have_its_own_capacity(derlg: StorefrontClient) -> None:
    trip_id = await put_trip_on_sale(derlg, seats=6)
    admin, traveler = await derlg.sign_in_as(Role.ADMIN), await derlg.sign_in_as()
    path = f"/admin/trips/{trip_id}/departures"
    await hold(traveler, trip_id, people=2)
    day = read(await admin.put(f"{path}/{DAY}", json={"capacity": 3, "reason": "The small boat"}))
    assert (day["capacity"], day["held"], day["available"]) == (3, 2, 1)
    body = {"trip_id": str(trip_id), "travel_date": DAY, "people_count": 2, **MORE}
    assert refusal(await traveler.post("/bookings", json=body), 409) == "SOLD_OUT"
    day = read(await admin.put(f"{path}/{DAY}", json={"capacity": 0}))
    assert day["available"] == 0
    day = read(await admin.put(f"{path}/{DAY}", json={"capacity": None}))
    assert (day["capacity"], day["has_own_capacity"]) == (6, False)
    assert await acts_on(derlg, trip_id) == [("departure.capacity_set", admin.user_id)] * 3
    later = (TRAVEL_DATE + timedelta(days=2)).isoformat()
    days = read(await admin.get(path, params={"from": DAY, "to": later}))
    assert [entry["available"] for entry in days] == [4, 6, 6]
    assert faulty_fields(await admin.get(path, params={"from": later, "to": DAY})) == ["to"]
    assert faulty_fields(await admin.put(f"{path}/{DAY}", json={"capacity": -1})) == ["capacity"]
    assert refusal(await traveler.put(f"{path}/{DAY}", json={"capacity": 9}), 403) == "NOT_ALLOWED"


async def test_the_manifest_names_who_travels(derlg: StorefrontClient, sandbox: str) -> None:
    trip_id = await put_trip_on_sale(derlg)
    admin, traveler = await derlg.sign_in_as(Role.ADMIN), await derlg.sign_in_as()
    party = [{"full_name": "Sok Dara", "dietary_needs": "Vegetarian"}, {"full_name": "Chan Thida"}]
    booking = await hold_and_pay(traveler, sandbox, trip_id, travelers=party)
    await hold(await derlg.sign_in_as(), trip_id)
    manifest = read(await admin.get(f"/admin/trips/{trip_id}/departures/{DAY}/manifest"))
    assert (manifest["people"], len(manifest["bookings"])) == (2, 1)
    entry = manifest["bookings"][0]
    assert entry["booking_ref"] == booking["booking_ref"]
    assert [person["full_name"] for person in entry["travelers"]] == ["Sok Dara", "Chan Thida"]


async def test_a_cancelled_departure_gives_everything_back(derlg: StorefrontClient, sandbox: str, work: Work) -> None:
    trip_id = await put_trip_on_sale(derlg, policy="NON_REFUNDABLE", permits="30.00")
    admin = await derlg.sign_in_as(Role.ADMIN)
    travelers = [await derlg.sign_in_as() for _ in range(3)]
    paid = [await hold_and_pay(traveler, sandbox, trip_id) for traveler in travelers[:2]]
    held = await hold(travelers[2], trip_id)
    path = f"/admin/trips/{trip_id}/departures/{DAY}/cancel"
    assert faulty_fields(await admin.post(path, json={"reason": ""})) == ["reason"]
    assert read(await admin.post(path, json={"reason": "A storm is coming"}), 202)["bookings"] == 3
    assert read(await admin.post(path, json={"reason": "A storm is coming"}), 202)["bookings"] == 3
    jobs = await derlg.rows("SELECT payload FROM pgqueuer WHERE entrypoint = 'bookings.cancel'")
    assert len(jobs) == 3  # the same booking is not queued twice
    for job in [*jobs, *jobs]:
        await cancel_booking(work, json.loads(job["payload"]))
    for traveler, booking in zip(travelers, [*paid, held], strict=True):
        after = read(await traveler.get(f"/bookings/{booking['id']}"))
        assert (after["status"], after["cancellation_reason"]) == ("CANCELLED", "A storm is coming")
    refunds = await derlg.rows("SELECT amount::text FROM refunds")
    assert [refund["amount"] for refund in refunds] == ["200.00", "200.00"]
    body = {"trip_id": str(trip_id), "travel_date": DAY, "people_count": 1, **MORE}
    assert refusal(await travelers[0].post("/bookings", json=body), 409) == "SOLD_OUT"
