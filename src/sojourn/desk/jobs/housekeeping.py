"""What is forgotten when it says nothing any more."""

from typing import Final

from sojourn.people.auth import queries as credentials
from sojourn.platform.http import idempotency
from sojourn.providers.work import Timer, Work

DELETE_OLD_JOB_LOGS: Final = "DELETE FROM pgqueuer_log WHERE created < now() - interval '14 days'"
DELETE_OLD_JOB_FIGURES: Final = "DELETE FROM pgqueuer_statistics WHERE created < now() - interval '90 days'"


async def forget_answers(work: Work) -> None:
    """Stored answers to calls with an Idempotency-Key, after their day."""
    await idempotency.purge(work.runtime)


async def forget_old_traces(work: Work) -> None:
    """Failed sign-ins, links and refresh tokens that are long over, and what the queue wrote down of its jobs."""
    async with work.runtime.db.read() as connection:
        await credentials.purge(connection, now=work.runtime.clock.now())
        await connection.execute(DELETE_OLD_JOB_LOGS)
        await connection.execute(DELETE_OLD_JOB_FIGURES)


TIMERS = (
    Timer(
        name="desk.forget_answers",
        cron="15 * * * *",
        title="every hour: answers kept for idempotency keys are forgotten after 24 hours",
        handler=forget_answers,
    ),
    Timer(
        name="desk.forget_old_traces",
        cron="30 1 * * *",
        is_local=True,
        title="daily at 01:30: old failed sign-ins, links, refresh tokens and job logs are forgotten",
        handler=forget_old_traces,
    ),
)
