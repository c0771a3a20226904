"""The queue and the timers as the desk sees them. Payloads are not shown: they may carry secrets."""

from datetime import datetime

from sojourn.platform.kit.wire import Wire


class TimerOut(Wire):
    """Work on a schedule; `cron` is read on the clocks of `zone`. `last_run_at` is when it last ended."""

    name: str
    title: str
    cron: str
    zone: str
    is_running: bool
    last_run_at: datetime | None
    next_run_at: datetime | None


class QueueOut(Wire):
    """One kind of job. `waiting` counts those that are due, `later` those that are not yet."""

    kind: str
    waiting: int
    later: int
    running: int
    failed: int
    due_since: datetime | None


class FailedJobOut(Wire):
    """A job held after its last attempt."""

    id: int
    kind: str
    attempts: int
    queued_at: datetime
    failed_at: datetime
    last_error: str | None


class JobsOut(Wire):
    timers: list[TimerOut]
    queues: list[QueueOut]
    failed: list[FailedJobOut]
