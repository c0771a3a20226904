"""Cases at the agency's desk: stages, promises, lateness, notes for the customer."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from tests.features.orders.conftest import CUSTOMER, Json, Shop, queued
from tests.support.bystanders import nobody_else_is_touched
from tests.support.client import StorefrontClient, faulty_fields, read, refusal
from tests.support.work import do_jobs, work_for

from sojourn.people.roles import Role
from sojourn.platform.kit.clock import FrozenClock
from sojourn.providers.work import Work
from sojourn.sales.effects import ORDER_STATUS_CHANGED, STAFF_ALERT
from sojourn.sales.orders.cases import warn_of_late

STAGES: list[dict[str, Any]] = [
    {"key": "intake", "title": {"en": "Intake", "km": "ទទួល"}, "refundStage": "NOT_STARTED", "promisedDays": 1},
    {"key": "review", "title": {"en": "Review"}, "refundStage": "IN_REVIEW", "promisedDays": 3},
    {"key": "missing", "title": {"en": "Waiting for you"}, "refundStage": "INFORMATION_MISSING"},
    {"key": "preparation", "title": {"en": "Preparation"}, "refundStage": "IN_REVIEW", "promisedDays": 5},
    {"key": "lodged", "title": {"en": "Lodged"}, "refundStage": "LODGED"},
    {"key": "decision", "title": {"en": "Decision"}, "refundStage": "COMPLETED"},
]


@pytest.fixture
async def visa(shop: Shop) -> Shop:
    """The shop, its package with the stages of a visa."""
    read(await shop.office.patch(f"/services/{shop.services['professional']}", json={"stages": STAGES}))
    return shop


@pytest.fixture
async def consultant(holyone: StorefrontClient) -> StorefrontClient:
    return await holyone.sign_in_as(Role.CONSULTANT, name="Keo Bopha")


@pytest.fixture
async def worker(holyone: StorefrontClient, sandbox: str) -> AsyncIterator[Work]:
    async with work_for(holyone, sandbox) as given:
        yield given


async def go(shop: Shop, order: Json, stage: str, *, by: StorefrontClient | None = None, **more: object) -> Json:
    answer = await (by or shop.office).patch(f"/admin/orders/{order['id']}/case", json={"stage": stage, **more})
    moved: Json = read(answer)
    return moved


async def test_paying_opens_the_case(visa: Shop, customer: StorefrontClient) -> None:
    order = await visa.order(customer)
    assert order["case"] is None
    paid = await visa.pay(customer, order)
    # Tuesday 1 December 2026, 10:00 in Phnom Penh: the next working day is Wednesday.
    assert paid["case"] == {
        "stage": "intake", "title": {"en": "Intake", "km": "ទទួល", "zh": None}, "startedAt": "2026-12-01T03:00:00Z",
        "promisedOn": "2026-12-02", "isLate": False,
    }  # fmt: skip
    guide = await visa.paid(customer, "guide")
    assert guide["case"] is None, "nobody works on a guide to download"


async def test_from_intake_to_the_decision(
    visa: Shop, customer: StorefrontClient, consultant: StorefrontClient, clock: FrozenClock
) -> None:
    order = await visa.paid(customer)
    read(await visa.office.patch(f"/admin/orders/{order['id']}/assign", json={"consultantId": str(consultant.user_id)}))
    review = await go(visa, order, "review", by=consultant)
    assert (review["status"], review["refundStage"], review["case"]["promisedOn"]) == (
        "IN_PROGRESS", "IN_REVIEW", "2026-12-04",
    )  # fmt: skip
    clock.advance(timedelta(days=3))
    waiting = await go(visa, order, "missing", by=consultant)
    assert (waiting["refundStage"], waiting["case"]["promisedOn"]) == ("INFORMATION_MISSING", None)
    again = await go(visa, order, "review", by=consultant)
    # Three working days from Friday the 4th: Monday, Tuesday, Wednesday.
    assert (again["refundStage"], again["case"]["promisedOn"]) == ("IN_REVIEW", "2026-12-09")
    await go(visa, order, "lodged", by=consultant)
    preview = read(await customer.get(f"/orders/{order['id']}/cancellation-preview"))
    assert (preview["refundStage"], preview["refundPercent"], preview["refundAmount"]) == ("LODGED", 0, "0.00")
    done = await go(visa, order, "decision", by=consultant)
    assert (done["status"], done["refundStage"], done["case"]["stage"]) == ("COMPLETED", "COMPLETED", "decision")
    seen = read(await customer.get(f"/orders/{order['id']}"))
    steps = [(event["fromStatus"], event["toStatus"]) for event in seen["events"] if event["kind"] == "CASE"]
    assert steps == [
        ("intake", "review"), ("review", "missing"), ("missing", "review"), ("review", "lodged"),
        ("lodged", "decision"),
    ]  # fmt: skip
    assert len(await queued(customer, ORDER_STATUS_CHANGED)) == 2, "in progress, and completed"


async def test_what_comes_back_goes_by_the_stage(visa: Shop, customer: StorefrontClient) -> None:
    order = await visa.paid(customer)
    preview = f"/orders/{order['id']}/cancellation-preview"
    assert read(await customer.get(preview))["refundAmount"] == "299.00"
    await go(visa, order, "review")
    assert read(await customer.get(preview))["refundAmount"] == "269.10"
    await go(visa, order, "missing")
    assert read(await customer.get(preview))["refundAmount"] == "269.10"


async def test_consultants_go_forward_admins_back_with_a_reason(
    visa: Shop, customer: StorefrontClient, consultant: StorefrontClient
) -> None:
    order = await visa.paid(customer)
    path = f"/admin/orders/{order['id']}/case"
    assert refusal(await consultant.patch(path, json={"stage": "review"}), 404) == "ORDER_NOT_FOUND"
    assert refusal(await customer.patch(path, json={"stage": "review"}), 403) == "NOT_ALLOWED"
    read(await visa.office.patch(f"/admin/orders/{order['id']}/assign", json={"consultantId": str(consultant.user_id)}))
    await go(visa, order, "preparation", by=consultant)
    answer = await consultant.patch(path, json={"stage": "review", "reason": "A page is missing"})
    assert refusal(answer, 409) == "CASE_STAGE_NOT_ALLOWED"
    assert answer.json()["details"] == {
        "from": "preparation", "to": "review", "allowed": ["missing", "lodged", "decision"],
    }  # fmt: skip
    await go(visa, order, "lodged", by=consultant)
    assert faulty_fields(await visa.office.patch(path, json={"stage": "review"})) == ["reason"]
    back = await go(visa, order, "review", reason="The embassy was closed")
    assert (back["status"], back["refundStage"], back["case"]["stage"]) == ("IN_PROGRESS", "IN_REVIEW", "review")
    assert [event["note"] for event in back["events"] if event["kind"] == "CASE"][-1] == "The embassy was closed"
    told = read(await customer.get(f"/orders/{order['id']}"))
    assert [event["note"] for event in told["events"] if event["kind"] == "CASE"] == [None] * 3
    same = await go(visa, order, "review")
    assert same["version"] == back["version"], "the same stage again changes nothing"


async def test_forward_never_makes_a_refund_larger(visa: Shop, customer: StorefrontClient) -> None:
    order = await visa.paid(customer)
    lodged = await visa.move(order, status="IN_PROGRESS", refundStage="LODGED")
    assert lodged["case"]["stage"] == "lodged", "the case follows what is said of the work"
    back = await go(visa, order, "intake", reason="Wrong order")
    assert (back["refundStage"], back["status"]) == ("NOT_STARTED", "IN_PROGRESS")
    done = await visa.move(await go(visa, order, "preparation"), status="COMPLETED")
    assert done["case"]["stage"] == "decision"
    assert refusal(
        await visa.office.patch(f"/admin/orders/{order['id']}/case", json={"stage": "review", "reason": "x"}), 409
    ) == "CASE_STAGE_NOT_ALLOWED"  # fmt: skip


async def test_the_work_is_not_completed_before_it_began(visa: Shop, customer: StorefrontClient) -> None:
    order = await visa.paid(customer)
    answer = await visa.office.patch(f"/admin/orders/{order['id']}/case", json={"stage": "decision"})
    assert refusal(answer, 409) == "TRANSITION_NOT_ALLOWED"
    pending = await visa.order(customer)
    answer = await visa.office.patch(f"/admin/orders/{pending['id']}/case", json={"stage": "review"})
    assert refusal(answer, 409) == "CASE_STAGE_NOT_ALLOWED"


@pytest.mark.parametrize(
    ("body", "field"),
    [({}, "stage"), ({"stage": "nowhere"}, "stage"), ({"stage": "review", "reason": ""}, "reason"),
     ({"stage": "review", "version": 0}, "version")],
)  # fmt: skip
async def test_bad_moves_name_their_field(
    visa: Shop, customer: StorefrontClient, body: dict[str, Any], field: str
) -> None:
    order = await visa.paid(customer)
    assert faulty_fields(await visa.office.patch(f"/admin/orders/{order['id']}/case", json=body)) == [field]
    stale = {"stage": "review", "version": order["version"] - 1}
    assert refusal(await visa.office.patch(f"/admin/orders/{order['id']}/case", json=stale), 409) == "VERSION_CONFLICT"


async def test_late_cases_are_found_and_warned_of_once(
    visa: Shop, customer: StorefrontClient, clock: FrozenClock, worker: Work
) -> None:
    order = await visa.paid(customer, customerInfo=CUSTOMER)

    async def late(answer: bool = True) -> list[str]:
        page = read(await visa.office.get("/admin/orders", params={"isLate": str(answer).lower()}))
        assert all(item["case"]["isLate"] is answer for item in page["items"])
        return [item["id"] for item in page["items"]]

    clock.advance(timedelta(days=1, hours=13, minutes=59))  # 23:59 of the promised day in Phnom Penh
    await warn_of_late(worker)
    assert (await late(), await late(False), await queued(customer, STAFF_ALERT)) == ([], [order["id"]], [])
    clock.advance(timedelta(minutes=1))
    assert (await late(), await late(False)) == ([order["id"]], [])
    for _ in range(2):
        await warn_of_late(worker)
    [alert] = await queued(customer, STAFF_ALERT)
    assert alert["title"] == "A case is late"
    assert alert["details"] == {
        "order": order["orderNumber"], "service": "Professional", "stage": "intake", "promised_on": "2026-12-02",
        "consultant": "nobody",
    }  # fmt: skip
    await do_jobs(worker)
    await go(visa, order, "review")
    assert await late() == []
    clock.advance(timedelta(days=30))
    await warn_of_late(worker)
    assert [alert["details"]["stage"] for alert in await queued(customer, STAFF_ALERT)] == ["review"]
    assert "mail.staff_alert" in await do_jobs(worker)
    mails = await customer.rows("SELECT 1 FROM notifications WHERE kind = 'STAFF_ALERT'")
    assert len(mails) == 2, "each stage is a mail of its own"


async def test_notes_for_the_customer_and_notes_for_staff(visa: Shop, customer: StorefrontClient) -> None:
    order = await visa.paid(customer)
    path = f"/admin/orders/{order['id']}/notes"
    read(await visa.office.post(path, json={"note": "Difficult customer"}), 201)
    shown = read(await visa.office.post(path, json={"note": "Your bank has answered", "isPublic": True}), 201)
    assert shown["isPublic"] is True
    seen = read(await customer.get(f"/orders/{order['id']}"))
    notes = [(event["note"], event["actorId"]) for event in seen["events"] if event["kind"] == "NOTE"]
    assert notes == [("Your bank has answered", None)]
    desk = read(await visa.office.get(f"/admin/orders/{order['id']}"))
    assert [event["note"] for event in desk["events"] if event["kind"] == "NOTE"] == [
        "Difficult customer", "Your bank has answered",
    ]  # fmt: skip


async def test_stages_of_a_service_do_not_go_back(visa: Shop) -> None:
    path = f"/services/{visa.services['professional']}"
    assert faulty_fields(await visa.office.patch(path, json={"stages": STAGES[::-1]})) == ["stages"]
    wrong = [STAGES[0] | {"promisedDays": 121}]
    assert faulty_fields(await visa.office.patch(path, json={"stages": wrong})) == ["stages.0.promisedDays"]


async def test_a_case_moves_alone(visa: Shop, customer: StorefrontClient, holyone: StorefrontClient) -> None:
    other = await visa.paid(customer)
    order = await visa.paid(await holyone.sign_in_as())
    async with nobody_else_is_touched(holyone):
        moved = await go(visa, await visa.paid(await holyone.sign_in_as()), "review")
    assert moved["case"]["stage"] == "review"
    for person, one in ((customer, other), (visa.office, order)):
        assert read(await person.get(f"/orders/{one['id']}"))["case"]["stage"] == "intake"


async def test_only_work_that_goes_on_is_late_and_its_consultant_is_named(
    visa: Shop, customer: StorefrontClient, consultant: StorefrontClient, worker: Work, clock: FrozenClock
) -> None:
    assigned, nobodys, cancelled = [await visa.paid(customer) for _ in range(3)]
    whose = {"consultantId": str(consultant.user_id)}
    read(await visa.office.patch(f"/admin/orders/{assigned['id']}/assign", json=whose))
    read(await visa.office.patch(f"/admin/orders/{nobodys['id']}/assign", json={"consultantId": None}))
    read(await customer.patch(f"/orders/{cancelled['id']}/cancel"))
    clock.advance(timedelta(days=2))
    await warn_of_late(worker)
    told = {alert["details"]["order"]: alert["details"]["consultant"] for alert in await queued(customer, STAFF_ALERT)}
    assert told == {assigned["orderNumber"]: "Keo Bopha", nobodys["orderNumber"]: "nobody"}
