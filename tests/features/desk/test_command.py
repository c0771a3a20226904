"""`sojourn invariants`, run as a person runs it."""

import os
import subprocess
import sys

import asyncpg
import pytest
from tests.support.system import environment


@pytest.fixture
def told(dsn: str, sandbox: str) -> dict[str, str]:
    return environment({"derlg": dsn}, sandbox=sandbox, overrides={"PATH": os.environ["PATH"]})


def check(told: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "sojourn.cli", "invariants", "--storefront", "derlg"]
    return subprocess.run(command, env=told, capture_output=True, text=True, check=False, timeout=60)


def test_sound_books_end_with_status_0(told: dict[str, str]) -> None:
    ran = check(told)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "invariants hold" in ran.stdout


async def test_a_breach_is_printed_and_ends_with_status_1(told: dict[str, str], dsn: str) -> None:
    books = await asyncpg.connect(dsn)
    await books.execute(
        "INSERT INTO inbox (provider, event_id, name, payload, is_live, received_at) "
        "VALUES ('stripe', 'evt_7', 'x', '{}', false, now() - interval '1 hour')"
    )
    await books.close()
    ran = check(told)
    assert ran.returncode == 1
    assert "event_unhandled stripe evt_7" in ran.stdout
