from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from sojourn.platform.db.database import Connection, Database
from sojourn.platform.kit.clock import FrozenClock
from sojourn.platform.kit.ids import new_id, new_reference
from sojourn.platform.storefront import SalesRules
from sojourn.sales.loyalty import service
from sojourn.sales.loyalty.models import Balance
from sojourn.sales.purchases import PurchaseKind

RULES = SalesRules()

_INSERT_USER = """
INSERT INTO users (id, email, name, referral_code, created_at, updated_at) VALUES ($1, $2, 'Sok Dara', $3, $4, $4)
"""
# What must hold of every customer at all times; each query lists those of whom it does not.
_BROKEN = {
    "a lot is the sum of its entries": """
        SELECT l.id FROM loyalty_lots l LEFT JOIN loyalty_transactions t ON t.lot_id = l.id
         GROUP BY l.id HAVING l.remaining <> coalesce(sum(t.points), 0)""",
    "debt is never negative": """
        SELECT user_id FROM loyalty_transactions WHERE lot_id IS NULL GROUP BY user_id HAVING sum(points) > 0""",
    "the cache is what the ledger says": """
        SELECT u.id FROM users u LEFT JOIN loyalty_transactions t ON t.user_id = u.id AND t.status = 'AVAILABLE'
         GROUP BY u.id HAVING u.loyalty_points <> greatest(coalesce(sum(t.points), 0), 0)""",
    "pending entries are the pending lots": """
        SELECT u.id FROM users u
         WHERE (SELECT coalesce(sum(points), 0) FROM loyalty_transactions WHERE user_id = u.id AND status = 'PENDING')
            <> (SELECT coalesce(sum(remaining), 0) FROM loyalty_lots WHERE user_id = u.id AND status = 'PENDING')""",
}


class Customer:
    """A customer's points, each act in a transaction of its own at the clock's time."""

    def __init__(self, database: Database, clock: FrozenClock, user_id: UUID) -> None:
        self.database = database
        self.clock = clock
        self.user_id = user_id

    @property
    def now(self) -> datetime:
        return self.clock.now()

    async def earn(self, points: int, *, purchase_id: UUID | None = None, is_mature: bool = True) -> UUID:
        """A purchase that earned `points`; its id."""
        purchase_id = purchase_id or new_id()
        async with self.database.unit_of_work() as tx:
            await service.earn(
                tx, user_id=self.user_id, purchase_kind=PurchaseKind.ORDER, purchase_id=purchase_id, booking_id=None,
                points=points, now=self.now,
            )  # fmt: skip
            if is_mature:
                await service.mature(tx, purchase_id=purchase_id, now=self.now, rules=RULES)
        return purchase_id

    async def reserve(self, points: int, *, purchase_id: UUID | None = None, minutes: int = 15) -> UUID:
        """A hold with `points` set aside; its purchase's id."""
        purchase_id = purchase_id or new_id()
        async with self.database.unit_of_work() as tx:
            await service.reserve(
                tx, user_id=self.user_id, purchase_id=purchase_id, points=points,
                expires_at=self.now + timedelta(minutes=minutes), now=self.now,
            )  # fmt: skip
        return purchase_id

    async def consume(self, purchase_id: UUID) -> bool:
        async with self.database.unit_of_work() as tx:
            return await service.consume(
                tx, user_id=self.user_id, purchase_id=purchase_id, booking_id=None, now=self.now
            )

    async def spend(self, points: int) -> UUID:
        purchase_id = await self.reserve(points)
        assert await self.consume(purchase_id)
        return purchase_id

    async def take_back(self, purchase_id: UUID, *, refunded: Decimal) -> None:
        """`refunded` of each dollar of a purchase has gone back; the points it has earned go with it."""
        async with self.database.unit_of_work() as tx:
            await service.take_back(tx, purchase_id=purchase_id, refunded=refunded, captured=Decimal(1), now=self.now)

    async def balance(self) -> Balance:
        async with self.database.read() as connection:
            return await service.balance(connection, user_id=self.user_id, now=self.now, zone="UTC", rules=RULES)

    async def cached(self) -> int:
        async with self.database.read() as connection:
            points: int = await connection.fetchval("SELECT loyalty_points FROM users WHERE id = $1", self.user_id)
            return points


async def add_user(connection: Connection, *, now: datetime) -> UUID:
    user_id = new_id()
    await connection.execute(_INSERT_USER, user_id, f"{user_id}@example.com", new_reference("REF"), now)
    return user_id


async def broken_sums(database: Database) -> list[str]:
    """Which of the ledger's laws do not hold."""
    async with database.read() as connection:
        return [law for law, query in _BROKEN.items() if await connection.fetch(query)]


@pytest.fixture
async def customer(database: Database, clock: FrozenClock) -> AsyncIterator[Customer]:
    """A customer without points. At the end of the test the ledger must add up."""
    async with database.read() as connection:
        user_id = await add_user(connection, now=clock.now())
    yield Customer(database, clock, user_id)
    assert await broken_sums(database) == []
