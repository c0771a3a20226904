"""Who writes into the database with a customer's own identity: a review of what they travelled, for the desk to see."""

import json
from collections.abc import AsyncIterator
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

import asyncpg
import pytest
from tests.features.reviews.conftest import ComeBack
from tests.support.client import StorefrontClient
from tests.support.selling import hold

WRITE = """
INSERT INTO reviews (booking_id, user_id, subject_kind, subject_id, rating, language)
VALUES ($1, $2, 'TRIP', $3, 5, 'en')
"""


@pytest.fixture
async def outside(traveler: StorefrontClient) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """A line of somebody who is `authenticated` as the traveller."""
    dsn = traveler.database.dsn
    owner = await asyncpg.connect(dsn)
    await owner.execute("CREATE ROLE outside_critic LOGIN PASSWORD 'theirs' IN ROLE authenticated")
    parts = urlsplit(dsn)
    line = await asyncpg.connect(
        urlunsplit(parts._replace(netloc=f"outside_critic:theirs@{parts.hostname}:{parts.port}"))
    )
    claims = json.dumps({"sub": str(traveler.user_id), "role": "authenticated"})
    await line.execute("SELECT set_config('request.jwt.claims', $1, false)", claims)
    yield line
    await line.close()
    await owner.execute("DROP ROLE outside_critic")
    await owner.close()


async def test_it_waits_for_the_desk(
    outside: "asyncpg.Connection[asyncpg.Record]", traveler: StorefrontClient, trip_id: UUID, come_back: ComeBack
) -> None:
    await outside.execute(WRITE, UUID(await come_back(traveler)), traveler.user_id, trip_id)
    (row,) = await traveler.rows("SELECT status, rating FROM reviews")
    assert row == {"status": "PENDING", "rating": 5}


async def test_a_journey_that_is_not_over_or_not_ones_own_is_refused(
    outside: "asyncpg.Connection[asyncpg.Record]",
    traveler: StorefrontClient,
    derlg: StorefrontClient,
    trip_id: UUID,
    come_back: ComeBack,
) -> None:
    other = await derlg.sign_in_as()
    held, theirs = UUID((await hold(traveler, trip_id))["id"]), UUID(await come_back(other))
    mine = UUID(await come_back(traveler))
    tried = [
        (held, traveler.user_id, trip_id), (theirs, traveler.user_id, trip_id), (theirs, other.user_id, trip_id),
        (mine, traveler.user_id, mine),
    ]  # fmt: skip
    for booking_id, user_id, subject_id in tried:
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
            await outside.execute(WRITE, booking_id, user_id, subject_id)


@pytest.mark.parametrize(
    "act",
    ["SELECT * FROM reviews", "UPDATE reviews SET rating = 1", "INSERT INTO reviews (status) VALUES ('PUBLISHED')"],
)
async def test_nothing_else_is_allowed(outside: "asyncpg.Connection[asyncpg.Record]", act: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await outside.execute(act)
