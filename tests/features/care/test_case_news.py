"""What customers are told of the work on their orders, step by step, and at which address."""

from typing import Any

import pytest
from tests.features.orders.conftest import Shop
from tests.support.client import StorefrontClient, read, refusal
from tests.support.mailbox import Mailbox
from tests.support.work import do_jobs

from sojourn.people.roles import Role
from sojourn.platform.kit.ids import new_id
from sojourn.providers.work import Work

STAGES = (
    ("intake", "Intake", "NOT_STARTED", 2),
    ("review", "Review", "IN_REVIEW", 3),
    ("waiting", "Waiting for your papers", "INFORMATION_MISSING", None),
    ("lodged", "Lodged", "LODGED", None),
)


@pytest.fixture
async def shop(holyone: StorefrontClient, sandbox: str) -> Shop:
    shop = Shop(await holyone.sign_in_as(Role.ADMIN, name="Office"), sandbox)
    service_id = await shop.sell("professional", "MAIN", fee="299.00")
    stages = [
        {"key": key, "title": {"en": title, "zh": f"中 {title}"}, "refundStage": stage, "promisedDays": days}
        for key, title, stage, days in STAGES
    ]
    read(await shop.office.patch(f"/services/{service_id}", json={"stages": stages}))
    return shop


@pytest.fixture
async def customer(holyone: StorefrontClient) -> StorefrontClient:
    return await holyone.sign_in_as(email=f"customer-{new_id()}@example.com")


@pytest.fixture
async def order(shop: Shop, customer: StorefrontClient, holyone_work: Work) -> Any:
    paid = await shop.paid(customer)
    await do_jobs(holyone_work)
    return paid


async def news(mailbox: Mailbox, who: StorefrontClient) -> list[dict[str, Any]]:
    """What came after the confirmation and the first steps."""
    return (await mailbox(who.email))[2:]


async def test_every_stage_of_a_case_is_told_once(
    shop: Shop, customer: StorefrontClient, order: Any, holyone_work: Work, mailbox: Mailbox
) -> None:
    path = f"/admin/orders/{order['id']}/case"
    for stage in ("review", "waiting", "waiting"):
        read(await shop.office.patch(path, json={"stage": stage}))
    await do_jobs(holyone_work)
    moved, waiting = await news(mailbox, customer)
    assert "In progress" in moved["text"], "what puts the order in progress is told as that"
    assert order["orderNumber"] in waiting["subject"]
    assert "Waiting for your papers" in waiting["text"]
    assert "It is your turn now" in waiting["text"]
    assert "Done by" not in waiting["text"]
    read(await shop.office.patch(path, json={"stage": "review"}))
    await do_jobs(holyone_work)
    back = (await news(mailbox, customer))[-1]
    assert "your turn" not in back["text"]
    assert "Done by: December 4, 2026" in back["text"], "three working days from Tuesday, 1 December"


async def test_a_note_for_the_customer_goes_with_the_move(
    shop: Shop, customer: StorefrontClient, order: Any, holyone_work: Work, mailbox: Mailbox
) -> None:
    path = f"/admin/orders/{order['id']}/case"
    first = {"stage": "review", "reason": "Only for us", "note": "We <b>begin</b> today"}
    read(await shop.office.patch(path, json=first))
    read(await shop.office.patch(path, json={"stage": "waiting", "reason": "A bad scan", "note": "Page 2 is cut off"}))
    await do_jobs(holyone_work)
    moved, waiting = await news(mailbox, customer)
    assert "We <b>begin</b> today" in moved["text"]
    assert "<b>begin</b>" not in moved["html"]
    assert "Page 2 is cut off" in waiting["text"]
    seen = read(await customer.get(f"/orders/{order['id']}"))
    assert [event["note"] for event in seen["events"] if event["kind"] == "NOTE"] == [
        first["note"],
        "Page 2 is cut off",
    ]
    for told in (moved["text"], waiting["text"], str(seen)):
        assert "Only for us" not in told
        assert "A bad scan" not in told


async def test_only_notes_for_the_customer_are_mailed(
    shop: Shop, customer: StorefrontClient, order: Any, holyone_work: Work, mailbox: Mailbox
) -> None:
    path = f"/admin/orders/{order['id']}/notes"
    read(await shop.office.post(path, json={"note": "Difficult customer"}), 201)
    read(await shop.office.post(path, json={"note": "We lodge on Monday", "isPublic": True}), 201)
    await do_jobs(holyone_work)
    (told,) = await news(mailbox, customer)
    assert "We lodge on Monday" in told["text"]
    assert "Difficult" not in told["text"]
    assert "Stage" not in told["text"]


async def test_an_orders_own_address_counts_from_the_payment_on(
    shop: Shop, customer: StorefrontClient, holyone_work: Work, mailbox: Mailbox
) -> None:
    contact = f"contact-{new_id()}@example.com"
    info = {"fullName": "Meas Lina", "email": contact}
    unpaid = await shop.order(customer, customerInfo=info)
    read(await customer.patch(f"/orders/{unpaid['id']}/cancel", json={"reason": "Buy at https://spam.example"}))
    await do_jobs(holyone_work)
    assert await mailbox(contact) == [], "nobody sends mails to strangers without paying"
    assert len(await mailbox(customer.email)) == 1
    paid = await shop.paid(customer, customerInfo=info)
    await do_jobs(holyone_work)
    confirmation = (await mailbox(contact))[0]
    assert paid["orderNumber"] in confirmation["subject"]
    assert "Dear Meas Lina" in confirmation["text"]
    assert len(await mailbox(customer.email)) == 1


async def test_a_move_that_is_refused_tells_nobody(
    shop: Shop, customer: StorefrontClient, order: Any, holyone: StorefrontClient, holyone_work: Work, mailbox: Mailbox
) -> None:
    stranger = await holyone.sign_in_as(Role.CONSULTANT)
    body = {"stage": "review", "note": "Hello"}
    assert refusal(await stranger.patch(f"/admin/orders/{order['id']}/case", json=body), 404) == "ORDER_NOT_FOUND"
    await do_jobs(holyone_work)
    assert await news(mailbox, customer) == []
