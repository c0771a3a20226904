"""The worker as it is run, with everything it does: from a registration to the mail in the mailbox."""

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Iterator

import httpx
import pytest
from tests.features.worker.books import until
from tests.support.client import StorefrontClient
from tests.support.system import environment

from sojourn.modules import TIMERS
from sojourn.platform.kit.ids import new_id
from sojourn.platform.processes import find_free_port


@pytest.fixture
def metrics_port(derlg: StorefrontClient, sandbox: str) -> Iterator[int]:
    """Where a real worker of DerLg's database tells its figures; it is ended with the test."""
    port = find_free_port()
    overrides = {"WORKER_METRICS_ADDRESS": f"127.0.0.1:{port}", "LOG_LEVEL": "INFO"}
    told = environment({"derlg": derlg.database.dsn}, sandbox=sandbox, overrides=overrides)
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "sojourn.worker"],
            env=told, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
        )  # fmt: skip
        yield port
        process.terminate()
        assert process.wait(15) == 0
        output.seek(0)
        assert b'"event": "mail sent"' in output.read()


async def test_a_registration_becomes_a_mail(derlg: StorefrontClient, sandbox: str, metrics_port: int) -> None:
    guest = await derlg.register(email=f"whole-{new_id()}@example.com")
    async with derlg.database.read() as books:
        sent = "SELECT status FROM notifications WHERE recipient = $1"
        await until(books, "SENT", sent, guest.email)
        await until(books, len(TIMERS), "SELECT count(*) FROM pgqueuer_schedules")
    async with httpx.AsyncClient(timeout=10) as reader:
        mails = (await reader.get(f"{sandbox}/mail", params={"to": guest.email})).json()
        figures = (await reader.get(f"http://127.0.0.1:{metrics_port}/metrics")).text
    assert len(mails) == 1
    assert 'jobs_total{kind="mail.verify_email",outcome="done",storefront="derlg"} 1.0' in figures


@pytest.mark.parametrize("told", [{"SOJOURN_STOREFRONTS": "nobody"}, {"WORKER_METRICS_ADDRESS": "9464"}])
async def test_what_it_is_told_wrong_it_says_in_one_sentence(told: dict[str, str], dsn: str, sandbox: str) -> None:
    environ = environment({"derlg": dsn}, sandbox=sandbox, overrides=told)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "sojourn.worker", env=environ, stderr=subprocess.PIPE, stdout=subprocess.PIPE
    )
    _, error = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 1
    assert next(iter(told)).encode() in error
    assert b"Traceback" not in error
