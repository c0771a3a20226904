"""The queue's overview, and a failed job's second life."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg

from sojourn.desk.jobs import queries
from sojourn.desk.jobs.errors import JobNotFailed, JobQueuedAgain
from sojourn.desk.jobs.models import JobsOut, TimerOut
from sojourn.people.auth.access import Actor
from sojourn.platform.audit.trail import Act, record
from sojourn.platform.db.database import Connection
from sojourn.platform.http.context import Origin
from sojourn.platform.storefront import Storefront
from sojourn.providers.work import Timer

FAILED = "failed"


async def overview(connection: Connection, *, timers: Sequence[Timer], storefront: Storefront) -> JobsOut:
    """Timers, queues and failures."""
    schedules = {row["entrypoint"]: row for row in await queries.list_schedules(connection)}
    shown = []
    for timer in timers:
        row = schedules.get(timer.name)
        shown.append(
            TimerOut(
                name=timer.name,
                title=timer.title,
                cron=timer.cron,
                zone=timer.zone(storefront),
                is_running=row is not None and row["is_running"],
                last_run_at=row["last_run"] if row else None,
                next_run_at=row["next_run"] if row else None,
            )
        )
    return JobsOut(
        timers=shown, queues=await queries.list_queues(connection), failed=await queries.list_failed(connection)
    )


async def retry(tx: Connection, *, job_id: int, admin: Actor, now: datetime, origin: Origin) -> None:
    """Queue a failed job again. Raises JobNotFound, JobNotFailed, JobQueuedAgain."""
    job = await queries.lock_job(tx, job_id)
    if job["status"] != FAILED:
        raise JobNotFailed(details={"status": job["status"]})
    try:
        await queries.requeue(tx, job_id)
    except asyncpg.UniqueViolationError as twin:
        raise JobQueuedAgain from twin
    act = Act(
        action="job.retried",
        subject_kind="JOB",
        subject_id=None,
        actor_id=admin.user_id,
        reference=str(job_id),
        detail={"kind": job["entrypoint"]},
    )
    await record(tx, act, now=now, origin=origin)
