"""What is said to be locked is locked, and nobody waits in vain."""

import asyncio
from uuid import UUID

from tests.features.orders.conftest import Shop
from tests.support.client import StorefrontClient
from tests.support.locks import Lock, loose

from sojourn.people.auth.access import Actor
from sojourn.people.roles import Role
from sojourn.providers.work import Work
from sojourn.sales.orders import cases
from sojourn.sales.orders import queries as orders


async def test_whatever_is_ordered(shop: Shop, customer: StorefrontClient, holyone: StorefrontClient) -> None:
    await shop.order(customer)
    await holyone.sign_in_as(Role.CONSULTANT)
    office = shop.office
    desk = Actor(user_id=office.user_id, email=office.email, name="Office", role=Role.ADMIN, version=0)
    locks: list[tuple[str, str, Lock]] = [
        ("orders", "true", lambda tx, row: orders.lock_visible(tx, id_or_number=str(row["id"]), actor=desk)),
        ("orders", "true", lambda tx, row: orders.lock_at_desk(tx, id_or_number=str(row["id"]), actor=desk)),
        ("orders", "true", lambda tx, row: orders.lock_purchase(tx, order_id=row["id"])),
        ("users", "role = 'CONSULTANT'", lambda tx, row: orders.lock_consultant(tx, user_id=row["id"])),
    ]
    assert await loose(holyone, locks) == []


async def test_consultants_are_chosen_one_after_another(
    shop: Shop, customer: StorefrontClient, holyone: StorefrontClient
) -> None:
    order = await shop.order(customer)
    async with holyone.database.unit_of_work() as tx:
        await orders.find_freest_consultant(tx, order=await orders.get(tx, order_id=UUID(order["id"])))
        may = "SELECT pg_try_advisory_xact_lock(hashtext('orders.assign')) AS may_choose"
        assert await holyone.rows(may) == [{"may_choose": False}]
    assert await holyone.rows(may) == [{"may_choose": True}]


async def test_a_case_that_somebody_works_on_is_left_for_the_next_time(
    shop: Shop, customer: StorefrontClient, holyone: StorefrontClient, holyone_work: Work
) -> None:
    orders_paid = [await shop.paid(customer), await shop.paid(customer)]
    async with holyone.database.read() as connection:
        await connection.execute("UPDATE orders SET stage_promised_on = DATE '2026-11-01'")
    async with holyone.database.unit_of_work() as tx:
        await orders.lock_purchase(tx, order_id=UUID(orders_paid[0]["id"]))
        async with asyncio.timeout(5):
            await cases.warn_of_late(holyone_work)
    warned = "SELECT id::text FROM orders WHERE stage_warned_at IS NOT NULL"
    assert await holyone.rows(warned) == [{"id": orders_paid[1]["id"]}]
    await cases.warn_of_late(holyone_work)
    assert len(await holyone.rows(warned)) == 2
