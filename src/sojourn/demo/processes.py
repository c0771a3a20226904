"""Processes that a chapter needs otherwise: a second API with short holds, a worker that stands still."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager

import psutil

from sojourn.demo.teller import Unexpected
from sojourn.demo.world import World
from sojourn.platform.processes import find_free_port
from sojourn.up.children import MARK, Child, Program, stop_all, wait_until_ready


@asynccontextmanager
async def second_api(world: World, settings: Mapping[str, str]) -> AsyncIterator[str]:
    """Another API process on the same databases, with other settings, for the length of the block: its origin."""
    origin = f"http://127.0.0.1:{(port := find_free_port())}"
    serve = (sys.executable, "-m", "sojourn.cli", "serve", "--port", str(port))
    # Marked like the rest of the run: whatever becomes of us, the next start clears it up.
    environment = {**world.environment, MARK: str(world.state.folder), **settings}
    program = Program(name="Second API", command=serve, ready_url=f"{origin}/ready")
    child = Child(program, world.state.log("demo-api"), environment, world.teller.console.print)
    child.start()
    try:
        await asyncio.to_thread(wait_until_ready, [child])
        yield origin
    finally:
        stop_all([child])


@contextmanager
def still_worker(world: World) -> Iterator[psutil.Process]:
    """The running system's worker, which does nothing for the length of the block and then goes on.

    Raises `Unexpected` when there is none.
    """
    worker = _find_worker(str(world.state.folder))
    # Wakes it when we close its input, also by being killed.
    wake = ["/bin/sh", "-c", 'read -r _; kill -CONT "$0"', str(worker.pid)]
    with subprocess.Popen(wake, stdin=subprocess.PIPE, start_new_session=True):
        worker.suspend()
        yield worker


def _find_worker(mark: str) -> psutil.Process:
    for process in psutil.process_iter():
        try:
            if "sojourn.worker" in process.cmdline() and process.environ().get(MARK) == mark:
                return process
        except psutil.Error:
            continue
    raise Unexpected("the worker of `make up` is not among the processes that can be seen from here")
