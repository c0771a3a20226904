"""Jobs and timers that leave traces in a table, and a worker process that does them (`python -m ...trial`)."""

import asyncio
import os
from datetime import UTC, datetime

from sojourn.platform.jobs.queue import Payload
from sojourn.providers.work import JobKind, Timer, Work
from sojourn.worker import run

TRACES = """
CREATE TABLE traces (id bigserial PRIMARY KEY, what text NOT NULL, at timestamptz NOT NULL);
CREATE TABLE gates (name text PRIMARY KEY);
"""


async def trace(work: Work, what: str) -> int:
    """Write `what` down; returns how often it stands there now."""
    async with work.runtime.db.unit_of_work() as tx:
        await tx.execute("INSERT INTO traces (what, at) VALUES ($1, $2)", what, datetime.now(UTC))
        count: int = await tx.fetchval("SELECT count(*) FROM traces WHERE what = $1", what)
    return count


async def pass_gate(work: Work, payload: Payload) -> None:
    """Begins, waits until the gate is open, ends."""
    await trace(work, f"{payload['gate']} begun")
    is_open = False
    while not is_open:
        await asyncio.sleep(0.02)
        async with work.runtime.db.read() as connection:
            is_open = await connection.fetchval("SELECT EXISTS (SELECT FROM gates WHERE name = $1)", payload["gate"])
    await trace(work, f"{payload['gate']} ended")


async def fail_once(work: Work, payload: Payload) -> None:
    if await trace(work, "tried") == 1:
        raise RuntimeError("the first try fails")


async def fail_always(work: Work, payload: Payload) -> None:
    await trace(work, "tried")
    raise RuntimeError("it never works")


async def note_beat(work: Work) -> None:
    await trace(work, "beat")


async def note_new_year(work: Work) -> None:
    await trace(work, "new year")


JOBS = (
    JobKind(name="trial.gate", handler=pass_gate),
    JobKind(name="trial.once", handler=fail_once),
    JobKind(name="trial.never", handler=fail_always, max_attempts=1),
)
TIMERS = (
    Timer(name="trial.beat", cron="* * * * * *", title="Every second", handler=note_beat),
    Timer(name="trial.new_year", cron="0 0 1 1 *", title="Yearly", handler=note_new_year),
)

if __name__ == "__main__":
    run(os.environ, jobs=JOBS, timers=TIMERS)
