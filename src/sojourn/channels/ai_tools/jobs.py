"""What happens to conversations by itself (docs/jobs.md)."""

from sojourn.channels.ai_tools import sessions_queries
from sojourn.providers.work import Timer, Work

BATCH = 1000


async def forget_sessions(work: Work) -> None:
    """Conversations whose seven days are over."""
    while True:
        async with work.runtime.db.unit_of_work() as tx:
            count = await sessions_queries.forget_ended(tx, now=work.runtime.clock.now(), limit=BATCH)
        if count < BATCH:
            return


TIMERS = (
    Timer(
        name="ai_tools.forget_sessions",
        cron="50 * * * *",
        title="every hour: the agent's conversations after seven days",
        handler=forget_sessions,
    ),
)
