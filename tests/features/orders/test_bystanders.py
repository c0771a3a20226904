"""Somebody orders, pays and cancels, and the desk works for them, beside somebody else whose orders stand in every
state there is."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from tests.features.orders.conftest import DETAILS, Shop, grant, points_of
from tests.support.bystanders import nobody_else_is_touched
from tests.support.client import StorefrontClient, read
from tests.support.selling import open_intent
from tests.support.work import do_jobs

from sojourn.people.roles import Role
from sojourn.platform.kit.clock import FrozenClock
from sojourn.providers.work import Work


async def order_everything(shop: Shop, guest: StorefrontClient, consultant: StorefrontClient, work: Work) -> None:
    """Unpaid, paid, in progress, completed, and cancelled with the money given back."""
    await grant(guest, 500)
    pending = await shop.order(guest, loyaltyPoints=100)
    await open_intent(guest, orderId=pending["id"])
    await shop.paid(guest, loyaltyPoints=100)
    begun, done = await shop.paid(guest), await shop.paid(guest, "evisa")
    whose = {"consultantId": str(consultant.user_id)}
    for order in (begun, done):
        read(await shop.office.patch(f"/admin/orders/{order['id']}/assign", json=whose))
        await shop.move(order, status="IN_PROGRESS")
    await shop.move(done, status="COMPLETED")
    cancelled = await shop.paid(guest, loyaltyPoints=100)
    read(await guest.patch(f"/orders/{cancelled['id']}/cancel"))
    await do_jobs(work)


@pytest.fixture
async def consultant(holyone: StorefrontClient) -> StorefrontClient:
    return await holyone.sign_in_as(Role.CONSULTANT)


@pytest.fixture
async def beside(
    shop: Shop, customer: StorefrontClient, consultant: StorefrontClient, holyone: StorefrontClient, holyone_work: Work
) -> AsyncIterator[StorefrontClient]:
    """A customer who has nothing yet. What is somebody else's is at the end of the test as it was."""
    await order_everything(shop, customer, consultant, holyone_work)
    async with nobody_else_is_touched(holyone):
        yield await holyone.sign_in_as()


async def test_an_unpaid_order_is_corrected_and_cancelled(beside: StorefrontClient, shop: Shop) -> None:
    guest = beside
    await grant(guest, 300)
    order = await shop.order(guest, loyaltyPoints=100)
    changed = read(await guest.patch(f"/orders/{order['id']}", json={"serviceDetails": DETAILS}))
    assert changed["serviceDetails"]["destination"] == "France"
    first = await open_intent(guest, orderId=order["id"])
    assert await open_intent(guest, orderId=order["id"]) == first
    assert first["amount"] == "298.00"
    shown = read(await guest.get(f"/orders/{order['id']}/cancellation-preview"))
    assert (shown["refundAmount"], shown["pointsReturned"], shown["pointsTakenBack"]) == ("0.00", 100, 0)
    cancelled = read(await guest.patch(f"/orders/{order['id']}/cancel", json={"quoteId": shown["quoteId"]}))
    assert cancelled["status"] == "CANCELLED"
    assert await points_of(guest) == (300, 0)
    assert [one["id"] for one in read(await guest.get("/payments"))["items"]] == [first["paymentId"]]


async def test_a_paid_order_is_worked_on_and_completed(
    beside: StorefrontClient, shop: Shop, consultant: StorefrontClient, clock: FrozenClock
) -> None:
    guest = beside
    await grant(guest, 300)
    order = await shop.pay(guest, await shop.order(guest, loyaltyPoints=100))
    path = f"/admin/orders/{order['id']}"
    assert (order["status"], await points_of(guest)) == ("CONFIRMED", (200, 298))
    assigned = read(await shop.office.patch(f"{path}/assign", json={"consultantId": str(consultant.user_id)}))
    assert assigned["consultantId"] == str(consultant.user_id)
    read(await consultant.post(f"{path}/notes", json={"note": "On the phone", "isPublic": True}), 201)
    clock.advance(timedelta(hours=1))
    await shop.move(order, by=consultant, status="IN_PROGRESS")
    done = await shop.move(order, status="COMPLETED")
    assert (done["status"], await points_of(guest)) == ("COMPLETED", (498, 0))
    kinds = [event["kind"] for event in done["events"]]
    assert sorted(kinds) == ["ASSIGNMENT", "NOTE", "STAGE", "STAGE", "STATUS", "STATUS", "STATUS", "STATUS"]


async def test_a_paid_order_is_cancelled_and_given_back(
    beside: StorefrontClient, shop: Shop, holyone_work: Work
) -> None:
    guest = beside
    await grant(guest, 300)
    order = await shop.pay(guest, await shop.order(guest, loyaltyPoints=100))
    shown = read(await guest.get(f"/orders/{order['id']}/cancellation-preview"))
    assert (shown["refundAmount"], shown["pointsReturned"], shown["pointsTakenBack"]) == ("298.00", 100, 298)
    read(await guest.patch(f"/orders/{order['id']}/cancel", json={"quoteId": shown["quoteId"]}))
    await do_jobs(holyone_work)
    [payment] = read(await guest.get("/payments"))["items"]
    assert (payment["status"], payment["refundAmount"]) == ("REFUNDED", "298.00")
    assert await points_of(guest) == (300, 0)
