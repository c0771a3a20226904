"""`sojourn retention`, run as a person runs it."""

import os
import subprocess
import sys

from tests.features.documents.conftest import handed_in, kept_files, pdf
from tests.support.client import StorefrontClient
from tests.support.system import environment


def retention(dsn: str, sandbox: str, *options: str) -> str:
    told = environment({"holyone": dsn}, sandbox=sandbox, overrides={"PATH": os.environ["PATH"]})
    command = [sys.executable, "-m", "sojourn.cli", "retention", "--storefront", "holyone", *options]
    ran = subprocess.run(command, env=told, capture_output=True, text=True, check=False, timeout=60)
    assert (ran.returncode, ran.stderr) == (0, "")
    return ran.stdout


async def test_it_says_what_goes_and_then_it_goes(customer: StorefrontClient, sandbox: str) -> None:
    dsn, before = customer.database.dsn, kept_files()
    assert "holyone: no documents" in retention(dsn, sandbox)
    for mark in ("old", "new"):
        document = await handed_in(customer, pdf(mark), category="PASSPORT")
        hours = 25 if mark == "old" else 1
        async with customer.database.read() as connection:
            # The command goes by the machine's clock.
            await connection.execute(
                "UPDATE documents SET created_at = now() - make_interval(hours => $2) WHERE id::text = $1",
                document["id"], hours,
            )  # fmt: skip
    told = retention(dsn, sandbox, "--dry-run")
    assert "UNATTACHED: 1 documents" in told
    assert "would go" in told
    assert "YOUNG: 1 documents" in told
    assert "stays" in told
    assert "positions of calls for help: 0 would go, 0 stay" in told
    assert len(await customer.rows("SELECT id FROM documents")) == 2
    assert "gone" in retention(dsn, sandbox)
    assert len(await customer.rows("SELECT id FROM documents")) == 1
    assert len(kept_files() - before) == 1
