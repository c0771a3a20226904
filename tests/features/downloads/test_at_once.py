"""A cancellation and the first download at once, on real connections: nobody keeps both the guide and the money."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tests.features.downloads.conftest import Shelf, downloads_of, fetch, link_to
from tests.support.client import StorefrontClient, read
from tests.support.waiting import eventually

from sojourn.care.downloads import service
from sojourn.care.downloads.errors import DownloadsNotAvailable
from sojourn.people.auth.access import Actor, find_standing
from sojourn.platform.http.context import SYSTEM_ORIGIN
from sojourn.sales.orders import queries as orders
from sojourn.sales.orders.cancellation import cancel_order
from sojourn.sales.orders.errors import TransitionNotAllowed
from sojourn.sales.orders.models import CancelIn

Json = dict[str, Any]


class Both:
    """One order that its buyer downloads and cancels, each in a transaction of its own."""

    def __init__(self, buyer: StorefrontClient, order: Json, path: str, actor: Actor) -> None:
        self.buyer, self.order, self.actor = buyer, order, actor
        runtime = buyer.runtime
        self.now = runtime.clock.now()
        self.ticket = service.read_ticket(path.rpartition("/")[2], secret=runtime.access_secret, now=self.now)

    async def deliver(self, tx: Any) -> None:
        _, _, offered = await service.find_delivery(tx, ticket=self.ticket)
        await self.deliver_found(tx, offered)

    async def deliver_found(self, tx: Any, offered: Any) -> None:
        await service.deliver(
            tx, ticket=self.ticket, buyer=self.actor, offered=offered, storefront=self.buyer.storefront, now=self.now,
            origin=SYSTEM_ORIGIN,
        )  # fmt: skip

    async def cancel(self, tx: Any) -> None:
        await cancel_order(
            tx, id_or_number=self.order["id"], actor=self.actor, body=CancelIn(),
            rules=self.buyer.storefront.rules, now=self.now, origin=SYSTEM_ORIGIN,
        )  # fmt: skip

    async def run(self, step: Any) -> None:
        async with self.buyer.database.unit_of_work() as tx:
            await step(tx)

    async def someone_waits(self) -> bool:
        [row] = await self.buyer.rows(
            "SELECT count(*) AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(row["n"])

    @asynccontextmanager
    async def second(self, step: Any) -> AsyncIterator["asyncio.Task[None]"]:
        """Begin the other step while the block's is not committed, until it waits for it or is done."""
        task = asyncio.create_task(self.run(step))
        try:

            async def is_waiting_or_done() -> bool:
                return task.done() or await self.someone_waits()

            await eventually(is_waiting_or_done)
            yield task
        except BaseException:
            task.cancel()
            raise

    async def has_both(self) -> bool:
        delivered = await self.buyer.rows("SELECT 1 FROM downloads")
        refunded = await self.buyer.rows("SELECT 1 FROM refunds")
        return bool(delivered and refunded)


@pytest.fixture
async def both(shelf: Shelf, buyer: StorefrontClient) -> Both:
    order = await shelf.sold(buyer)
    path = await link_to(buyer, order)
    async with buyer.database.read() as connection:
        actor = await find_standing(connection, buyer.user_id)
    assert actor is not None
    return Both(buyer, order, path, actor)


async def test_a_download_that_comes_second_finds_the_order_cancelled(both: Both) -> None:
    async with both.buyer.database.read() as connection:
        _, _, offered = await service.find_delivery(connection, ticket=both.ticket)
    async with both.buyer.database.unit_of_work() as tx:
        await both.cancel(tx)
        async with both.second(lambda other: both.deliver_found(other, offered)) as waiting:
            assert not waiting.done()
    with pytest.raises(DownloadsNotAvailable):
        await waiting
    assert not await both.has_both()


async def test_a_cancellation_that_comes_second_finds_the_guide_delivered(both: Both) -> None:
    async with both.buyer.database.unit_of_work() as tx:
        await both.deliver(tx)
        async with both.second(both.cancel) as waiting:
            assert not waiting.done()
    with pytest.raises(TransitionNotAllowed):
        await waiting
    assert not await both.has_both()


async def test_control_without_the_lock_there_is_both(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders, "_LOCK_VISIBLE", orders._FIND_VISIBLE)
    async with both.buyer.database.unit_of_work() as tx:
        await both.deliver(tx)
        async with both.second(both.cancel) as waiting:
            pass
    await waiting
    assert await both.has_both()


async def test_ten_at_once_are_five(shelf: Shelf, buyer: StorefrontClient) -> None:
    order = await shelf.sold(buyer)
    paths = [await link_to(buyer, order) for _ in range(10)]
    answers = await asyncio.gather(*(fetch(buyer, path) for path in paths))
    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [409] * 5
    [item] = (await downloads_of(buyer, order))["items"]
    assert item["used"] == 5
    [completed] = await buyer.rows(
        "SELECT count(*) AS n FROM order_events WHERE to_status = 'COMPLETED' AND kind = 'STATUS'"
    )
    assert completed["n"] == 1
    assert read(await buyer.get(f"/orders/{order['id']}"))["status"] == "COMPLETED"


async def test_one_link_opened_ten_times_at_once_is_one_download(shelf: Shelf, buyer: StorefrontClient) -> None:
    order = await shelf.sold(buyer)
    path = await link_to(buyer, order)
    answers = await asyncio.gather(*(fetch(buyer, path) for _ in range(10)))
    assert {answer.status_code for answer in answers} == {200}
    assert (await downloads_of(buyer, order))["items"][0]["used"] == 1
