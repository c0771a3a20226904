"""Server-sent events of one customer (docs/events.md).

A stream waits in the hub without a database connection, and reads when something was committed. It resumes from the
last id its reader has seen, or says `reset` where that is no longer known.
"""

import json
import secrets
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from starlette.responses import StreamingResponse

from sojourn.channels.events.models import EventOut
from sojourn.platform.errors import InvalidInput, Unavailable
from sojourn.platform.events import log
from sojourn.platform.events.hub import Ear, Hub
from sojourn.platform.http.context import Context
from sojourn.platform.http.dialect import respelled
from sojourn.platform.storefront import Dialect

HEARTBEAT_SECONDS: Final = 15.0
MAX_ID: Final = 2**63 - 1
BATCH: Final = 100
# So that readers that were sent away together do not come back together.
RETRY_FROM_MS, RETRY_SPREAD_MS = 2_000, 3_000

HEARTBEAT: Final = b":\n\n"
HEADERS: Final = {
    "Cache-Control": "no-store, no-transform",
    "X-Accel-Buffering": "no",  # nginx would keep a stream until it is full
}


@dataclass(frozen=True, slots=True)
class Beginning:
    """After which event a stream begins. `is_reset`: its reader has missed what is no longer kept."""

    last_id: int
    is_reset: bool = False


async def stream(
    ctx: Context,
    *,
    user_id: UUID,
    last_event_id: str | None,
    ends_at: datetime | None = None,
    heartbeat: float = HEARTBEAT_SECONDS,
) -> StreamingResponse:
    """The customer's events after `last_event_id`, or from now on. `ends_at`: when the caller's right to them does.

    Raises InvalidInput (an id that is none), TooManyStreams, and Unavailable while the process ends.
    """
    hub = ctx.runtime.events
    hub.refuse_if_full(user_id)
    beginning = await _begin(ctx, user_id, parse_id(last_event_id))
    ends = None if ends_at is None else time.monotonic() + (ends_at - ctx.now()).total_seconds()
    written = _write(ctx, hub, user_id, beginning, ends=ends, beat=heartbeat)
    return StreamingResponse(written, media_type="text/event-stream", headers=HEADERS)


def parse_id(sent: str | None) -> int | None:
    """The id that a reader has seen last; 0 stands before the first. Raises InvalidInput."""
    if sent is None or not sent.strip():
        return None
    if not (sent.strip().isascii() and sent.strip().isdecimal()) or int(sent) > MAX_ID:
        raise InvalidInput.at("last_event_id", "must be the id of an event, or 0 for all that are kept")
    return int(sent)


async def _begin(ctx: Context, user_id: UUID, last_id: int | None) -> Beginning:
    if last_id == 0:
        return Beginning(0)
    async with ctx.read() as connection:
        if last_id is not None and await log.is_kept(connection, user_id=user_id, event_id=last_id):
            return Beginning(last_id)
        latest = await log.get_latest_id(connection, user_id=user_id)
    return Beginning(latest, is_reset=last_id is not None)


async def _write(
    ctx: Context, hub: Hub, user_id: UUID, beginning: Beginning, *, ends: float | None, beat: float
) -> AsyncIterator[bytes]:
    try:
        with hub.listening(user_id, beginning.last_id) as ear:
            yield _opening(beginning)
            while not ear.is_ended:
                events = await _next(ctx, ear)
                for event in events:
                    yield _told(event, ctx.storefront.dialect)
                    ear.position = event.id
                is_more = len(events) == BATCH
                while not (is_more or ear.is_ended):
                    left = beat if ends is None else min(beat, ends - time.monotonic())
                    if left <= 0:
                        return
                    is_more = await ear.wait(left)
                    if not is_more:
                        yield HEARTBEAT
    except Unavailable:
        return  # the reader comes back, with the last id it has seen


async def _next(ctx: Context, ear: Ear) -> list[log.Event]:
    async with ctx.read() as connection:
        return await log.list_after(connection, user_id=ear.user_id, last_id=ear.position, limit=BATCH)


def _opening(beginning: Beginning) -> bytes:
    retry = RETRY_FROM_MS + secrets.randbelow(RETRY_SPREAD_MS)
    kind = "reset" if beginning.is_reset else "ready"
    return f"retry: {retry}\nid: {beginning.last_id}\nevent: {kind}\ndata: {{}}\n\n".encode()


def _told(event: log.Event, dialect: Dialect) -> bytes:
    stored: Mapping[str, Any] = {"kind": event.kind, "created_at": event.created_at, **event.payload}
    data = json.dumps(respelled(stored, EventOut, dialect), ensure_ascii=False, separators=(",", ":"))
    return f"id: {event.id}\nevent: {event.kind}\ndata: {data}\n\n".encode()
