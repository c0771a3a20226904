"""Every statement on the queue's own tables."""

from collections.abc import Sequence

from sojourn.desk.jobs.errors import JobNotFound
from sojourn.desk.jobs.models import FailedJobOut, QueueOut
from sojourn.platform.db.database import Connection, Row

SELECT_SCHEDULES = """
SELECT entrypoint, expression, status = 'picked' AS is_running, last_run, next_run FROM pgqueuer_schedules
"""
SELECT_QUEUES = """
SELECT entrypoint AS kind,
       count(*) FILTER (WHERE status = 'queued' AND execute_after <= now()) AS waiting,
       count(*) FILTER (WHERE status = 'queued' AND execute_after > now()) AS later,
       count(*) FILTER (WHERE status = 'picked') AS running,
       count(*) FILTER (WHERE status = 'failed') AS failed,
       min(execute_after) FILTER (WHERE status = 'queued' AND execute_after <= now()) AS due_since
  FROM pgqueuer GROUP BY entrypoint ORDER BY entrypoint
"""
SELECT_FAILED = """
SELECT q.id, q.entrypoint AS kind, q.attempts + 1 AS attempts, q.created AS queued_at, q.updated AS failed_at,
       (SELECT left(l.traceback->>'exception_type' || ': ' || (l.traceback->>'exception_message'), 500)
          FROM pgqueuer_log l
         WHERE l.job_id = q.id AND l.traceback IS NOT NULL ORDER BY l.created DESC, l.id DESC LIMIT 1) AS last_error
  FROM pgqueuer q
 WHERE q.status = 'failed'
 ORDER BY q.updated DESC, q.id DESC
 LIMIT 100
"""
SELECT_STATUS_LOCKED = "SELECT status, entrypoint FROM pgqueuer WHERE id = $1 FOR UPDATE"
REQUEUE = """
WITH requeued AS (
    UPDATE pgqueuer SET status = 'queued', execute_after = now(), updated = now(), attempts = 0, queue_manager_id = NULL
     WHERE id = $1 RETURNING id, entrypoint, priority
)
INSERT INTO pgqueuer_log (job_id, status, entrypoint, priority) SELECT id, 'queued', entrypoint, priority FROM requeued
"""


async def list_schedules(connection: Connection) -> Sequence[Row]:
    """`entrypoint`, `expression`, `is_running`, `last_run`, `next_run` of every timer that a worker has registered."""
    rows: Sequence[Row] = await connection.fetch(SELECT_SCHEDULES)
    return rows


async def list_queues(connection: Connection) -> list[QueueOut]:
    return [QueueOut.model_validate(dict(row)) for row in await connection.fetch(SELECT_QUEUES)]


async def list_failed(connection: Connection) -> list[FailedJobOut]:
    """The hundred that failed last."""
    return [FailedJobOut.model_validate(dict(row)) for row in await connection.fetch(SELECT_FAILED)]


async def lock_job(tx: Connection, job_id: int) -> Row:
    """`status` and `entrypoint` of a job. Raises `JobNotFound`."""
    row = await tx.fetchrow(SELECT_STATUS_LOCKED, job_id)
    if row is None:
        raise JobNotFound
    return row


async def requeue(tx: Connection, job_id: int) -> None:
    """Let a failed job be done at once, with all its attempts before it."""
    await tx.execute(REQUEUE, job_id)
