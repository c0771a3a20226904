"""Points that end: taken out once a day, announced 30 days before."""

from sojourn.providers.work import Timer, Work
from sojourn.sales.loyalty import service

_BATCH = 200


async def end_points(work: Work) -> None:
    """Take out lapsed points, some customers at a time, then announce those that will lapse."""
    runtime = work.runtime
    done = _BATCH
    while done == _BATCH:
        async with runtime.db.unit_of_work() as tx:
            done = await service.expire(tx, now=runtime.clock.now(), limit=_BATCH)
    done = _BATCH
    while done == _BATCH:
        async with runtime.db.unit_of_work() as tx:
            zone = runtime.storefront.time_zone
            done = await service.warn(tx, now=runtime.clock.now(), zone=zone, limit=_BATCH)


TIMERS = (
    Timer(
        name="loyalty.end_points",
        cron="30 0 * * *",
        is_local=True,
        title="daily at 00:30: points that have outlived their time are taken out, others announced",
        handler=end_points,
    ),
)
