"""One worker in this process: what becomes of jobs that fail, and of those that do not end in time."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from tests.features.worker.books import HOW_OFTEN, JOBS_LEFT, Books, open_gate, until
from tests.features.worker.trial import JOBS
from tests.support.system import environment

from sojourn import worker
from sojourn.platform.jobs.queue import NewJob, Payload, enqueue
from sojourn.providers.work import JobKind, Timer, Work
from sojourn.sales.effects import STAFF_ALERT
from sojourn.settings import load_settings
from sojourn.storefronts import STOREFRONTS


@asynccontextmanager
async def at_work(
    dsn: str, sandbox: str, *, jobs: Sequence[JobKind] = JOBS, timers: Sequence[Timer] = ()
) -> AsyncIterator[None]:
    settings = load_settings(environment({"derlg": dsn}, sandbox=sandbox, overrides={}), known=tuple(STOREFRONTS))
    stop = asyncio.Event()
    task = asyncio.create_task(worker.keep_working(settings, "derlg", stop=stop, jobs=jobs, timers=timers))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(task, 12)


async def test_a_failed_attempt_is_tried_again(books: Books, dsn: str, sandbox: str) -> None:
    await enqueue(books, NewJob(kind="trial.once"))
    async with at_work(dsn, sandbox):
        await until(books, 0, JOBS_LEFT)
    assert await books.fetchval(HOW_OFTEN, "tried") == 2


async def test_what_fails_for_good_is_held_and_told_to_the_desk(books: Books, dsn: str, sandbox: str) -> None:
    for _ in range(2):
        await enqueue(books, NewJob(kind="trial.never"))
    async with at_work(dsn, sandbox):
        await until(books, 2, "SELECT count(*) FROM pgqueuer WHERE status = 'failed'")
    assert await books.fetchval(HOW_OFTEN, "tried") == 2
    traceback = await books.fetchval("SELECT traceback FROM pgqueuer_log WHERE status = 'failed' LIMIT 1")
    assert "it never works" in traceback
    alerts = await books.fetch("SELECT payload FROM pgqueuer WHERE entrypoint = $1", STAFF_ALERT)
    assert alerts
    assert b"trial.never" in alerts[0]["payload"]
    # One subject for both: the notification that comes of them is one.
    subjects = {row["payload"].partition(b'"subject_id"')[2][:42] for row in alerts}
    assert len(subjects) == 1


async def test_a_timer_that_fails_is_told_to_the_desk_and_runs_again(books: Books, dsn: str, sandbox: str) -> None:
    runs = 0

    async def fail(work: Work) -> None:
        nonlocal runs
        runs += 1
        raise RuntimeError("no luck")

    timer = Timer(name="trial.fails", cron="* * * * * *", title="Fails", handler=fail)
    async with at_work(dsn, sandbox, timers=[timer]):
        await until(books, 2, "SELECT count(*) FROM pgqueuer WHERE entrypoint = $1", STAFF_ALERT)
    assert runs >= 2


async def test_a_daily_timer_goes_by_the_storefronts_clock_and_runs_once_after_downtime(
    books: Books, dsn: str, sandbox: str
) -> None:
    runs: list[str] = []

    async def note(work: Work) -> None:
        runs.append(work.runtime.storefront.key)

    await books.execute(
        "INSERT INTO pgqueuer_schedules (expression, entrypoint, next_run) "
        "VALUES ('0 8 * * *', 'trial.local', now() - interval '3 days')"
    )
    timers = [
        Timer(name="trial.local", cron="0 8 * * *", is_local=True, title="At eight", handler=note),
        Timer(name="trial.universal", cron="0 8 * * *", title="At eight in UTC", handler=note),
    ]
    async with at_work(dsn, sandbox, timers=timers):
        await until(books, True, "SELECT last_run IS NOT NULL FROM pgqueuer_schedules WHERE entrypoint = 'trial.local'")
        shown = await books.fetch(
            "SELECT entrypoint, (next_run AT TIME ZONE 'Asia/Phnom_Penh')::time(0)::text AS at, "
            "next_run > now() AND next_run <= now() + interval '1 day' AS is_next FROM pgqueuer_schedules"
        )
    assert runs == ["derlg"]
    assert {row["entrypoint"]: (row["at"], row["is_next"]) for row in shown} == {
        "trial.local": ("08:00:00", True),
        "trial.universal": ("15:00:00", True),
    }


async def test_a_job_cut_off_by_the_stop_is_kept_for_the_next_worker(
    books: Books, dsn: str, sandbox: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "GRACE_SECONDS", 0.1)
    await enqueue(books, NewJob(kind="trial.gate", payload={"gate": "g"}))
    async with at_work(dsn, sandbox):
        await until(books, 1, HOW_OFTEN, "g begun")
    assert await books.fetchval("SELECT status FROM pgqueuer") == "picked"
    await open_gate(books, "g")
    async with at_work(dsn, sandbox):
        await until(books, 0, JOBS_LEFT)
    assert await books.fetchval(HOW_OFTEN, "g ended") == 1


async def test_no_more_than_the_allowed_number_run_at_once(books: Books, dsn: str, sandbox: str) -> None:
    running = most = 0
    release = asyncio.Event()

    async def crowd(work: Work, payload: Payload) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await release.wait()
        running -= 1

    await enqueue(books, *[NewJob(kind="trial.crowd") for _ in range(worker.MAX_AT_ONCE + 15)])
    async with at_work(dsn, sandbox, jobs=[JobKind(name="trial.crowd", handler=crowd)]):
        await until(books, worker.MAX_AT_ONCE, "SELECT count(*) FROM pgqueuer WHERE status = 'picked'")
        release.set()
        await until(books, 0, JOBS_LEFT)
    assert most == worker.MAX_AT_ONCE
