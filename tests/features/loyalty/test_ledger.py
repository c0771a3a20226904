"""The ledger on a real database: each act, twice where twice must change nothing."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from tests.features.loyalty.conftest import RULES, Customer
from tests.support.statements import recorded_statements

from sojourn.platform.kit.ids import new_id
from sojourn.sales.loyalty import service
from sojourn.sales.loyalty.errors import NotEnoughPoints

ALL = Decimal(1)


async def ledger(customer: Customer) -> list[tuple[str, int, str]]:
    async with customer.database.read() as connection:
        rows = await connection.fetch(
            "SELECT kind, points, status FROM loyalty_transactions WHERE user_id = $1 ORDER BY created_at, id",
            customer.user_id,
        )
    return [(row["kind"], row["points"], row["status"]) for row in rows]


async def lots(customer: Customer) -> list[dict[str, object]]:
    async with customer.database.read() as connection:
        rows = await connection.fetch(
            "SELECT status, points, remaining, expires_at FROM loyalty_lots WHERE user_id = $1 ORDER BY created_at, id",
            customer.user_id,
        )
    return [dict(row) for row in rows]


async def take_back(customer: Customer, purchase_id: UUID, refunded: str, captured: str) -> None:
    async with customer.database.unit_of_work() as tx:
        await service.take_back(
            tx, purchase_id=purchase_id, refunded=Decimal(refunded), captured=Decimal(captured), now=customer.now
        )


async def give_back(customer: Customer, purchase_id: UUID, fraction: Decimal) -> None:
    async with customer.database.unit_of_work() as tx:
        await service.give_back(tx, purchase_id=purchase_id, fraction=fraction, now=customer.now, rules=RULES)


async def test_points_are_pending_at_payment_and_available_at_completion(customer: Customer) -> None:
    purchase_id = await customer.earn(289, is_mature=False)
    assert (await customer.balance()).pending == 289
    assert (await customer.balance()).available == 0
    assert await customer.cached() == 0

    async with customer.database.unit_of_work() as tx:
        await service.mature(tx, purchase_id=purchase_id, now=customer.now, rules=RULES)
        await service.mature(tx, purchase_id=purchase_id, now=customer.now, rules=RULES)
    balance = await customer.balance()
    assert (balance.pending, balance.available, balance.value_usd) == (0, 289, Decimal("2.89"))
    assert await customer.cached() == 289
    assert (await lots(customer))[0]["expires_at"] == customer.now.replace(year=customer.now.year + 2)


async def test_a_purchase_earns_once(customer: Customer) -> None:
    purchase_id = await customer.earn(100)
    await customer.earn(100, purchase_id=purchase_id)
    assert (await customer.balance()).available == 100
    assert [kind for kind, _, _ in await ledger(customer)] == ["EARNED", "MATURED", "MATURED"]


async def test_earning_is_one_statement(customer: Customer) -> None:
    async with recorded_statements(customer.database) as statements:
        await customer.earn(5, is_mature=False)
    assert len(statements) == 3, statements  # BEGIN, it, COMMIT


async def test_nothing_is_earned_for_nothing(customer: Customer) -> None:
    await customer.earn(0)
    assert await ledger(customer) == []


async def test_held_points_cannot_be_held_twice_until_the_hold_lapses(customer: Customer) -> None:
    await customer.earn(500)
    first = await customer.reserve(400)
    with pytest.raises(NotEnoughPoints) as refused:
        await customer.reserve(200)
    assert refused.value.details == {"requested": 200, "available": 100}
    assert (await customer.balance()).reserved == 400

    customer.clock.advance(timedelta(minutes=15))
    assert (await customer.balance()).available == 500
    await customer.reserve(500)
    assert not await customer.consume(first), "its points went elsewhere"


async def test_a_second_reservation_of_a_purchase_replaces_the_first(customer: Customer) -> None:
    await customer.earn(500)
    purchase_id = await customer.reserve(400)
    await customer.reserve(500, purchase_id=purchase_id)
    assert (await customer.balance()).reserved == 500
    await customer.reserve(0, purchase_id=purchase_id)
    assert (await customer.balance()).available == 500
    assert await customer.consume(purchase_id)
    assert (await customer.balance()).available == 500


async def test_a_longer_hold_keeps_its_points_longer(customer: Customer) -> None:
    await customer.earn(500)
    purchase_id = await customer.reserve(500)
    async with customer.database.unit_of_work() as tx:
        await service.extend(tx, purchase_id=purchase_id, expires_at=customer.now + timedelta(minutes=30))
    customer.clock.advance(timedelta(minutes=29))
    with pytest.raises(NotEnoughPoints):
        await customer.reserve(100)
    customer.clock.advance(timedelta(minutes=1))
    await customer.reserve(100)


async def test_a_released_hold_frees_its_points_and_still_spends_them_when_paid_late(customer: Customer) -> None:
    await customer.earn(500)
    purchase_id = await customer.reserve(300)
    async with customer.database.unit_of_work() as tx:
        await service.release(tx, purchase_id=purchase_id)
    assert (await customer.balance()).available == 500
    assert await customer.consume(purchase_id)
    assert (await customer.balance()).available == 200


async def test_points_are_spent_once_soonest_to_expire_first(customer: Customer) -> None:
    await customer.earn(100)
    customer.clock.advance(timedelta(days=40))
    await customer.earn(300)
    purchase_id = await customer.spend(200)
    assert [lot["remaining"] for lot in await lots(customer)] == [0, 200]
    assert await customer.consume(purchase_id)
    assert await customer.cached() == 200


async def test_consuming_nothing_is_one_statement(customer: Customer) -> None:
    async with customer.database.read() as connection:
        await connection.execute("SELECT 1")
    async with recorded_statements(customer.database) as statements:
        await customer.consume(new_id())
    assert len(statements) == 3, statements  # BEGIN, it, COMMIT


async def test_a_paid_booking_whose_points_went_elsewhere_stands_on_debt(customer: Customer) -> None:
    await customer.earn(500)
    late = await customer.reserve(400)
    customer.clock.advance(timedelta(minutes=16))
    await customer.spend(300)

    assert not await customer.consume(late)
    balance = await customer.balance()
    assert (balance.available, balance.debt) == (0, 200)
    assert await customer.cached() == 0

    await customer.earn(150)
    assert (await customer.balance()).debt == 50
    await customer.earn(150)
    balance = await customer.balance()
    assert (balance.available, balance.debt) == (100, 0)

    # The debt was paid with other points: they come back as points of their own.
    await give_back(customer, late, ALL)
    await give_back(customer, late, ALL)
    assert (await customer.balance()).available == 500


async def test_debt_is_forgiven_when_what_was_spent_on_it_is_refunded(customer: Customer) -> None:
    await customer.earn(500)
    late = await customer.reserve(400)
    customer.clock.advance(timedelta(minutes=16))
    await customer.spend(300)
    await customer.consume(late)
    await give_back(customer, late, Decimal("0.5"))
    assert ((await customer.balance()).available, (await customer.balance()).debt) == (0, 0)
    await give_back(customer, late, ALL)
    assert (await customer.balance()).available == 200


async def test_pending_points_shrink_with_each_refund(customer: Customer) -> None:
    purchase_id = await customer.earn(289, is_mature=False)
    await take_back(customer, purchase_id, "100.00", "289.50")
    await take_back(customer, purchase_id, "100.00", "289.50")
    assert (await customer.balance()).pending == 189
    await take_back(customer, purchase_id, "289.50", "289.50")
    assert (await customer.balance()).pending == 0
    assert [lot["status"] for lot in await lots(customer)] == ["VOIDED"]

    async with customer.database.unit_of_work() as tx:
        await service.mature(tx, purchase_id=purchase_id, now=customer.now, rules=RULES)
    assert (await customer.balance()).available == 0


async def test_spent_points_that_are_taken_back_become_a_debt_against_what_is_earned_next(customer: Customer) -> None:
    purchase_id = await customer.earn(300)
    await customer.spend(200)
    await take_back(customer, purchase_id, "300.00", "300.00")
    await take_back(customer, purchase_id, "300.00", "300.00")
    balance = await customer.balance()
    assert (balance.available, balance.debt) == (0, 200)
    with pytest.raises(NotEnoughPoints):
        await customer.reserve(100)

    await customer.earn(250)
    balance = await customer.balance()
    assert (balance.available, balance.debt) == (50, 0)
    assert await customer.cached() == 50


async def test_taking_back_leaves_an_open_hold_its_points(customer: Customer) -> None:
    purchase_id = await customer.earn(300)
    held = await customer.reserve(300)
    await take_back(customer, purchase_id, "300.00", "300.00")
    assert (await customer.balance()).debt == 300
    assert await customer.consume(held)
    assert (await customer.balance()).debt == 300


async def test_spent_points_return_in_the_proportion_refunded(customer: Customer) -> None:
    await customer.earn(500)
    purchase_id = await customer.spend(300)
    await give_back(customer, purchase_id, Decimal(1) / 3)
    await give_back(customer, purchase_id, Decimal(1) / 3)
    assert (await customer.balance()).available == 300
    await give_back(customer, purchase_id, ALL)
    await give_back(customer, purchase_id, ALL)
    assert (await customer.balance()).available == 500


async def test_returned_points_live_30_days_at_least_and_do_not_wake_the_dead(customer: Customer) -> None:
    await customer.earn(500)
    purchase_id = await customer.spend(300)
    customer.clock.advance(timedelta(days=740))
    await give_back(customer, purchase_id, ALL)
    assert (await customer.balance()).available == 300
    assert (await lots(customer))[0]["expires_at"] == customer.now + timedelta(days=30)
    assert ("EXPIRED", -200, "AVAILABLE") in await ledger(customer)


async def test_taking_back_counts_what_has_expired(customer: Customer) -> None:
    purchase_id = await customer.earn(300)
    customer.clock.advance(timedelta(days=740))
    async with customer.database.unit_of_work() as tx:
        await service.expire(tx, now=customer.now, limit=10)
    await take_back(customer, purchase_id, "300.00", "300.00")
    assert (await customer.balance()).debt == 0


async def test_the_cache_can_be_rebuilt_from_the_ledger(customer: Customer) -> None:
    await customer.earn(300)
    async with customer.database.read() as connection:
        await connection.execute("UPDATE users SET loyalty_points = 7")
    async with customer.database.unit_of_work() as tx:
        assert await service.rebuild(tx, user_id=None) == 1
        assert await service.rebuild(tx, user_id=customer.user_id) == 0
    assert await customer.cached() == 300
