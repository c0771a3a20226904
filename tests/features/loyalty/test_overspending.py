"""Two holds at once, on real connections: together they ask for more points than there are."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from tests.features.loyalty.conftest import RULES, Customer, broken_sums
from tests.support.statements import recorded_statements

from sojourn.platform.kit.ids import new_id
from sojourn.sales.loyalty import queries, service
from sojourn.sales.loyalty.errors import NotEnoughPoints

ROUNDS = 5


async def reserve_together(customer: Customer, *, points: int, count: int) -> list[UUID]:
    """`count` holds that have all begun before the first one commits; those that got their points."""
    begun = asyncio.Barrier(count)

    async def reserve() -> UUID | None:
        purchase_id = new_id()
        try:
            async with customer.database.unit_of_work() as tx:
                await tx.execute("SELECT 1")
                await begun.wait()
                await service.reserve(
                    tx, user_id=customer.user_id, purchase_id=purchase_id, points=points,
                    expires_at=customer.now + timedelta(minutes=15), now=customer.now,
                )  # fmt: skip
                if queries._LOCK_OWNER.endswith("$1"):
                    await begun.wait()  # without a lock nobody waits for the other's commit
        except NotEnoughPoints:
            return None
        return purchase_id

    held = await asyncio.gather(*(reserve() for _ in range(count)))
    return [purchase_id for purchase_id in held if purchase_id]


async def test_points_are_not_promised_twice(customer: Customer) -> None:
    await customer.earn(500)
    for _ in range(ROUNDS):
        held = await reserve_together(customer, points=300, count=4)
        assert len(held) == 1
        async with customer.database.unit_of_work() as tx:
            await service.release(tx, purchase_id=held[0])


async def test_control_without_the_lock_they_are(customer: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "_LOCK_OWNER", "SELECT id FROM users WHERE id = $1")
    await customer.earn(500)
    assert len(await reserve_together(customer, points=300, count=2)) == 2


async def test_the_same_confirmation_twice_at_once_spends_once(customer: Customer) -> None:
    await customer.earn(500)
    held = await customer.reserve(300)
    await asyncio.gather(*(customer.consume(held) for _ in range(4)))
    assert await customer.cached() == 200


async def test_every_act_at_once_keeps_the_sums(customer: Customer) -> None:
    """Deadlock or a lost update would show here."""
    earned = [await customer.earn(100) for _ in range(6)]
    spent = [await customer.spend(100) for _ in range(3)]

    async def act(number: int) -> None:
        async with customer.database.unit_of_work() as tx:
            await service.take_back(
                tx, purchase_id=earned[number], refunded=Decimal(100), captured=Decimal(100), now=customer.now
            )
        async with customer.database.unit_of_work() as tx:
            await service.give_back(tx, purchase_id=spent[number], fraction=Decimal(1), now=customer.now, rules=RULES)

    await asyncio.gather(*(act(number) for number in (0, 1, 2, 0, 1, 2)), *(customer.earn(50) for _ in range(3)))
    assert await broken_sums(customer.database) == []
    assert (await customer.balance()).available == 600 - 300 - 300 + 300 + 150


async def test_a_hold_with_points_takes_four_statements(customer: Customer) -> None:
    await customer.earn(500)
    async with recorded_statements(customer.database) as statements:
        await customer.reserve(300)
    assert len(statements) == 6, statements  # lock, forget, read, write, between BEGIN and COMMIT
