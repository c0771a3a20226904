"""One day of one trip, beside the trip's other days, another trip that leaves the same day, and who no longer comes."""

import json
from datetime import timedelta

from tests.support.client import StorefrontClient, read
from tests.support.selling import TRAVEL_DATE, hold, hold_and_pay, put_trip_on_sale

from sojourn.people.roles import Role
from sojourn.platform.kit.clock import FrozenClock

DAY, NEXT = TRAVEL_DATE.isoformat(), (TRAVEL_DATE + timedelta(days=1)).isoformat()


async def test_nobody_else_is_shown_or_cancelled(derlg: StorefrontClient, sandbox: str, clock: FrozenClock) -> None:
    trip, other = await put_trip_on_sale(derlg, seats=20), await put_trip_on_sale(derlg, seats=30)
    admin, guest = await derlg.sign_in_as(Role.ADMIN), await derlg.sign_in_as()
    travelled = await hold_and_pay(guest, sandbox, trip, people=1)
    gone = await hold_and_pay(guest, sandbox, trip, people=4)
    read(await guest.delete(f"/bookings/{gone['id']}"))
    await hold(guest, trip, people=5)
    clock.advance(timedelta(minutes=15))  # ... and it has lapsed
    paid = await hold_and_pay(guest, sandbox, trip, people=2)
    held = await hold(guest, trip, people=3)
    for elsewhere, day in ((trip, NEXT), (other, DAY)):
        await hold_and_pay(guest, sandbox, elsewhere, people=1, travel_date=day)
        await hold(guest, elsewhere, people=1, travel_date=day)
    await derlg.rows("UPDATE bookings SET status = 'COMPLETED' WHERE id = $1", travelled["id"])
    read(await admin.put(f"/admin/trips/{other}/departures/{DAY}", json={"capacity": 9}))
    for day in (DAY, NEXT):
        read(await admin.put(f"/admin/trips/{trip}/departures/{day}", json={"capacity": 18, "reason": "One boat"}))

    path = f"/admin/trips/{trip}/departures"
    after = (TRAVEL_DATE + timedelta(days=2)).isoformat()
    shown = read(await admin.get(path, params={"from": DAY, "to": after}))
    assert [(one["day"], one["capacity"], one["confirmed"], one["held"], one["available"]) for one in shown] == [
        (DAY, 18, 3, 3, 12), (NEXT, 18, 1, 1, 16), (after, 20, 0, 0, 20),
    ]  # fmt: skip
    manifest = read(await admin.get(f"{path}/{DAY}/manifest"))
    assert [entry["booking_id"] for entry in manifest["bookings"]] == [travelled["id"], paid["id"]]
    read(await admin.put(f"{path}/{DAY}", json={"capacity": None}))
    back = read(await admin.get(path, params={"from": DAY, "to": NEXT}))
    assert [one["has_own_capacity"] for one in back] == [False, True]

    assert read(await admin.post(f"{path}/{DAY}/cancel", json={"reason": "A storm"}), 202)["bookings"] == 2
    jobs = await derlg.rows("SELECT payload FROM pgqueuer WHERE entrypoint = 'bookings.cancel'")
    assert {json.loads(job["payload"])["booking_id"] for job in jobs} == {paid["id"], held["id"]}
    (left,) = read(await admin.get(f"/admin/trips/{other}/departures", params={"from": DAY, "to": DAY}))
    assert (left["capacity"], left["confirmed"], left["held"]) == (9, 1, 1)


async def test_a_hold_that_ends_this_moment_is_not_cancelled(derlg: StorefrontClient, clock: FrozenClock) -> None:
    trip, admin = await put_trip_on_sale(derlg), await derlg.sign_in_as(Role.ADMIN)
    await hold(await derlg.sign_in_as(), trip)
    path = f"/admin/trips/{trip}/departures/{DAY}"
    (before,) = read(await admin.get(path.removesuffix(f"/{DAY}"), params={"from": DAY, "to": DAY}))
    clock.advance(timedelta(minutes=15))
    (at,) = read(await admin.get(path.removesuffix(f"/{DAY}"), params={"from": DAY, "to": DAY}))
    assert (before["held"], at["held"]) == (2, 0)
    assert read(await admin.post(f"{path}/cancel", json={"reason": "A storm"}), 202)["bookings"] == 0
