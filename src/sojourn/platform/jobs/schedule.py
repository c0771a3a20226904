"""When a timer runs next, on any zone's clocks. Only the worker loads this: it brings its library along."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from croniter import croniter  # type: ignore[import-untyped]
from pgqueuer.executors import AbstractScheduleExecutor, ScheduleExecutor, ScheduleExecutorFactoryParameters


def next_run(cron: str, *, after: datetime, zone: str) -> datetime:
    """The first moment after `after` at which the clocks of `zone` show what `cron` asks for, in UTC.

    What falls into an hour that the clocks skip runs an hour later by them; what they show twice runs the first time.
    """
    clocks = ZoneInfo(zone)
    runs = croniter(cron, start_time=after.astimezone(clocks).replace(tzinfo=None))
    while True:
        shown: datetime = runs.get_next(datetime)
        moment = shown.replace(tzinfo=clocks).astimezone(UTC)
        if moment > after:
            return moment


@dataclass
class ZonedSchedule(ScheduleExecutor):
    """pgqueuer's executor, which by itself reads every cron in UTC."""

    zone: str = "UTC"

    def get_next(self) -> datetime:
        return next_run(self.parameters.expression, after=datetime.now(UTC), zone=self.zone)


def in_zone(zone: str) -> Callable[[ScheduleExecutorFactoryParameters], AbstractScheduleExecutor]:
    """How pgqueuer is told that a schedule goes by the clocks of `zone`."""
    return lambda parameters: ZonedSchedule(parameters, zone=zone)
