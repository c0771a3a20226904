"""Hours, free slots, and booking one of the sessions that an order includes."""

from datetime import UTC, datetime, timedelta

from tests.features.consultations.conftest import THURSDAY, WEEK, Practice
from tests.support.client import StorefrontClient, faulty_fields, read, refusal

from sojourn.people.roles import Role
from sojourn.platform.kit.clock import FrozenClock
from sojourn.platform.kit.ids import new_id

DAY = "2026-12-03"


async def test_a_week_and_the_dates_that_differ(practice: Practice, customer: StorefrontClient) -> None:
    me = practice.consultant
    split = [{"starts": "13:00", "ends": "15:00"}, {"starts": "09:00", "ends": "10:00"}]
    put = await me.put("/consultants/me/overrides/2026-12-03", json={"hours": split, "reason": "Dentist"})
    [override] = read(put)["overrides"]
    assert (override["day"], override["reason"]) == ("2026-12-03", "Dentist")
    assert [entry["starts"] for entry in override["hours"]] == ["09:00", "13:00"]
    slots = await practice.slots(customer, DAY)
    assert slots[:4] == [f"{DAY}T{at}+07:00" for at in ("09:00", "09:15", "09:30", "13:00")]
    assert slots[-1] == f"{DAY}T14:30+07:00"

    read(await me.put("/consultants/me/overrides/2026-12-03", json={"hours": []}))
    assert await practice.slots(customer, DAY) == []
    assert (await me.delete("/consultants/me/overrides/2026-12-03")).status_code == 204
    assert (await me.delete("/consultants/me/overrides/2026-12-03")).status_code == 204
    assert len(await practice.slots(customer, DAY)) == 31
    trail = await me.rows("SELECT action FROM audit_entries WHERE action LIKE 'consultant.%' ORDER BY at, id")
    assert [row["action"] for row in trail] == [
        "consultant.hours_set", "consultant.override_set", "consultant.override_set", "consultant.override_unset",
    ]  # fmt: skip


async def test_hours_that_cannot_be_are_refused_by_name(practice: Practice, holyone: StorefrontClient) -> None:
    me, path = practice.consultant, "/consultants/me/hours"
    day = {"starts": "09:00", "ends": "17:00"}
    for weekly, zone, field in (
        ({"MONDAY": [{"starts": "17:00", "ends": "09:00"}]}, "UTC", "weekly.MONDAY.0"),
        ({"MONDAY": [day, {"starts": "16:45", "ends": "18:00"}]}, "UTC", "weekly.MONDAY"),
        ({"MONDAY": [{"starts": "09:05", "ends": "17:00"}]}, "UTC", "weekly.MONDAY.0.starts"),
        ({"MONDAY": [day]}, "Phnom Penh", "timeZone"),
        ({"MONDAY": [day]}, "localtime", "timeZone"),
        ({"SOMEDAY": [day]}, "UTC", "weekly.SOMEDAY.[key]"),
    ):
        assert faulty_fields(await me.put(path, json={"timeZone": zone, "weekly": weekly})) == [field]
    new = await holyone.sign_in_as(Role.CONSULTANT)
    assert read(await new.get(path))["weekly"] == {}
    early = await new.put("/consultants/me/overrides/2026-12-03", json={"hours": [day]})
    assert refusal(early, 404) == "CONSULTANT_NOT_FOUND"


async def test_whose_hours_one_may_touch(practice: Practice, customer: StorefrontClient) -> None:
    body = {"timeZone": "Europe/Paris", "weekly": {"MONDAY": [{"starts": "22:00", "ends": "24:00"}]}}
    path = f"/consultants/{practice.consultant.user_id}/hours"
    assert read(await practice.office.put(path, json=body))["timeZone"] == "Europe/Paris"
    assert read(await practice.consultant.get(path))["weekly"]["MONDAY"] == [{"starts": "22:00", "ends": "24:00"}]
    body["weekly"] = {day: [{"starts": "09:00", "ends": "12:00"}] for day in ("FRIDAY", "MONDAY", "WEDNESDAY")}
    assert [*read(await practice.consultant.put(path, json=body))["weekly"]] == ["MONDAY", "WEDNESDAY", "FRIDAY"]
    other = await customer.visitor().sign_in_as(Role.CONSULTANT)
    assert refusal(await other.get(path), 403) == "NOT_ALLOWED"
    assert refusal(await customer.get(path), 403) == "NOT_ALLOWED"
    assert refusal(await practice.office.get("/consultants/me/hours"), 404) == "CONSULTANT_NOT_FOUND"
    nobody = f"/consultants/{customer.user_id}/hours"
    assert refusal(await practice.office.put(nobody, json=body), 404) == "CONSULTANT_NOT_FOUND"


async def test_a_booked_time_and_its_buffer_are_gone(practice: Practice, customer: StorefrontClient) -> None:
    order_id = await practice.order(customer)
    assert f"{DAY}T10:00+07:00" in await practice.slots(customer, DAY, orderId=order_id)
    booked = await practice.book(customer, order_id, note="About my bank statement")
    assert (booked["status"], booked["scheduledAt"], booked["duration"]) == ("SCHEDULED", "2026-12-03T03:00:00Z", 30)
    assert (booked["consultantName"], booked["note"], booked["notes"]) == (
        "Chan Sophea",
        "About my bank statement",
        None,
    )
    assert booked["meetingLink"].startswith("https://meet.jit.si/sojourn-")
    assert len(booked["meetingLink"].rpartition("-")[2]) == 40
    slots = await practice.slots(customer, DAY)
    # Taken 10:00-10:30, buffer until 10:45; a session before it needs its own buffer.
    assert [at for at in slots if "09:00" <= at[11:16] <= "11:00"] == [
        f"{DAY}T{at}+07:00" for at in ("09:00", "09:15", "10:45", "11:00")
    ]
    second = await practice.order(customer)
    for minutes in (-30, -15, 0, 15, 30):
        body = {"orderId": second, "startsAt": (THURSDAY + timedelta(minutes=minutes)).isoformat()}
        assert refusal(await customer.post("/consultations", json=body), 409) == "SLOT_TAKEN", minutes
    await practice.book(customer, second, THURSDAY + timedelta(minutes=45))
    await practice.book(customer, second, THURSDAY - timedelta(minutes=45))


async def test_notice_horizon_grid_and_hours(
    practice: Practice, customer: StorefrontClient, clock: FrozenClock
) -> None:
    order_id = await practice.order(customer)
    now = clock.now()
    for at, reason in (
        (now + timedelta(hours=11, minutes=45), "NOTICE"),
        (now - timedelta(days=1), "NOTICE"),
        (now + timedelta(days=60, minutes=15), "HORIZON"),
        (THURSDAY + timedelta(minutes=5), "GRID"),
        (THURSDAY + timedelta(seconds=1), "GRID"),
        (THURSDAY.replace(hour=9, minute=45), "HOURS"),  # 16:45: ends after five
        (THURSDAY + timedelta(days=2), "HOURS"),  # Saturday
    ):
        answer = await customer.post("/consultations", json={"orderId": order_id, "startsAt": at.isoformat()})
        assert refusal(answer, 409) == "SLOT_NOT_OFFERED"
        assert answer.json()["details"]["reason"] == reason, at
    naive = await customer.post("/consultations", json={"orderId": order_id, "startsAt": "2026-12-03T10:00:00"})
    assert faulty_fields(naive) == ["startsAt"]
    await practice.book(customer, order_id, THURSDAY.replace(hour=9, minute=30))
    # Noon exactly twelve hours away, and the sixtieth day's last minute: the boundary is the customer's.
    await practice.hours("00:00", "24:00", days=(*WEEK, "SATURDAY", "SUNDAY"))
    await practice.book(customer, order_id, now + timedelta(hours=12))
    far = await practice.order(customer)
    await practice.book(customer, far, now + timedelta(days=60))
    first = await practice.slots(customer, "2026-12-01")
    assert first[0] == "2026-12-01T22:45+07:00", "22:00 is taken, its buffer ends at 22:45"


async def test_at_most_eight_a_day(practice: Practice, customer: StorefrontClient) -> None:
    starts = [datetime(2026, 12, 3, 2, 0, tzinfo=UTC) + timedelta(minutes=45 * n) for n in range(9)]
    order_id = await practice.order(customer, sessions=20)
    for at in starts[:8]:
        await practice.book(customer, order_id, at)
    assert await practice.slots(customer, DAY) == []
    answer = await customer.post("/consultations", json={"orderId": order_id, "startsAt": starts[8].isoformat()})
    assert (refusal(answer, 409), answer.json()["details"]["reason"]) == ("SLOT_NOT_OFFERED", "FULL_DAY")
    ninth = await practice.book(practice.office, order_id, starts[8])
    assert ninth["status"] == "SCHEDULED", "staff may"
    await practice.book(customer, order_id, starts[8] + timedelta(days=1))


async def test_sessions_are_used_up(practice: Practice, customer: StorefrontClient) -> None:
    order_id = await practice.order(customer, sessions=1, quantity=2)
    await practice.book(customer, order_id)
    second = await practice.book(customer, order_id, THURSDAY + timedelta(hours=1))
    body = {"orderId": order_id, "startsAt": (THURSDAY + timedelta(hours=2)).isoformat()}
    assert refusal(await customer.post("/consultations", json=body), 409) == "NO_SESSIONS_LEFT"
    assert refusal(await practice.office.post("/consultations", json=body), 409) == "NO_SESSIONS_LEFT"
    read(await customer.post(f"/consultations/{second['id']}/cancel"))
    await practice.book(customer, order_id, THURSDAY + timedelta(hours=2))
    none = await practice.order(customer, sessions=0)
    assert refusal(await customer.post("/consultations", json={**body, "orderId": none}), 409) == "NO_SESSIONS_LEFT"


async def test_only_paid_orders_of_ones_own(practice: Practice, customer: StorefrontClient) -> None:
    at = THURSDAY.isoformat()
    for status in ("PENDING", "CANCELLED"):
        order_id = await practice.order(customer, status=status)
        answer = await customer.post("/consultations", json={"orderId": order_id, "startsAt": at})
        assert refusal(answer, 409) == "ORDER_NOT_OPEN"
    stranger = await customer.visitor().sign_in_as()
    order_id = await practice.order(customer, status="COMPLETED")
    assert refusal(await stranger.post("/consultations", json={"orderId": order_id, "startsAt": at}), 404)
    slots = await stranger.get("/consultations/slots", params={"from": DAY, "to": DAY, "orderId": order_id})
    assert refusal(slots, 404) == "ORDER_NOT_FOUND"
    assert refusal(await customer.post("/consultations", json={"orderId": str(new_id()), "startsAt": at}), 404)
    assert refusal(await customer.visitor().get("/consultations"), 401) == "NOT_AUTHENTICATED"
    await practice.book(customer, order_id)


async def test_an_order_without_a_consultant_lets_one_choose(practice: Practice, customer: StorefrontClient) -> None:
    second = await customer.visitor().sign_in_as(Role.CONSULTANT, name="Bo Rith")
    await practice.hours("09:00", "10:00", by=second)
    order_id = await practice.order(customer, is_assigned=False)
    params = {"from": DAY, "to": DAY, "orderId": order_id}
    items = read(await customer.get("/consultations/slots", params=params))["items"]
    assert [item["consultantName"] for item in items[:3]] == ["Bo Rith", "Chan Sophea", "Bo Rith"]
    body = {"orderId": order_id, "startsAt": THURSDAY.replace(hour=2).isoformat()}
    assert faulty_fields(await customer.post("/consultations", json=body)) == ["consultantId"]
    booked = read(await customer.post("/consultations", json={**body, "consultantId": str(second.user_id)}), 201)
    assert booked["consultantName"] == "Bo Rith"
    assigned = await practice.order(customer)
    wrong = {**body, "orderId": assigned, "consultantId": str(second.user_id)}
    assert faulty_fields(await customer.post("/consultations", json=wrong)) == ["consultantId"]
    idle = await customer.visitor().sign_in_as(Role.CONSULTANT)
    nobody = await practice.order(customer, consultant=idle.user_id)
    assert (
        refusal(await customer.post("/consultations", json={**body, "orderId": nobody}), 404) == "CONSULTANT_NOT_FOUND"
    )


async def test_which_slots_cannot_be_asked_for(practice: Practice, customer: StorefrontClient) -> None:
    whom = {"consultantId": str(practice.consultant.user_id)}
    for params, fields in (
        ({"from": "2026-12-04", "to": "2026-12-03", **whom}, ["to"]),
        ({"from": "2026-12-01", "to": "2027-02-01", **whom}, ["to"]),
        ({"from": "9999-12-31", "to": "9999-12-31", **whom}, ["from", "to"]),
        ({"from": DAY, "to": DAY}, ["orderId"]),
        ({"from": DAY, "to": DAY, "zone": "Mars/Olympus", **whom}, ["zone"]),
        ({"from": "soon", "to": DAY, **whom}, ["from"]),
    ):
        assert faulty_fields(await customer.get("/consultations/slots", params=params)) == fields
    missing = {"from": DAY, "to": DAY, "consultantId": str(new_id())}
    assert refusal(await customer.get("/consultations/slots", params=missing), 404) == "CONSULTANT_NOT_FOUND"


async def test_a_consultant_who_left_offers_nothing(practice: Practice, customer: StorefrontClient) -> None:
    order_id = await practice.order(customer)
    await customer.rows("UPDATE users SET is_active = false WHERE id = $1 RETURNING id", practice.consultant.user_id)
    body = {"orderId": order_id, "startsAt": THURSDAY.isoformat()}
    assert refusal(await customer.post("/consultations", json=body), 404) == "CONSULTANT_NOT_FOUND"
