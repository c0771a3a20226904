"""Doing the queue's jobs inside a test: in order, at once, and with faults that fail the test."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from json import loads

from tests.support.client import StorefrontClient
from tests.support.system import environment

from sojourn.modules import JOBS
from sojourn.providers.work import JobKind, Work
from sojourn.settings import load_settings
from sojourn.vendors import choose_vendors

_NEXT = """
SELECT id, entrypoint, payload FROM pgqueuer
 WHERE status = 'queued' AND (NOT $1 OR execute_after <= now()) ORDER BY id LIMIT 1
"""
_DONE = "DELETE FROM pgqueuer WHERE id = $1"


@asynccontextmanager
async def work_for(client: StorefrontClient, sandbox: str, **overrides: str) -> AsyncIterator[Work]:
    """What handlers are given: the client's storefront, with vendors that are the sandbox."""
    key = client.storefront.key
    told = environment({key: client.database.dsn}, sandbox=sandbox, overrides=overrides)
    settings = load_settings(told, known=(key,))
    vendors = choose_vendors(settings.per_storefront[key])
    try:
        yield Work(runtime=client.runtime, vendors=vendors)
    finally:
        await vendors.aclose()


async def do_jobs(
    work: Work, jobs: Sequence[JobKind] = JOBS, *, due_only: bool = False, ends_before: str | None = None
) -> list[str]:
    """Do every queued job, and those that come of them. Returns their kinds, in order.

    Whatever its delay, unless `due_only`. `ends_before`: stop at the first job of that kind. A handler's fault is
    raised here, and its job stays queued.
    """
    handlers = {kind.name: kind.handler for kind in jobs}
    done: list[str] = []
    while True:
        async with work.runtime.db.read() as connection:
            job = await connection.fetchrow(_NEXT, due_only)
        if job is None or job["entrypoint"] == ends_before:
            return done
        await handlers[job["entrypoint"]](work, loads(job["payload"]))
        done.append(job["entrypoint"])
        async with work.runtime.db.read() as connection:
            await connection.execute(_DONE, job["id"])
