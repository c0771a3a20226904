import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import asyncpg
import pytest
from tests.features.worker.books import Books
from tests.features.worker.trial import TRACES
from tests.support.system import environment

ROOT = Path(__file__).resolve().parents[3]

StartWorker = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
async def books(dsn: str) -> AsyncIterator[Books]:
    """The database that the trial worker works on."""
    connection = await asyncpg.connect(dsn)
    await connection.execute(TRACES)
    yield connection
    await connection.close()


@pytest.fixture
def start_worker(dsn: str, sandbox: str) -> Iterator[StartWorker]:
    """Starts a process of `trial.py`; whatever still runs at the end of the test is ended."""
    started: list[subprocess.Popen[bytes]] = []
    with tempfile.TemporaryFile() as output:

        def start(database: str = dsn) -> "subprocess.Popen[bytes]":
            told = environment({"derlg": database}, sandbox=sandbox, overrides={})
            command = [sys.executable, "-m", "tests.features.worker.trial"]
            process = subprocess.Popen(
                command, cwd=ROOT, env=told, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
            started.append(process)
            return process

        yield start
        for process in started:
            if process.poll() is None:
                process.kill()
            process.wait(10)
        output.seek(0)
        sys.stderr.write(output.read().decode(errors="replace")[-6000:])
