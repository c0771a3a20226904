"""Effects are job rows, written in the transaction of their cause: if it rolls back, nothing was ever promised.

pgqueuer keeps the queue; a feature declares its jobs in `jobs.py` and the worker registers them (docs/jobs.md).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast

import asyncpg
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.queries import Queries

from sojourn.platform.db.database import Connection

Payload = Mapping[str, Any]


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
    queries = Queries(AsyncpgDriver(cast("asyncpg.Connection[asyncpg.Record]", tx)))
    await queries.enqueue(
        [job.kind for job in jobs],
        [json.dumps(dict(job.payload), default=str).encode() for job in jobs],
        [0] * len(jobs),
        [job.after for job in jobs],
        [job.key for job in jobs],
        on_conflict="skip",
    )


def retry_delay(attempt: int) -> timedelta:
    """How long to wait after failed attempt `attempt` (from 0): 2 s doubling to an hour."""
    return timedelta(seconds=min(2.0 * 2**attempt, 3600.0))
