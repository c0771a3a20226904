"""Telling the agent of payments on Redis (docs/jobs.md)."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog

from sojourn.platform.events import log
from sojourn.platform.jobs.queue import Payload
from sojourn.platform.redis.keys import payment_events
from sojourn.platform.redis.port import RedisAway
from sojourn.providers.work import JobKind, Timer, Work

# Whoever listened has lost its line to Redis as well, and knows by then from the event stream.
WORTH_SAYING: Final = timedelta(minutes=10)

logger = structlog.get_logger(__name__)


async def publish(work: Work, payload: Payload) -> None:
    """Say a payment's status on its customer's channel. Raises `RedisAway` for the queue to try again, for a while."""
    try:
        await work.runtime.shared.publish(payment_events(UUID(payload["user_id"])), payload["message"])
    except RedisAway:
        if work.runtime.clock.now() - datetime.fromisoformat(payload["at"]) < WORTH_SAYING:
            raise
        logger.warning("a payment event was not published: redis is away", user_id=payload["user_id"])


async def forget_old(work: Work) -> None:
    """Events are kept for seven days."""
    async with work.runtime.db.read() as connection:
        await log.forget_old(connection, now=work.runtime.clock.now())


JOBS = (JobKind(name=log.PUBLISH, handler=publish),)
TIMERS = (
    Timer(
        name="events.forget_old", cron="50 * * * *", handler=forget_old,
        title="every hour: events of customers are forgotten after seven days",
    ),
)  # fmt: skip
