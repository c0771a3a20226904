"""What PostgreSQL cannot do just now is no fault of ours, and the caller may come again."""

import asyncio

import pytest
from structlog.testing import capture_logs
from tests.conftest import StartSystem
from tests.support.client import StorefrontClient
from tests.support.databases import TemplateServer
from tests.support.waiting import eventually

from sojourn.platform.db import listen
from sojourn.platform.db.database import Database
from sojourn.platform.db.listen import Listener
from sojourn.platform.db.revisions import name_of, why_not_ready
from sojourn.platform.errors import Unavailable

READY = "http://sojourn.test/ready"
FAIL = "DO $$ BEGIN RAISE EXCEPTION 'not now' USING ERRCODE = '{}'; END $$"


async def fail(database: Database, code: str) -> None:
    async with database.read() as connection:
        await connection.execute(FAIL.format(code))


@pytest.mark.parametrize(
    "code",
    ["53100", "53200", "53300", "57014", "57P01", "57P03", "58030", "3D000", "28P01", "25006", "40P01"],
    ids=["disk full", "out of memory", "too many connections", "statement cancelled", "shut down", "starting",
         "disk broken", "database is put back", "password is changed", "a copy yet", "deadlock"],
)  # fmt: skip
async def test_it_is_told_so(database: Database, code: str) -> None:
    with pytest.raises(Unavailable):
        await fail(database, code)


async def test_a_database_that_is_away_is_not_ready(database: Database) -> None:
    assert await why_not_ready(database) is None
    await database.close()
    assert str(await why_not_ready(database)).endswith("does not answer.")


@pytest.mark.parametrize(
    ("statement", "stands"),
    [("UPDATE alembic_version SET version_num = '0030'", "at migration 0030"),
     ("DROP TABLE alembic_version", "before the first migration")],
    ids=["an old backup", "an empty database"],
)  # fmt: skip
async def test_nobody_is_ready_on_an_old_schema(start_system: StartSystem, statement: str, stands: str) -> None:
    async with start_system() as system:
        derlg: StorefrontClient = system.derlg
        assert (await derlg.get(READY)).json() == {"status": "ready"}
        async with derlg.database.read() as connection:
            await connection.execute(statement)
        answer = await derlg.get(READY)
        assert (answer.status_code, answer.json()["status"]) == (503, "not ready")
        (reason,) = answer.json()["reasons"]  # the other storefront's database is as it should be
        assert f"stands {stands}, and this version needs" in reason
        assert (await derlg.get("http://sojourn.test/health")).status_code == 200


async def test_who_listens_goes_on_when_a_backup_has_been_put_back(
    postgres: TemplateServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the old database and the new one there is none; what was said meanwhile is lost, and everybody asks."""
    monkeypatch.setattr(listen, "RECONNECT_SECONDS", 0.01)
    heard = asyncio.Event()
    async with postgres.clone(migrated=False) as dsn:
        name = name_of(dsn)
        listener = Listener(dsn=dsn, handlers={"a_channel": lambda _said: heard.set()})
        await listener.start()
        await asyncio.wait_for(heard.wait(), 10)
        with capture_logs() as logs:
            await postgres.run(f"DROP DATABASE {name} WITH (FORCE)")

            async def has_found_none() -> bool:
                return any("does not exist" in line["fault"] for line in logs)

            await eventually(has_found_none)
        heard.clear()
        await postgres.run(f"CREATE DATABASE {name} TEMPLATE template0")
        await asyncio.wait_for(heard.wait(), 10)
        await listener.stop()
