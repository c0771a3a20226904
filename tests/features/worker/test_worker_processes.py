"""Real worker processes: killed, stopped, and two at once; a database that goes away under them."""

import asyncio
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from tests.features.worker.books import HOW_OFTEN, JOBS_LEFT, Books, open_gate, until
from tests.features.worker.conftest import StartWorker
from tests.features.worker.trial import TRACES

from sojourn.platform.db import embedded
from sojourn.platform.db.migrate import upgrade
from sojourn.platform.jobs.queue import NewJob, enqueue

GATED = NewJob(kind="trial.gate", payload={"gate": "g"})
BEATS = "SELECT date_trunc('second', at) AS second FROM traces WHERE what = 'beat'"
# The schedule's heartbeat stands still once nobody looks after the timers.
TIMERS_REST = "SELECT max(updated) < now() - interval '3 seconds' FROM pgqueuer_schedules"


class MortalServer:
    """A PostgreSQL that a test may stop and start again. Blocking: it ends with the thread that starts it."""

    def __init__(self, data_dir: Path) -> None:
        self.running = embedded.start(data_dir, settings={"fsync": "off"})

    def restart(self) -> None:
        self.running.stop()
        self.running = embedded.start(self.running.data_dir, port=self.running.port)


@pytest.fixture
def mortal_server() -> Iterator[MortalServer]:
    with tempfile.TemporaryDirectory(prefix="sojourn-test-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        server = MortalServer(folder / "data")
        server.running.create_database("trial")
        yield server
        server.running.stop()


async def test_a_job_whose_worker_is_killed_is_done_once_more_and_to_the_end(
    books: Books, start_worker: StartWorker
) -> None:
    await enqueue(books, GATED)
    doomed = start_worker()
    await until(books, 1, HOW_OFTEN, "g begun")
    doomed.send_signal(signal.SIGKILL)
    doomed.wait(10)
    await open_gate(books, "g")
    assert await books.fetchval("SELECT status FROM pgqueuer") == "picked"
    start_worker()
    await until(books, 0, JOBS_LEFT)
    assert await books.fetchval(HOW_OFTEN, "g begun") == 2
    assert await books.fetchval(HOW_OFTEN, "g ended") == 1


async def test_a_stopped_worker_finishes_what_runs_and_begins_nothing_new(
    books: Books, start_worker: StartWorker
) -> None:
    await enqueue(books, GATED)
    worker = start_worker()
    await until(books, 1, HOW_OFTEN, "g begun")
    worker.terminate()
    await until(books, True, TIMERS_REST)
    await enqueue(books, NewJob(kind="trial.gate", payload={"gate": "h"}))
    await open_gate(books, "g")
    assert await asyncio.to_thread(worker.wait, 10) == 0
    assert await books.fetchval(HOW_OFTEN, "g ended") == 1
    assert await books.fetchval(HOW_OFTEN, "h begun") == 0
    assert [row["status"] for row in await books.fetch("SELECT status FROM pgqueuer")] == ["queued"]


async def test_timers_run_once_across_workers_and_once_after_downtime(books: Books, start_worker: StartWorker) -> None:
    await books.execute(
        "INSERT INTO pgqueuer_schedules (expression, entrypoint, next_run) VALUES "
        "('0 0 1 1 *', 'trial.new_year', now() - interval '3 days'), ('0 5 * * *', 'trial.forgotten', now())"
    )
    start_worker()
    start_worker()
    await until(books, 2, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'sojourn-worker'")
    await until(books, True, "SELECT count(*) >= 4 FROM traces WHERE what = 'beat'")
    assert await books.fetchval(HOW_OFTEN, "new year") == 1
    beats = [row["second"] for row in await books.fetch(BEATS)]
    assert len(beats) == len(set(beats))
    assert await books.fetchval("SELECT count(*) FROM pgqueuer_schedules WHERE entrypoint = 'trial.forgotten'") == 0


async def test_a_restart_of_the_database_is_survived(mortal_server: MortalServer, start_worker: StartWorker) -> None:
    dsn = mortal_server.running.dsn("trial")
    await asyncio.to_thread(upgrade, dsn)
    before = await asyncpg.connect(dsn)
    await before.execute(TRACES)
    worker = start_worker(dsn)
    await enqueue(before, GATED)
    await until(before, 1, HOW_OFTEN, "g begun")
    mortal_server.restart()
    before.terminate()
    after = await asyncpg.connect(dsn)
    await open_gate(after, "g")
    await until(after, 0, JOBS_LEFT, seconds=40)
    assert await after.fetchval(HOW_OFTEN, "g ended") >= 1
    await after.close()
    assert worker.poll() is None
    worker.terminate()
    assert await asyncio.to_thread(worker.wait, 12) == 0
