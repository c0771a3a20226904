"""The worker process: does the jobs and keeps the timers of every storefront (docs/jobs.md).

A job is done at least once. A worker that dies leaves its jobs picked; whoever is alive takes them over when their
heartbeat has been silent for `HEARTBEAT`. A failed attempt is tried again with growing pauses, and what fails for good
is held as `failed`, logged and told to the desk.
"""

import asyncio
import json
import logging
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final, NoReturn
from uuid import NAMESPACE_OID, uuid5

import asyncpg
import structlog
from pgqueuer.applications import PgQueuer
from pgqueuer.errors import RetryRequested
from pgqueuer.models import Job, Schedule
from prometheus_client import Counter, Histogram, start_http_server

from sojourn.modules import JOBS, TIMERS
from sojourn.platform.db.database import CONNECT_FAULTS, Connection
from sojourn.platform.db.revisions import DatabaseOutdated, name_of, require_newest_on
from sojourn.platform.errors import Unavailable
from sojourn.platform.jobs.queue import enqueue, retry_delay
from sojourn.platform.jobs.schedule import in_zone
from sojourn.platform.kit.clock import Clock
from sojourn.platform.logs import configure_logs
from sojourn.providers.work import JobKind, Timer, Work
from sojourn.runtime import assemble
from sojourn.sales.effects import staff_alert
from sojourn.settings import Settings, SettingsError, load_settings
from sojourn.storefronts import STOREFRONTS
from sojourn.vendors import choose_vendors

# A running job beats twice in this time; one that is silent for longer has lost its worker.
HEARTBEAT: Final = timedelta(seconds=6)
# New jobs announce themselves; abandoned ones are only found by looking.
POLL: Final = timedelta(seconds=2)
GRACE_SECONDS: Final = 10.0
BATCH: Final = 10
MAX_AT_ONCE: Final = 20
FIRST_PAUSE_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 15.0

DONE = Counter("jobs_total", "Attempts at jobs", ["storefront", "kind", "outcome"])
SECONDS = Histogram("job_seconds", "Time of one attempt at a job", ["storefront", "kind"])
TICKS = Counter("timer_runs_total", "Runs of timers", ["storefront", "timer", "outcome"])

FORGET_OLD_TIMERS: Final = """
DELETE FROM pgqueuer_schedules
 WHERE (entrypoint, expression) NOT IN (SELECT * FROM unnest($1::text[], $2::text[]))
"""

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class StorefrontWorker:
    """Does one storefront's jobs. `dsn` must reach PostgreSQL itself: a transaction pooler passes no notifications."""

    work: Work
    dsn: str
    jobs: Sequence[JobKind]
    timers: Sequence[Timer]

    async def run_until_lost(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set, then finish what runs within `GRACE_SECONDS`.

        Raises what ended the work: one of `CONNECT_FAULTS` when the connection broke; DatabaseOutdated before any.
        """
        lost = asyncio.Event()
        connection = await asyncpg.connect(
            self.dsn, timeout=10, command_timeout=30, server_settings={"application_name": "sojourn-worker"}
        )
        connection.add_termination_listener(lambda _: lost.set())
        try:
            await require_newest_on(connection, name=name_of(self.dsn))
            queuer = self._registered(connection)
            await self._forget_old_timers(connection, queuer)
            await self._supervise(queuer, connection, stop=stop, lost=lost)
        finally:
            connection.terminate()

    def _registered(self, connection: "asyncpg.Connection[asyncpg.Record]") -> PgQueuer:
        queuer = PgQueuer.from_asyncpg_connection(connection)
        for kind in self.jobs:
            register = queuer.entrypoint(kind.name, on_failure="hold", accepts_context=False)
            register(partial(self._attempt, kind))
        for timer in self.timers:
            zone = timer.zone(self.work.runtime.storefront)
            schedule = queuer.schedule(timer.name, timer.cron, executor_factory=in_zone(zone), accepts_context=False)
            schedule(partial(self._tick, timer))
        return queuer

    async def _forget_old_timers(self, connection: Connection, queuer: PgQueuer) -> None:
        known = list(queuer.sm.registry)
        await connection.execute(FORGET_OLD_TIMERS, [k.entrypoint for k in known], [k.expression for k in known])

    async def _supervise(
        self,
        queuer: PgQueuer,
        connection: "asyncpg.Connection[asyncpg.Record]",
        *,
        stop: asyncio.Event,
        lost: asyncio.Event,
    ) -> None:
        managers = [
            asyncio.create_task(
                queuer.qm.run(
                    dequeue_timeout=POLL,
                    batch_size=BATCH,
                    max_concurrent_tasks=MAX_AT_ONCE,
                    heartbeat_timeout=HEARTBEAT,
                )
            ),
            asyncio.create_task(queuer.sm.run()),
        ]
        waits = [asyncio.create_task(stop.wait()), asyncio.create_task(lost.wait())]
        try:
            await asyncio.wait([*managers, *waits], return_when=asyncio.FIRST_COMPLETED)
            queuer.shutdown.set()
            await asyncio.wait(managers, timeout=GRACE_SECONDS)
        finally:
            # Cut the line before cancelling: a job cancelled on a live line would be written off as done with, on a
            # dead one it stays picked and is taken over.
            connection.terminate()
            for task in (*managers, *waits):
                task.cancel()
            ended = await asyncio.gather(*managers, return_exceptions=True)
            await asyncio.gather(*waits, return_exceptions=True)
        for outcome in ended:
            if isinstance(outcome, Exception):
                raise outcome
        if lost.is_set() and not stop.is_set():
            raise asyncpg.ConnectionDoesNotExistError("the worker's connection was closed")

    async def _attempt(self, kind: JobKind, job: Job) -> None:
        storefront = self.work.runtime.storefront.key
        with structlog.contextvars.bound_contextvars(
            storefront=storefront, job_id=job.id, kind=kind.name, attempt=job.attempts + 1
        ):
            started = time.perf_counter()
            try:
                await kind.handler(self.work, json.loads(job.payload or b"{}"))
            except Exception as fault:  # noqa: BLE001 - whatever it is, the job is tried again
                await self._on_failure(kind, job, fault)
            seconds = time.perf_counter() - started
            SECONDS.labels(storefront, kind.name).observe(seconds)
            DONE.labels(storefront, kind.name, "done").inc()
            logger.info("job done", ms=round(seconds * 1000, 1))

    async def _on_failure(self, kind: JobKind, job: Job, fault: Exception) -> NoReturn:
        storefront = self.work.runtime.storefront.key
        if job.attempts + 1 < kind.max_attempts:
            delay = retry_delay(job.attempts, fault)
            DONE.labels(storefront, kind.name, "retried").inc()
            logger.warning(
                "job failed, it will be tried again", after_seconds=delay.total_seconds(), fault=_told(fault)
            )
            raise RetryRequested(delay, reason=_told(fault)) from fault
        DONE.labels(storefront, kind.name, "failed").inc()
        logger.error("job failed for good", exc_info=fault)
        await self._alert(f"Jobs of the kind {kind.name} fail", fault=fault, reference=f"job {job.id}")
        raise fault

    async def _tick(self, timer: Timer, _schedule: Schedule) -> None:
        storefront = self.work.runtime.storefront.key
        with structlog.contextvars.bound_contextvars(storefront=storefront, timer=timer.name):
            try:
                await timer.handler(self.work)
            except Exception as fault:
                TICKS.labels(storefront, timer.name, "failed").inc()
                logger.exception("timer failed")
                await self._alert(f"The timer {timer.name} fails", fault=fault, reference=timer.title)
            else:
                TICKS.labels(storefront, timer.name, "done").inc()
                logger.info("timer done")

    async def _alert(self, title: str, *, fault: Exception, reference: str) -> None:
        """Once a day for each thing that fails, however often it does."""
        now = self.work.runtime.clock.now()
        subject_id = uuid5(NAMESPACE_OID, f"{title}:{now.date()}")
        try:
            async with self.work.runtime.db.unit_of_work() as tx:
                await enqueue(
                    tx, staff_alert(title, subject_id=subject_id, details={"what": reference, "fault": _told(fault)})
                )
        except Unavailable:
            logger.warning("the desk could not be told", title=title)


def _told(fault: Exception) -> str:
    """The fault in one line for logs and the desk."""
    return f"{type(fault).__name__}: {fault}"[:500]


async def keep_working(
    settings: Settings,
    key: str,
    *,
    stop: asyncio.Event,
    jobs: Sequence[JobKind] = JOBS,
    timers: Sequence[Timer] = TIMERS,
    clock: Clock | None = None,
) -> None:
    """Do one storefront's work until `stop` is set, through restarts of its database."""
    own = settings.per_storefront[key]
    work: Work | None = None
    pause = FIRST_PAUSE_SECONDS
    while not stop.is_set():
        began = time.monotonic()
        try:
            work = work or await _open(settings, key, clock=clock)
            worker = StorefrontWorker(work=work, dsn=own.direct_url or own.database_url, jobs=jobs, timers=timers)
            await worker.run_until_lost(stop)
        except CONNECT_FAULTS as fault:
            logger.warning("the worker lost its database", storefront=key, fault=_told(fault))
        except DatabaseOutdated as fault:
            logger.warning("the worker waits for `sojourn migrate`", storefront=key, fault=str(fault))
        except Exception:
            logger.exception("the worker had to begin anew", storefront=key)
        pause = FIRST_PAUSE_SECONDS if time.monotonic() - began > LONGEST_PAUSE_SECONDS else pause
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), timeout=pause)
        pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
    if work is not None:
        await work.vendors.aclose()
        await work.runtime.aclose()


async def _open(settings: Settings, key: str, *, clock: Clock | None) -> Work:
    vendors = choose_vendors(settings.per_storefront[key])
    runtime, _gate = await assemble(settings, key, clock=clock)
    logger.info("worker ready", storefront=key)
    return Work(runtime=runtime, vendors=vendors)


async def _serve(settings: Settings, *, jobs: Sequence[JobKind], timers: Sequence[Timer]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with asyncio.TaskGroup() as group:
        for key in settings.storefronts:
            group.create_task(keep_working(settings, key, stop=stop, jobs=jobs, timers=timers), name=f"worker-{key}")


def run(
    environ: Mapping[str, str] = os.environ, *, jobs: Sequence[JobKind] = JOBS, timers: Sequence[Timer] = TIMERS
) -> None:
    """Work until SIGTERM or SIGINT. `WORKER_METRICS_ADDRESS=host:port` serves the figures there.

    Raises `SettingsError` when the environment is not usable.
    """
    settings = load_settings(environ, known=tuple(STOREFRONTS))
    configure_logs(settings.log_level)
    # What it would say at this level, our own lines say with the job's name; below ERROR it still warns.
    logging.getLogger("pgqueuer").setLevel(logging.WARNING)
    if address := environ.get("WORKER_METRICS_ADDRESS"):
        host, _, port = address.rpartition(":")
        if not host or not port.isdecimal():
            raise SettingsError(f"WORKER_METRICS_ADDRESS must be host:port, such as 127.0.0.1:9464, not {address!r}.")
        start_http_server(int(port), addr=host)
    asyncio.run(_serve(settings, jobs=jobs, timers=timers))


if __name__ == "__main__":
    try:
        run()
    except SettingsError as refusal:
        sys.exit(str(refusal))
