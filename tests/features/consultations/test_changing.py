"""What becomes of a consultation: moved, cancelled, approved, held, missed; and who may see to it."""

from datetime import timedelta

from tests.features.consultations.conftest import THURSDAY, Json, Practice, StartPractice
from tests.support.client import StorefrontClient, faulty_fields, read, refusal
from tests.support.trail import acts_on

from sojourn.people.roles import Role
from sojourn.platform.kit.clock import FrozenClock

DAY = timedelta(days=1)


async def step(who: StorefrontClient, consultation: Json, verb: str, **body: object) -> Json:
    changed: Json = read(await who.post(f"/consultations/{consultation['id']}/{verb}", json=body or None))
    return changed


async def refused(who: StorefrontClient, consultation: Json, verb: str, status: int = 409, **body: str) -> str:
    return refusal(await who.post(f"/consultations/{consultation['id']}/{verb}", json=body or None), status)


async def test_customers_move_it_twice(practice: Practice, customer: StorefrontClient) -> None:
    booked = await practice.book(customer, await practice.order(customer))
    later = [(THURSDAY + timedelta(minutes=15) + DAY * n).isoformat() for n in range(3)]
    assert (await step(customer, booked, "move", startsAt=THURSDAY.isoformat()))["movesLeft"] == 2, "the same time"
    moved = await step(customer, booked, "move", startsAt=later[0])
    assert (moved["scheduledAt"], moved["movesLeft"]) == ("2026-12-03T03:15:00Z", 1), "over its own old slot"
    assert (await step(customer, booked, "move", startsAt=later[1]))["movesLeft"] == 0
    assert "2026-12-03T10:15+07:00" in await practice.slots(customer, "2026-12-03"), "the old slot is free"
    starts_at = (THURSDAY + DAY * 4).isoformat()
    assert await refused(customer, booked, "move", startsAt=starts_at) == "NO_MOVES_LEFT"
    assert (await step(practice.consultant, booked, "move", startsAt=starts_at))["movesLeft"] == 0, "staff may always"
    trail = await customer.rows("SELECT detail FROM audit_entries WHERE action = 'consultation.moved' ORDER BY at, id")
    assert [row["detail"]["by_staff"] for row in trail] == [False, False, True]


async def test_moving_is_possible_until_a_day_before(
    practice: Practice, customer: StorefrontClient, clock: FrozenClock
) -> None:
    booked = await practice.book(customer, await practice.order(customer))
    starts_at = (THURSDAY + DAY).isoformat()
    clock.advance(timedelta(days=1, seconds=1))
    assert await refused(customer, booked, "move", startsAt=starts_at) == "TOO_LATE_TO_MOVE"
    clock.advance(timedelta(seconds=-1))
    assert (await step(customer, booked, "move", startsAt=starts_at))["movesLeft"] == 1, "exactly 24 hours before"


async def test_a_move_is_held_to_what_is_offered(practice: Practice, customer: StorefrontClient) -> None:
    order_id = await practice.order(customer)
    booked = await practice.book(customer, order_id)
    await practice.book(customer, order_id, THURSDAY + timedelta(hours=1))
    assert (
        await refused(customer, booked, "move", startsAt=(THURSDAY + timedelta(minutes=30)).isoformat()) == "SLOT_TAKEN"
    )
    at_night = (THURSDAY + timedelta(hours=12)).isoformat()
    assert await refused(customer, booked, "move", startsAt=at_night) == "SLOT_NOT_OFFERED"
    staff = practice.consultant
    assert await refused(staff, booked, "move", startsAt=(THURSDAY + timedelta(minutes=30)).isoformat()) == "SLOT_TAKEN"
    past = await staff.post(f"/consultations/{booked['id']}/move", json={"startsAt": "2026-11-30T03:00:00Z"})
    assert faulty_fields(past) == ["startsAt"]
    assert (await step(staff, booked, "move", startsAt=at_night))["scheduledAt"] == "2026-12-03T15:00:00Z"
    assert await refused(staff, booked, "move", startsAt="2026-12-03T15:07:00Z") == "SLOT_NOT_OFFERED"


async def test_cancelling_in_time_gives_the_session_back(practice: Practice, customer: StorefrontClient) -> None:
    order_id = await practice.order(customer, sessions=1)
    booked = await practice.book(customer, order_id)
    after = await step(customer, booked, "cancel", reason="I am ill")
    assert (after["status"], after["isSessionUsed"], after["cancellationReason"]) == ("CANCELLED", False, "I am ill")
    assert after["meetingLink"] is None
    assert (await acts_on(customer, booked["id"]))[-1] == ("consultation.cancelled", customer.user_id)
    assert await refused(customer, booked, "cancel") == "CONSULTATION_CLOSED"
    assert await refused(customer, booked, "move", startsAt=THURSDAY.isoformat()) == "CONSULTATION_CLOSED"
    await practice.book(customer, order_id)


async def test_cancelling_late_uses_the_session_unless_staff_waive(
    practice: Practice, customer: StorefrontClient, clock: FrozenClock
) -> None:
    order_id = await practice.order(customer, sessions=1)
    booked = await practice.book(customer, order_id)
    clock.advance(timedelta(days=1, minutes=1))
    assert (await step(customer, booked, "cancel"))["isSessionUsed"] is True
    again = {"orderId": order_id, "startsAt": (THURSDAY + DAY).isoformat()}
    assert refusal(await customer.post("/consultations", json=again), 409) == "NO_SESSIONS_LEFT"
    assert await refused(customer, booked, "waive", 403) == "NOT_ALLOWED"
    for _ in range(2):
        assert (await step(practice.consultant, booked, "waive"))["isSessionUsed"] is False
    trail = await customer.rows("SELECT 1 FROM audit_entries WHERE action = 'consultation.session_given_back'")
    assert len(trail) == 1
    fresh = read(await customer.post("/consultations", json=again), 201)
    clock.advance(timedelta(days=1))
    assert (await step(practice.office, fresh, "cancel"))["isSessionUsed"] is False, "the agency never takes it"


async def test_it_cannot_be_cancelled_by_its_customer_once_it_has_begun(
    practice: Practice, customer: StorefrontClient, clock: FrozenClock
) -> None:
    booked = await practice.book(customer, await practice.order(customer))
    clock.advance(timedelta(days=2))
    assert await refused(customer, booked, "cancel") == "CONSULTATION_CLOSED"
    assert (await step(practice.consultant, booked, "cancel"))["status"] == "CANCELLED"


async def test_held_or_missed(practice: Practice, customer: StorefrontClient, clock: FrozenClock) -> None:
    order_id = await practice.order(customer, sessions=2)
    held = await practice.book(customer, order_id)
    missed = await practice.book(customer, order_id, THURSDAY + timedelta(hours=1))
    staff = practice.consultant
    clock.advance(timedelta(days=2, seconds=-1))
    assert await refused(staff, held, "complete") == "TOO_EARLY"
    clock.advance(timedelta(seconds=1))
    assert await refused(staff, held, "no-show") == "TOO_EARLY"
    assert await refused(customer, held, "complete", 403) == "NOT_ALLOWED"
    assert (await step(staff, held, "complete"))["status"] == "COMPLETED"
    clock.advance(timedelta(hours=1, minutes=15))
    after = await step(staff, missed, "no-show")
    assert (after["status"], after["isSessionUsed"]) == ("NO_SHOW", True)
    assert await refused(staff, missed, "complete") == "CONSULTATION_CLOSED"
    assert await refused(staff, held, "waive") == "CONSULTATION_CLOSED"
    assert (await step(practice.office, missed, "waive"))["isSessionUsed"] is False


async def test_notes_are_for_staff(practice: Practice, customer: StorefrontClient) -> None:
    booked = await practice.book(customer, await practice.order(customer))
    path = f"/consultations/{booked['id']}"
    noted = read(await practice.consultant.put(f"{path}/notes", json={"notes": "Needs a sponsor.\nCall again."}))
    assert noted["notes"] == "Needs a sponsor.\nCall again."
    assert read(await practice.office.get(path))["notes"] == noted["notes"]
    assert read(await customer.get(path))["notes"] is None
    assert refusal(await customer.put(f"{path}/notes", json={"notes": "x"}), 403) == "NOT_ALLOWED"
    assert faulty_fields(await practice.consultant.put(f"{path}/notes", json={"notes": "a\x00b"})) == ["notes"]
    assert read(await practice.consultant.put(f"{path}/notes", json={"notes": ""}))["notes"] is None
    [first, _second] = await customer.rows("SELECT detail FROM audit_entries WHERE action = 'consultation.noted'")
    assert "sponsor" not in str(first["detail"])


async def test_who_sees_what(practice: Practice, customer: StorefrontClient, holyone: StorefrontClient) -> None:
    stranger, colleague = await holyone.sign_in_as(), await holyone.sign_in_as(Role.CONSULTANT)
    guide = await holyone.sign_in_as(Role.GUIDE)
    booked = await practice.book(customer, await practice.order(customer))
    others = await practice.book(stranger, await practice.order(stranger), THURSDAY + timedelta(hours=1))
    path = f"/consultations/{booked['id']}"
    for who in (stranger, colleague, guide):
        assert refusal(await who.get(path), 404) == "CONSULTATION_NOT_FOUND"
        assert refusal(await who.post(f"{path}/cancel"), 404) == "CONSULTATION_NOT_FOUND"
    for who, seen in (
        (customer, [booked]), (practice.consultant, [others, booked]), (practice.office, [others, booked]),
        (colleague, []), (guide, []),
    ):  # fmt: skip
        page = read(await who.get("/consultations"))
        assert [item["id"] for item in page["items"]] == [item["id"] for item in seen]
        assert page["total"] == len(seen)

    async def found(**params: str | int) -> list[str]:
        return [item["id"] for item in read(await practice.office.get("/consultations", params=params))["items"]]

    assert await found(userId=str(stranger.user_id)) == [others["id"]]
    assert await found(orderId=booked["orderId"]) == [booked["id"]]
    assert await found(consultantId=str(colleague.user_id)) == []
    assert await found(status="PENDING") == []
    assert await found(**{"from": others["scheduledAt"]}) == [others["id"]]
    assert await found(to=others["scheduledAt"]) == [booked["id"]]
    assert await found(perPage=1, page=2) == [booked["id"]]


async def test_staff_book_for_the_customer(practice: Practice, customer: StorefrontClient, clock: FrozenClock) -> None:
    order_id = await practice.order(customer)
    soon = clock.now() + timedelta(hours=1)
    booked = await practice.book(practice.consultant, order_id, soon)
    assert (booked["userId"], booked["status"]) == (str(customer.user_id), "SCHEDULED")
    assert read(await customer.get(f"/consultations/{booked['id']}"))["scheduledAt"] == "2026-12-01T04:00:00Z"
    body = {"orderId": order_id, "startsAt": clock.now().isoformat()}
    assert faulty_fields(await practice.consultant.post("/consultations", json=body)) == ["startsAt"]
    colleague = await customer.visitor().sign_in_as(Role.CONSULTANT)
    assert refusal(await colleague.post("/consultations", json=body), 404) == "ORDER_NOT_FOUND"


async def test_a_request_waits_for_a_yes_and_blocks_its_slot(start_practice: StartPractice) -> None:
    async with start_practice(CONSULTATIONS_NEED_APPROVAL="true") as practice:
        customer, second = await practice.office.visitor().sign_in_as(), await practice.office.visitor().sign_in_as()
        asked = await practice.book(customer, await practice.order(customer))
        assert (asked["status"], asked["meetingLink"]) == ("PENDING", None)
        body = {"orderId": await practice.order(second), "startsAt": THURSDAY.isoformat()}
        assert refusal(await second.post("/consultations", json=body), 409) == "SLOT_TAKEN"
        assert await refused(customer, asked, "approve", 403) == "NOT_ALLOWED"
        assert await refused(practice.consultant, asked, "complete") == "CONSULTATION_CLOSED"
        approved = await step(practice.consultant, asked, "approve")
        assert approved["status"] == "SCHEDULED"
        assert approved["meetingLink"].startswith("https://meet.jit.si/")
        assert await refused(practice.consultant, asked, "approve") == "CONSULTATION_CLOSED"
        declined = read(await second.post("/consultations", json={**body, "startsAt": "2026-12-03T04:00:00Z"}), 201)
        assert (await step(practice.consultant, declined, "cancel"))["isSessionUsed"] is False
        by_staff = await practice.book(practice.consultant, body["orderId"], THURSDAY + timedelta(hours=3))
        assert by_staff["status"] == "SCHEDULED", "staff need nobody's yes"


async def test_nobody_is_staff_in_their_own_case(practice: Practice) -> None:
    booked = await practice.book(practice.office, await practice.order(practice.office))
    for verb in ("approve", "complete", "no-show", "waive"):
        assert await refused(practice.office, booked, verb, 403) == "NOT_ALLOWED"
