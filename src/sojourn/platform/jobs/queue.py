"""Effects are job rows, written in the transaction of their cause: if it rolls back, nothing was ever promised.

pgqueuer keeps the queue; a feature declares its jobs in `jobs.py` and the worker registers them (docs/jobs.md).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sojourn.platform.db.database import Connection, notify_after_commit

Payload = Mapping[str, Any]

WAKE_CHANNEL = "ch_pgqueuer"

# What pgqueuer's own `enqueue(..., on_conflict="skip")` writes, shorter: it stands on the webhook's road, and the web
# process need not load a worker's library for it. A test holds the two against each other.
ENQUEUE = """
WITH queued AS (
    INSERT INTO pgqueuer (priority, entrypoint, payload, execute_after, dedupe_key, headers, status)
    SELECT 0, new.kind, new.payload, now() + new.after, new.key, 'null', 'queued'
      FROM unnest($1::text[], $2::bytea[], $3::interval[], $4::text[]) AS new (kind, payload, after, key)
    ON CONFLICT (dedupe_key) WHERE status = ANY (ARRAY['queued'::pgqueuer_status, 'picked'::pgqueuer_status])
                               AND dedupe_key IS NOT NULL DO NOTHING
    RETURNING id, entrypoint
)
INSERT INTO pgqueuer_log (job_id, status, entrypoint, priority) SELECT id, 'queued', entrypoint, 0 FROM queued
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """One job to be done: `kind` names its handler. `key` (optional) keeps a second one from being queued while the
    first waits or runs."""

    kind: str
    payload: Payload = field(default_factory=dict)
    after: timedelta = timedelta(0)
    key: str | None = None


async def enqueue(tx: Connection, *jobs: NewJob) -> None:
    """Queue `jobs` inside the caller's transaction: one statement, however many."""
    if not jobs:
        return
    await tx.execute(
        ENQUEUE,
        [job.kind for job in jobs],
        [json.dumps(dict(job.payload), default=str).encode() for job in jobs],
        [job.after for job in jobs],
        [job.key for job in jobs],
    )
    notify_after_commit(WAKE_CHANNEL, _wake())


def _wake() -> str:
    """What pgqueuer's own trigger says: a worker that hears it looks into the queue."""
    event = {"channel": WAKE_CHANNEL, "operation": "insert", "table": "pgqueuer", "type": "table_changed_event"}
    return json.dumps({**event, "sent_at": datetime.now(UTC).isoformat()})


def retry_delay(attempt: int) -> timedelta:
    """How long to wait after failed attempt `attempt` (from 0): 2 s doubling to an hour."""
    return timedelta(seconds=min(2.0 * 2**attempt, 3600.0))
