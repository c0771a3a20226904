"""Effects are rows written in the transaction of their cause: if it rolls back, nothing was ever promised. Jobs, that
somebody will do, and events, that whoever listens will hear of (docs/events.md).

pgqueuer keeps the queue; a feature declares its jobs in `jobs.py` and the worker registers them (docs/jobs.md).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from pydantic_core import to_json

from sojourn.platform.db.database import Connection, is_mirrored, notify_after_commit
from sojourn.platform.db.together import Bundle, Write, write_together
from sojourn.platform.events.log import EVENTS_CHANNEL, PUBLISH, NewEvent

Payload = Mapping[str, Any]

WAKE_CHANNEL = "ch_pgqueuer"

# What pgqueuer's own `enqueue(..., on_conflict="skip")` writes, shorter: it stands on the webhook's road, and the web
# process need not load a worker's library for it. A test holds the two against each other. Its log of what was queued
# is left out: only pgqueuer's own dashboard adds those up, and what happens to a job later is logged by the worker.
_QUEUED = """
    INSERT INTO pgqueuer (priority, entrypoint, payload, execute_after, dedupe_key, headers, status)
    SELECT 0, new.kind, new.payload, now() + new.after, new.key, 'null', 'queued'
      FROM unnest($1::text[], $2::bytea[], $3::interval[], $4::text[]) AS new (kind, payload, after, key)
    ON CONFLICT (dedupe_key) WHERE status = ANY (ARRAY['queued'::pgqueuer_status, 'picked'::pgqueuer_status])
                               AND dedupe_key IS NOT NULL DO NOTHING
"""
ENQUEUE = f"""
WITH queued AS ({_QUEUED})
SELECT
"""
# A customer's events get their ids one transaction after the other; customers are locked in order.
ENQUEUE_AND_TELL = f"""
WITH told AS MATERIALIZED (
    SELECT new.user_id, new.kind, new.payload, new.at,
           pg_advisory_xact_lock(hashtext('user_events'), hashtext(new.user_id::text))
      FROM (SELECT * FROM unnest($5::uuid[], $6::text[], $7::jsonb[], $8::timestamptz[]) WITH ORDINALITY
                          AS e (user_id, kind, payload, at, position)
             ORDER BY hashtext(user_id::text), position) AS new
), kept AS (
    INSERT INTO user_events (user_id, kind, payload, created_at) SELECT user_id, kind, payload, at FROM told
), queued AS ({_QUEUED})
SELECT
"""  # noqa: S608 - put together from literals


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """One job to be done: `kind` names its handler. `key` (optional) keeps a second one from being queued while the
    first waits or runs."""

    kind: str
    payload: Payload = field(default_factory=dict)
    after: timedelta = timedelta(0)
    key: str | None = None


Effect: TypeAlias = NewJob | NewEvent


async def enqueue(tx: Connection, *effects: Effect) -> None:
    """Queue jobs and keep events inside the caller's transaction: one statement, however many.

    Events last: nothing that another transaction may hold is to be locked after them (platform/events/log.py).
    """
    if effects:
        await write_together(tx, Bundle([queued(*effects)]))
        announce(*effects)


def queued(*effects: Effect) -> Write:
    """What `enqueue` writes; whoever writes it must `announce` them, too."""
    events = [effect for effect in effects if isinstance(effect, NewEvent)]
    jobs = [effect for effect in effects if isinstance(effect, NewJob)]
    if is_mirrored():
        jobs += [_publication(event) for event in events if event.published is not None]
    columns: list[list[Any]] = [
        [job.kind for job in jobs],
        [to_json(dict(job.payload), fallback=str) for job in jobs],
        [job.after for job in jobs],
        [job.key for job in jobs],
    ]
    if events:
        columns += [
            [event.user_id for event in events],
            [event.kind for event in events],
            [dict(event.payload) for event in events],
            [event.at for event in events],
        ]
    return Write(ENQUEUE_AND_TELL if events else ENQUEUE, columns)


def announce(*effects: Effect) -> None:
    """Wake whoever waits for them, once they are committed."""
    for effect in effects:
        if isinstance(effect, NewEvent):
            notify_after_commit(EVENTS_CHANNEL, str(effect.user_id), about=str(effect.user_id))
    if is_mirrored() or any(isinstance(effect, NewJob) for effect in effects):
        notify_after_commit(WAKE_CHANNEL, _wake())


def _publication(event: NewEvent) -> NewJob:
    said = json.dumps(dict(event.published or {}), default=str)
    return NewJob(kind=PUBLISH, payload={"user_id": event.user_id, "message": said, "at": event.at.isoformat()})


def _wake() -> str:
    """What pgqueuer's own trigger says: a worker that hears it looks into the queue."""
    event = {"channel": WAKE_CHANNEL, "operation": "insert", "table": "pgqueuer", "type": "table_changed_event"}
    return json.dumps({**event, "sent_at": datetime.now(UTC).isoformat()})


class TryLater(Exception):
    """A fault that says itself how long to wait at least: `after`, or None."""

    after: timedelta | None = None


def retry_delay(attempt: int, fault: Exception | None = None) -> timedelta:
    """How long to wait after failed attempt `attempt` (from 0): 2 s doubling to an hour, or what the fault asks for."""
    asked = fault.after if isinstance(fault, TryLater) else None
    return max(timedelta(seconds=min(2.0 * 2**attempt, 3600.0)), asked or timedelta(0))
