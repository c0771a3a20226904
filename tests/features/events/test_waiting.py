"""What a stream does while nothing happens, and how it ends."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from datetime import timedelta
from uuid import UUID

import pytest
from starlette.responses import StreamingResponse
from tests.conftest import StartSystem
from tests.support.client import StorefrontClient

from sojourn.channels.events.stream import HEARTBEAT, stream
from sojourn.platform.db.database import Database
from sojourn.platform.errors import Unavailable
from sojourn.platform.events import hub as hubs
from sojourn.platform.events.hub import Hub
from sojourn.platform.http.context import SYSTEM_ORIGIN, Context
from sojourn.platform.i18n import Language
from sojourn.platform.kit.clock import FrozenClock
from sojourn.platform.kit.ids import new_id

# As a process would leave it that died between its commit and the word.
UNSAID = "INSERT INTO user_events (user_id, kind, payload, created_at) SELECT $1, 'tests.unsaid', '{}', now()"


async def _blocks(answer: StreamingResponse) -> AsyncGenerator[bytes]:
    async for block in answer.body_iterator:
        assert isinstance(block, bytes)
        yield block


@asynccontextmanager
async def opened(
    client: StorefrontClient, user_id: UUID, *, lasts: timedelta | None = None, heartbeat: float = 15.0
) -> AsyncIterator[AsyncGenerator[bytes]]:
    ctx = Context(runtime=client.runtime, origin=SYSTEM_ORIGIN, language=Language.EN)
    ends_at = None if lasts is None else ctx.now() + lasts
    answer = await stream(ctx, user_id=user_id, last_event_id=None, ends_at=ends_at, heartbeat=heartbeat)
    async with asyncio.timeout(20), aclosing(_blocks(answer)) as blocks:
        assert b"event: ready" in await anext(blocks)
        yield blocks


async def test_a_heart_beats(derlg: StorefrontClient) -> None:
    async with opened(derlg, new_id(), heartbeat=0.01) as blocks:
        assert [await anext(blocks) for _ in range(3)] == [HEARTBEAT] * 3


async def test_a_waiting_stream_asks_the_database_nothing(derlg: StorefrontClient) -> None:
    async with opened(derlg, new_id(), heartbeat=0.01) as blocks:
        await anext(blocks)
        async with derlg.statements() as said:
            for _ in range(10):
                await anext(blocks)
        assert said == []


async def test_an_event_whose_word_was_lost_is_found(derlg: StorefrontClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hubs, "SWEEP_SECONDS", 0.02)
    user_id = new_id()
    async with opened(derlg, user_id) as blocks:
        waiting = asyncio.ensure_future(anext(blocks))
        await derlg.rows(UNSAID, user_id)
        assert b"event: tests.unsaid" in await waiting


async def test_more_than_a_batch_comes_in_order(derlg: StorefrontClient) -> None:
    user_id = new_id()
    async with opened(derlg, user_id, heartbeat=0.5) as blocks:
        await derlg.rows(f"{UNSAID} FROM generate_series(1, 250)", user_id)
        derlg.runtime.events.heard(str(user_id))
        ids = [int((await anext(blocks)).partition(b"\n")[0].removeprefix(b"id: ")) for _ in range(250)]
        assert await anext(blocks) == HEARTBEAT
    assert ids == sorted(set(ids))


async def test_it_ends_with_the_right_to_it(derlg: StorefrontClient, clock: FrozenClock) -> None:
    async with opened(derlg, new_id(), lasts=timedelta(milliseconds=50)) as blocks:
        assert {block async for block in blocks} <= {HEARTBEAT}


async def test_a_gap_of_the_listener_ends_all(derlg: StorefrontClient) -> None:
    async with opened(derlg, new_id()) as first, opened(derlg, new_id()) as second:
        derlg.runtime.events.account_changed("")
        assert [block async for block in first] == []
        assert [block async for block in second] == []


async def test_it_ends_when_the_database_is_gone(start_system: StartSystem) -> None:
    """Cleanly: the reader comes back with the last id it has seen."""
    async with start_system() as system:
        user_id = new_id()
        async with opened(system.derlg, user_id) as blocks:
            await system.derlg.database.close()
            system.derlg.runtime.events.heard(str(user_id))
            assert [block async for block in blocks] == []


async def test_a_process_that_ends_admits_none(database: Database) -> None:
    hub = Hub(database)
    with hub.listening(new_id(), 0) as ear:
        await hub.aclose()
        assert ear.is_ended
    with pytest.raises(Unavailable):
        hub.refuse_if_full(new_id())
