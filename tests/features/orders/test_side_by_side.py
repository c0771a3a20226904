"""Orders of two customers side by side, in every state: each is shown with what is its own."""

from decimal import Decimal

import pytest
from tests.features.orders.conftest import Json, Shop
from tests.features.orders.test_bystanders import order_everything
from tests.support.client import StorefrontClient, read

from sojourn.people.roles import Role
from sojourn.providers.work import Work
from sojourn.sales.open_purchases import OpenPurchases

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
