"""The net below the API: what somebody sees who reads the database with a customer's own identity."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

import asyncpg
import pytest
from tests.support.databases import TemplateServer

from sojourn.platform.db.embedded import RunningServer, ephemeral_postgres
from sojourn.platform.db.migrate import downgrade, upgrade
from sojourn.platform.kit.ids import new_id, new_reference

Connection = Any
PASSWORD = "not-the-owners"
BEFORE = "0016"  # the revision before row-level security
READABLE = {"bookings", "loyalty_transactions"}  # what the policies of later migrations speak of is added by them

_PERSON = """
INSERT INTO users (id, email, name, referral_code, created_at, updated_at) VALUES ($1, $2, 'X', $2, now(), now())
"""
_BOOKING = """
INSERT INTO bookings (id, booking_ref, user_id, booking_type, status, title, snapshot, travel_date, end_date, time_zone,
                      people_count, pickup_location, currency, subtotal_usd, total_usd, cancellation_policy, created_at,
                      updated_at)
VALUES ($1, $3, $2, 'PACKAGE', 'COMPLETED', 'Trip', '{}', '2027-01-01', '2027-01-02', 'UTC', 1, 'Lobby',
        'USD', 100, 100, '[]', now(), now())
"""
_POINTS = """
INSERT INTO loyalty_transactions (id, user_id, kind, points, status, created_at)
VALUES ($1, $2, 'EARNED', 10, 'PENDING', now())
"""
_GRANTED = """
SELECT c.relname AS name FROM pg_class c
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'S')
   AND EXISTS (SELECT FROM aclexplode(c.relacl) a JOIN pg_roles r ON r.oid = a.grantee WHERE r.rolname = $1)
"""
_POLICIES = "SELECT policyname FROM pg_policies WHERE tablename IN ('bookings', 'loyalty_transactions') ORDER BY 1"


def _as_user(dsn: str, name: str) -> str:
    parts = urlsplit(dsn)
    return urlunsplit(parts._replace(netloc=f"{name}:{PASSWORD}@{parts.hostname}:{parts.port}"))


@asynccontextmanager
async def connected(dsn: str) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(dsn)
    try:
        yield connection
    finally:
        await connection.close()


async def _add_person(owner: Connection) -> UUID:
    user_id = new_id()
    await owner.execute(_PERSON, user_id, new_reference("P"))
    for _ in range(2):
        await owner.execute(_BOOKING, new_id(), user_id, new_reference("DL"))
        await owner.execute(_POINTS, new_id(), user_id)
    return user_id


@pytest.fixture
async def reader(dsn: str) -> AsyncIterator[str]:
    """The DSN of somebody who may log in and is `authenticated`, as Supabase's REST interface is."""
    async with connected(dsn) as owner:
        await owner.execute(f"CREATE ROLE outside_reader LOGIN PASSWORD '{PASSWORD}' IN ROLE authenticated")
        yield _as_user(dsn, "outside_reader")
        await owner.execute("DROP ROLE outside_reader")


async def _become(connection: Connection, user_id: UUID | None) -> None:
    claims = json.dumps({"sub": str(user_id), "role": "authenticated"}) if user_id else ""
    await connection.execute("SELECT set_config('request.jwt.claims', $1, false)", claims)


async def test_people_see_their_own_rows_and_no_others(dsn: str, reader: str) -> None:
    async with connected(dsn) as owner, connected(reader) as stranger:
        mine, theirs = await _add_person(owner), await _add_person(owner)
        for table in sorted(READABLE):
            await _become(stranger, mine)
            assert {row["user_id"] for row in await stranger.fetch(f"SELECT user_id FROM {table}")} == {mine}
            assert await stranger.fetchval(f"SELECT count(*) FROM {table} WHERE user_id = $1", theirs) == 0
            await _become(stranger, None)
            assert await stranger.fetchval(f"SELECT count(*) FROM {table}") == 0
            assert await owner.fetchval(f"SELECT count(*) FROM {table}") == 4


@pytest.mark.parametrize(
    "act",
    [
        "UPDATE bookings SET total_usd = 0", "DELETE FROM bookings", "INSERT INTO bookings SELECT * FROM bookings",
        "UPDATE loyalty_transactions SET points = 1000", "DELETE FROM loyalty_transactions",
        "SELECT password_hash FROM users", "SELECT * FROM refresh_tokens", "SELECT * FROM payments",
        "TRUNCATE bookings", "ALTER TABLE bookings DISABLE ROW LEVEL SECURITY",
    ],
)  # fmt: skip
async def test_nothing_else_is_allowed(dsn: str, reader: str, act: str) -> None:
    async with connected(dsn) as owner, connected(reader) as stranger:
        await _become(stranger, await _add_person(owner))
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await stranger.execute(act)


async def test_the_older_way_to_say_who_one_is_works_too(dsn: str, reader: str) -> None:
    async with connected(dsn) as owner, connected(reader) as stranger:
        mine = await _add_person(owner)
        await stranger.execute("SELECT set_config('request.jwt.claim.sub', $1, false)", str(mine))
        assert await stranger.fetchval("SELECT count(*) FROM bookings") == 2


async def test_the_policies_leave_the_index_usable(dsn: str, reader: str) -> None:
    async with connected(dsn) as owner, connected(reader) as stranger:
        mine = await _add_person(owner)
        await owner.execute("ANALYZE bookings")
        await _become(stranger, mine)
        await stranger.execute("SET enable_seqscan = off")
        plan = "\n".join(row[0] for row in await stranger.fetch("EXPLAIN SELECT * FROM bookings"))
        assert "Index Cond: (user_id = " in plan, plan


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    """A server nobody has migrated on yet: it has no role `authenticated`."""
    with ephemeral_postgres() as running:
        yield running


@asynccontextmanager
async def _database_of_plain_user(server: RunningServer, *, name: str, may_make_schemas: bool) -> AsyncIterator[str]:
    async with connected(server.dsn("postgres")) as root:
        await root.execute(f"CREATE ROLE {name} LOGIN NOCREATEROLE PASSWORD '{PASSWORD}'")
        await root.execute(f"CREATE DATABASE {name} TEMPLATE template0 {f'OWNER {name}' if may_make_schemas else ''}")
    async with connected(server.dsn(name)) as root:
        await root.execute(f"GRANT ALL ON SCHEMA public TO {name}")
    yield _as_user(server.dsn(name), name)
    async with connected(server.dsn("postgres")) as root:
        await root.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await root.execute(f"DROP ROLE {name}")


async def test_whoever_may_not_make_roles_can_migrate(server: RunningServer) -> None:
    async with _database_of_plain_user(server, name="plain", may_make_schemas=True) as dsn:
        await asyncio.to_thread(upgrade, dsn)
        async with connected(dsn) as owner:
            assert await owner.fetchval("SELECT to_regrole('authenticated')") is None
            assert [row[0] for row in await owner.fetch(_POLICIES)] == ["users_own_bookings", "users_own_loyalty"]
            await _add_person(owner)
            # No superuser, only the owner: the policies do not count for it, nor stand in its plans.
            assert await owner.fetchval("SELECT count(*) FROM bookings") == 2
            plan = "\n".join(row[0] for row in await owner.fetch("EXPLAIN SELECT * FROM bookings"))
            assert "Filter" not in plan
            await owner.execute("DELETE FROM loyalty_transactions; DELETE FROM bookings; DELETE FROM users")
        await asyncio.to_thread(downgrade, dsn, BEFORE)
        async with connected(dsn) as owner:
            assert await owner.fetch(_POLICIES) == []
            assert await owner.fetchval("SELECT to_regnamespace('auth')") is None
        await asyncio.to_thread(upgrade, dsn)


async def test_whoever_may_make_tables_only_can_migrate(server: RunningServer) -> None:
    async with _database_of_plain_user(server, name="narrow", may_make_schemas=False) as dsn:
        await asyncio.to_thread(upgrade, dsn)
        async with connected(dsn) as owner:
            assert await owner.fetch(_POLICIES) == []
            assert await owner.fetchval("SELECT to_regclass('users')") is not None


async def test_on_supabase_its_own_is_used_and_its_wide_grants_end(server: RunningServer) -> None:
    async with _database_of_plain_user(server, name="project", may_make_schemas=True) as dsn:
        async with connected(server.dsn("project")) as root:
            await root.execute("CREATE ROLE anon; CREATE ROLE authenticated; CREATE SCHEMA auth")
            await root.execute("CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE AS 'SELECT NULL::uuid'")
            await root.execute("GRANT USAGE ON SCHEMA auth TO PUBLIC")
        async with connected(dsn) as owner:  # as Supabase lays out every project
            for kind in ("TABLES", "SEQUENCES"):
                await owner.execute(
                    f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON {kind} TO anon, authenticated"
                )
        await asyncio.to_thread(upgrade, dsn, BEFORE)
        async with connected(dsn) as owner:
            assert "users" in {row[0] for row in await owner.fetch(_GRANTED, "anon")}  # the control
        await asyncio.to_thread(upgrade, dsn)
        async with connected(dsn) as owner:
            assert await owner.fetch(_GRANTED, "anon") == []
            assert {row[0] for row in await owner.fetch(_GRANTED, "authenticated")} >= READABLE
            assert "users" not in {row[0] for row in await owner.fetch(_GRANTED, "authenticated")}
            await owner.execute("CREATE TABLE of_a_later_migration (id integer)")
            assert await owner.fetch(_GRANTED, "anon") == []
        await asyncio.to_thread(downgrade, dsn, BEFORE)
        async with connected(server.dsn("project")) as root:
            assert await root.fetchval("SELECT to_regprocedure('auth.uid()')") is not None
            await root.execute("DROP OWNED BY anon, authenticated")
            await root.execute("DROP ROLE anon, authenticated")


async def test_every_migrated_database_is_closed_to_strangers(postgres: TemplateServer, dsn: str) -> None:
    """A table of a later migration that `authenticated` may touch must have policies of its own."""
    async with connected(dsn) as owner:
        granted = {row[0] for row in await owner.fetch(_GRANTED, "authenticated")}
        secured = {row[0] for row in await owner.fetch("SELECT relname FROM pg_class WHERE relrowsecurity")}
        assert READABLE <= granted <= secured
