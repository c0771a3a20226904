"""`sojourn points rebuild`, run as a person runs it."""

import os
import subprocess
import sys

from tests.features.loyalty.conftest import Customer
from tests.support.system import environment


def rebuild(dsn: str, sandbox: str) -> "subprocess.CompletedProcess[str]":
    told = environment({"derlg": dsn}, sandbox=sandbox, overrides={"PATH": os.environ["PATH"]})
    command = [sys.executable, "-m", "sojourn.cli", "points", "rebuild", "--storefront", "derlg"]
    return subprocess.run(command, env=told, capture_output=True, text=True, check=False, timeout=60)


async def test_balances_are_recomputed_from_the_ledger(customer: Customer, dsn: str, sandbox: str) -> None:
    await customer.earn(300)
    async with customer.database.read() as connection:
        await connection.execute("UPDATE users SET loyalty_points = 7")
    ran = rebuild(dsn, sandbox)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "derlg: 1 balances were wrong" in ran.stdout
    assert await customer.cached() == 300
    assert "derlg: 0 balances were wrong" in rebuild(dsn, sandbox).stdout
