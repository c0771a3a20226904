"""Who writes into the database with a customer's own identity: they may call for help, and nothing else."""

import json
from collections.abc import AsyncIterator
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
from tests.features.emergency.test_desk import sent
from tests.support.client import StorefrontClient
from tests.support.work import do_jobs

from sojourn.care.emergency.jobs import escalate_due
from sojourn.platform.kit.clock import FrozenClock
from sojourn.providers.work import Work

CALL = "INSERT INTO emergency_alerts (user_id, alert_type, latitude, longitude) VALUES ($1, 'LOST', 13.4, 103.9)"


@pytest.fixture
async def outside(traveler: StorefrontClient) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """A line of somebody who is `authenticated` as the traveller."""
    dsn = traveler.database.dsn
    owner = await asyncpg.connect(dsn)
    await owner.execute("CREATE ROLE outside_caller LOGIN PASSWORD 'theirs' IN ROLE authenticated")
    parts = urlsplit(dsn)
    line = await asyncpg.connect(
        urlunsplit(parts._replace(netloc=f"outside_caller:theirs@{parts.hostname}:{parts.port}"))
    )
    claims = json.dumps({"sub": str(traveler.user_id), "role": "authenticated"})
    await line.execute("SELECT set_config('request.jwt.claims', $1, false)", claims)
    yield line
    await line.close()
    await owner.execute("DROP ROLE outside_caller")
    await owner.close()


async def test_such_a_call_reaches_the_desk_within_a_minute(
    outside: "asyncpg.Connection[asyncpg.Record]", traveler: StorefrontClient, work: Work, clock: FrozenClock
) -> None:
    await outside.execute(CALL, traveler.user_id)
    async with work.runtime.db.read() as connection:  # the database's clock is not the test's
        await connection.execute("UPDATE emergency_alerts SET escalates_at = $1", clock.now())
    await escalate_due(work)
    await do_jobs(work)
    assert await sent(traveler) == [("1", "MAIL", traveler.storefront.support_email)]


@pytest.mark.parametrize(
    "act",
    [
        "SELECT * FROM emergency_alerts",
        "UPDATE emergency_alerts SET status = 'RESOLVED'",
        "DELETE FROM emergency_alerts",
        "INSERT INTO emergency_alerts (user_id, status) SELECT auth.uid(), 'RESOLVED'",
    ],
)
async def test_nothing_else_is_allowed(outside: "asyncpg.Connection[asyncpg.Record]", act: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await outside.execute(act)


async def test_nobody_calls_as_somebody_else(
    outside: "asyncpg.Connection[asyncpg.Record]", derlg: StorefrontClient
) -> None:
    other = await derlg.sign_in_as()
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        await outside.execute(CALL, other.user_id)
