"""Orders find a consultant by themselves: by the customer's language, by open cases, by idle time."""

import asyncio
from collections import Counter
from datetime import timedelta

from tests.features.orders.conftest import Json, Shop
from tests.support.client import StorefrontClient, read

from sojourn.people.roles import Role
from sojourn.platform.kit.clock import FrozenClock


async def speaker(holyone: StorefrontClient, *languages: str) -> str:
    consultant = await holyone.sign_in_as(Role.CONSULTANT)
    read(await consultant.patch("/users/me", json={"spokenLanguages": list(languages)}))
    return str(consultant.user_id)


async def caller(holyone: StorefrontClient, language: str) -> StorefrontClient:
    customer = await holyone.sign_in_as()
    read(await customer.patch("/users/me/language", json={"language": language}))
    return customer


async def assign(shop: Shop, order: Json) -> Json:
    assigned: Json = read(await shop.office.patch(f"/admin/orders/{order['id']}/assign", json={"auto": True}))
    return assigned


async def test_a_busy_one_who_speaks_it_comes_before_idle_ones_who_do_not(
    shop: Shop, holyone: StorefrontClient, clock: FrozenClock
) -> None:
    await speaker(holyone, "en")
    khmer = await speaker(holyone, "en", "km")
    both = await speaker(holyone, "km", "zh")
    customer = await caller(holyone, "km")
    chosen = []
    for _ in range(4):
        assigned = await assign(shop, await shop.order(customer, "guide"))
        chosen.append(assigned["consultantId"])
        assert assigned["events"][-1]["note"] is None
        clock.advance(timedelta(minutes=1))
    assert chosen == [khmer, both, khmer, both]
    chinese = await assign(shop, await shop.order(await caller(holyone, "zh"), "guide"))
    assert chinese["consultantId"] == both, "the only one, with two cases more than others"


async def test_of_those_who_speak_it_the_one_with_fewest_cases(shop: Shop, holyone: StorefrontClient) -> None:
    first, second = await speaker(holyone, "km"), await speaker(holyone, "km")
    customer = await caller(holyone, "km")
    for _ in range(2):
        order = await shop.order(customer, "guide")
        read(await shop.office.patch(f"/admin/orders/{order['id']}/assign", json={"consultantId": first}))
    assert (await assign(shop, await shop.order(customer, "guide")))["consultantId"] == second
    assert (await assign(shop, await shop.order(customer, "guide")))["consultantId"] == second


async def test_asked_again_an_order_stays_where_it_is(
    shop: Shop, holyone: StorefrontClient, clock: FrozenClock
) -> None:
    consultants = [await speaker(holyone, "km") for _ in range(3)]
    customer = await caller(holyone, "km")
    order = await shop.order(customer, "guide")
    first = await assign(shop, order)
    clock.advance(timedelta(hours=1))
    assert [await assign(shop, order) for _ in range(2)] == [first, first]
    assert len(first["events"]) == 2, "ordered, and given away once"
    busy = first["consultantId"]
    for _ in range(2):
        more = await shop.order(customer, "guide")
        read(await shop.office.patch(f"/admin/orders/{more['id']}/assign", json={"consultantId": busy}))
    assert (await assign(shop, order))["consultantId"] in {*consultants} - {busy}, "others are freer by now"


async def test_where_nobody_speaks_it_anybody_does_and_staff_are_told(shop: Shop, holyone: StorefrontClient) -> None:
    english = await speaker(holyone, "en")
    silent = str((await holyone.sign_in_as(Role.CONSULTANT)).user_id)
    customer = await caller(holyone, "zh")
    orders = [await shop.order(customer, "guide") for _ in range(2)]
    assigned = [await assign(shop, order) for order in orders]
    assert {one["consultantId"] for one in assigned} == {english, silent}
    for one in assigned:
        event = one["events"][-1]
        assert (event["kind"], event["note"], event["isPublic"]) == (
            "ASSIGNMENT", "No active consultant speaks the customer's language (zh).", False,
        )  # fmt: skip
        seen = read(await customer.get(f"/orders/{one['id']}"))["events"][-1]
        assert (seen["kind"], seen["note"]) == ("ASSIGNMENT", None)


async def test_orders_assigned_at_once_are_spread_over_those_who_speak_it(
    shop: Shop, holyone: StorefrontClient
) -> None:
    await speaker(holyone, "en")
    khmer = [await speaker(holyone, "km") for _ in range(2)]
    customer = await caller(holyone, "km")
    orders = [await shop.order(customer, "guide") for _ in range(6)]
    assigned = await asyncio.gather(*(assign(shop, order) for order in orders))
    assert Counter(one["consultantId"] for one in assigned) == dict.fromkeys(khmer, 3)
