"""The limit of a year, and everything at once, on real connections."""

import asyncio
from uuid import UUID

import pytest
from tests.features.loyalty.conftest import broken_sums
from tests.features.referrals.conftest import bring
from tests.support.client import StorefrontClient

from sojourn.platform.kit.ids import new_id
from sojourn.sales.purchases import PurchaseKind
from sojourn.sales.referrals import queries, service

LIMIT = 20


async def pending(referrer: StorefrontClient, number: int) -> UUID:
    """A paid purchase of a new friend; its id."""
    friend_id, purchase_id, now = await bring(referrer, number), new_id(), referrer.runtime.clock.now()
    async with referrer.database.unit_of_work() as tx:
        await service.note_paid(
            tx, friend_id=friend_id, referrer_id=referrer.user_id, kind=PurchaseKind.BOOKING, purchase_id=purchase_id,
            amount=referrer.storefront.rules.referral_min_purchase, currency="USD", storefront=referrer.storefront,
            now=now,
        )  # fmt: skip
    return purchase_id


async def complete(referrer: StorefrontClient, purchase_id: UUID) -> None:
    async with referrer.database.unit_of_work() as tx:
        await service.note_completed(
            tx, purchase_id=purchase_id, storefront=referrer.storefront, now=referrer.runtime.clock.now()
        )


async def rewards(referrer: StorefrontClient) -> tuple[int, int]:
    """How many friends are approved, and for how many of them there were points."""
    rows = await referrer.rows("SELECT referrer_points, friend_points FROM referrals WHERE status = 'APPROVED'")
    assert all(row["friend_points"] == 300 for row in rows)
    return len(rows), sum(row["referrer_points"] > 0 for row in rows)


@pytest.fixture
async def paid_in_full(referrer: StorefrontClient, monkeypatch: pytest.MonkeyPatch) -> StorefrontClient:
    """Purchases here are ids only: what is kept of them is their whole price."""
    kept = queries._COLUMNS[: queries._COLUMNS.index("coalesce(")] + "r.amount AS kept"
    monkeypatch.setattr(
        queries, "_LOCK_OF_PURCHASE", f"SELECT {kept} FROM referrals r WHERE r.purchase_id = $1 FOR UPDATE OF r"
    )
    return referrer


async def test_the_year_has_a_limit_however_many_come_at_once(paid_in_full: StorefrontClient) -> None:
    referrer = paid_in_full
    purchases = [await pending(referrer, number) for number in range(LIMIT + 4)]
    for purchase_id in purchases[: LIMIT - 2]:
        await complete(referrer, purchase_id)
    await asyncio.gather(*(complete(referrer, purchase_id) for purchase_id in purchases[LIMIT - 2 :]))
    assert await rewards(referrer) == (LIMIT + 4, LIMIT), "the friends have theirs all the same"
    assert await broken_sums(referrer.database) == []


async def test_control_without_the_lock_it_has_none(
    paid_in_full: StorefrontClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    referrer = paid_in_full
    purchases = [await pending(referrer, number) for number in range(LIMIT + 1)]
    for purchase_id in purchases[: LIMIT - 1]:
        await complete(referrer, purchase_id)
    monkeypatch.setattr(queries, "_LOCK_REFERRER", "SELECT is_active FROM users WHERE id = $1")
    counted, count = asyncio.Barrier(2), queries.count_rewarded

    async def count_together(*args: object, **named: object) -> int:
        found: int = await count(*args, **named)  # type: ignore[arg-type]
        await counted.wait()  # without a lock nobody waits for the other's commit
        return found

    monkeypatch.setattr(queries, "count_rewarded", count_together)
    await asyncio.gather(*(complete(referrer, purchase_id) for purchase_id in purchases[LIMIT - 1 :]))
    assert await rewards(referrer) == (LIMIT + 1, LIMIT + 1)


async def test_completed_many_times_at_once_is_rewarded_once(paid_in_full: StorefrontClient) -> None:
    referrer = paid_in_full
    purchase_id = await pending(referrer, 1)
    await asyncio.gather(*(complete(referrer, purchase_id) for _ in range(5)))
    (row,) = await referrer.rows("SELECT loyalty_points FROM users WHERE id = $1", referrer.user_id)
    assert row["loyalty_points"] == 500


async def test_two_first_purchases_at_once_count_once(referrer: StorefrontClient) -> None:
    friend_id, now = await bring(referrer, 1), referrer.runtime.clock.now()

    async def paid() -> None:
        async with referrer.database.unit_of_work() as tx:
            await service.note_paid(
                tx, friend_id=friend_id, referrer_id=referrer.user_id, kind=PurchaseKind.BOOKING, purchase_id=new_id(),
                amount=referrer.storefront.rules.referral_min_purchase, currency="USD",
                storefront=referrer.storefront, now=now,
            )  # fmt: skip

    await asyncio.gather(*(paid() for _ in range(5)))
    assert len(await referrer.rows("SELECT id FROM referrals")) == 1
