"""A database that has not had every migration: put back from an old backup, say, below a worker that runs."""

import asyncio

from structlog.testing import capture_logs
from tests.features.worker.books import HOW_OFTEN, Books, until
from tests.features.worker.trial import JOBS
from tests.support.system import environment
from tests.support.waiting import eventually

from sojourn.platform.jobs.queue import NewJob, enqueue
from sojourn.settings import load_settings
from sojourn.worker import keep_working

OLD = "UPDATE alembic_version SET version_num = '0030'"
NEWEST = "UPDATE alembic_version SET version_num = $1"


async def test_the_worker_waits_for_the_migrations(books: Books, dsn: str, sandbox: str) -> None:
    settings = load_settings(environment({"derlg": dsn}, sandbox=sandbox, overrides={}), known=("derlg",))
    newest = await books.fetchval("SELECT version_num FROM alembic_version")
    await books.execute(OLD)
    await enqueue(books, NewJob(kind="trial.once"))
    stop = asyncio.Event()
    with capture_logs() as logs:
        working = asyncio.create_task(keep_working(settings, "derlg", stop=stop, jobs=JOBS, timers=()))

        async def says_so() -> bool:
            return any("sojourn migrate" in line["event"] for line in logs)

        await eventually(says_so)
        assert await books.fetchval(HOW_OFTEN, "tried") == 0
        await books.execute(NEWEST, newest)
        await until(books, 1, HOW_OFTEN, "tried")
        stop.set()
        await working
    told = next(line for line in logs if "sojourn migrate" in line["event"])
    assert f"stands at migration 0030, and this version needs {newest}" in told["fault"]
