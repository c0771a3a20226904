"""Orders of two customers side by side, in every state: each is shown with what is its own."""

from decimal import Decimal

import pytest
from tests.features.orders.conftest import Json, Shop
from tests.features.orders.test_bystanders import order_everything
from tests.support.client import StorefrontClient, read

from sojourn.people.auth.access import Actor
from sojourn.people.roles import Role
from sojourn.providers.work import Work
from sojourn.sales.open_purchases import OpenPurchases
from sojourn.sales.orders import queries

_EVENTS = "SELECT id FROM order_events WHERE order_id = $1 ORDER BY id"
_PAYMENTS = "SELECT id::text FROM payments WHERE purchase_id = $1"


@pytest.fixture
async def guests(holyone: StorefrontClient, shop: Shop, holyone_work: Work) -> list[StorefrontClient]:
    """Two who have an order in every state."""
    consultant = await holyone.sign_in_as(Role.CONSULTANT)
    both = [await holyone.sign_in_as() for _ in range(2)]
    for guest in both:
        await order_everything(shop, guest, consultant, holyone_work)
    return both


async def test_each_is_shown_with_its_own(shop: Shop, guests: list[StorefrontClient]) -> None:
    seen: set[str] = set()
    for guest in guests:
        listed = {order["id"]: order for order in read(await guest.get("/orders"))["items"]}
        assert len(listed) == 5
        assert not seen & set(listed)
        seen |= set(listed)
        for order_id, shown in listed.items():
            detail: Json = read(await guest.get(f"/orders/{order_id}"))
            assert {key: detail[key] for key in shown} == shown
            assert detail["userId"] == str(guest.user_id)
            assert (detail["payment"] or {}).get("id") in {row["id"] for row in await guest.rows(_PAYMENTS, order_id)}
            assert sum(Decimal(line["amount"]) for line in detail["lines"]) == Decimal(detail["totalAmount"])
            at_desk: Json = read(await shop.office.get(f"/orders/{order_id}"))
            events = [event["id"] for event in await guest.rows(_EVENTS, order_id)]
            assert [event["id"] for event in at_desk["events"]] == events
            has_case = detail["status"] in ("CONFIRMED", "IN_PROGRESS", "COMPLETED", "CANCELLED")
            assert (detail["case"] or {}).get("stage") == ("intake" if has_case else None)


async def test_what_keeps_an_account_open_is_its_own(guests: list[StorefrontClient]) -> None:
    one, other = guests
    query = "SELECT status, order_number FROM orders WHERE user_id = $1"
    numbers = {row["status"]: row["order_number"] for row in await one.rows(query, one.user_id)}
    await other.rows("UPDATE orders SET status = 'COMPLETED' WHERE status <> 'PENDING' AND user_id = $1", other.user_id)
    async with one.database.read() as connection:
        still_open = [
            await OpenPurchases().list_open(connection, user_id=who.user_id, now=one.runtime.clock.now())
            for who in guests
        ]
    assert still_open == [sorted((numbers["CONFIRMED"], numbers["IN_PROGRESS"])), []]


async def test_each_is_found_by_its_own_name(shop: Shop, guests: list[StorefrontClient]) -> None:
    admin = Actor(shop.office.user_id, shop.office.email, "Office", Role.ADMIN, 0)
    rows = await shop.office.rows("SELECT id, order_number, user_id, total_amount, paid_amount FROM orders")
    assert len(rows) == 10
    for row in rows:
        order_id = row["id"]
        async with shop.office.database.unit_of_work() as tx:
            names = str(order_id), row["order_number"].lower()
            found = [
                await queries.get(tx, order_id=order_id),
                *[await queries.get_visible(tx, id_or_number=name, actor=admin) for name in names],
                *[await queries.lock_visible(tx, id_or_number=name, actor=admin) for name in names],
                *[await queries.lock_at_desk(tx, id_or_number=name, actor=admin) for name in names],
            ]
            assert {(order.id, order.user_id) for order in found} == {(order_id, row["user_id"])}
            purchases = [await one(tx, order_id=order_id) for one in (queries.find_purchase, queries.lock_purchase)]
            assert [one and (one["id"], one["total_amount"]) for one in purchases] == [
                (order_id, row["total_amount"])
            ] * 2
            money = await queries.get_money(tx, order_id=order_id)
        assert money.captured == (row["paid_amount"] or 0)
        assert money.refunded_or_pending == (money.captured if found[0].status == "CANCELLED" else 0)


async def test_whoever_has_fewest_open_cases_is_freest(shop: Shop, holyone: StorefrontClient) -> None:
    customer = await holyone.sign_in_as()
    busy, free = [await holyone.sign_in_as(Role.CONSULTANT) for _ in range(2)]
    away = await holyone.sign_in_as(Role.CONSULTANT)
    await holyone.rows("UPDATE users SET is_active = false WHERE id = $1", away.user_id)
    asked, *cases = [await shop.order(customer) for _ in range(4)]
    whose = {cases[0]["id"]: busy, cases[1]["id"]: free, cases[2]["id"]: free}
    for order_id, consultant in whose.items():
        body = {"consultantId": str(consultant.user_id)}
        read(await shop.office.patch(f"/admin/orders/{order_id}/assign", json=body))
    for closed, status in (("COMPLETED", "PENDING"), ("CANCELLED", "CONFIRMED"), ("COMPLETED", "IN_PROGRESS")):
        change = "UPDATE orders SET status = CASE WHEN consultant_id = $1 THEN $2 ELSE $3 END WHERE id <> $4"
        await holyone.rows(change, busy.user_id, status, closed, asked["id"])
        async with holyone.database.unit_of_work() as tx:
            order = await queries.get(tx, order_id=asked["id"])
            freest = await queries.find_freest_consultant(tx, order=order)
        assert freest is not None
        assert freest["id"] == free.user_id, status
