"""Migrations that fail: told in a sentence, and the next call goes on from where the database stands."""

import asyncio
import errno
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import asyncpg
import pytest
from alembic.script import ScriptDirectory
from tests.support.databases import TemplateServer
from tests.support.system import environment

from sojourn.platform.db.faults import next_step, words_of
from sojourn.platform.db.migrate import MigrationFailed, require_newest, upgrade
from sojourn.platform.db.revisions import MIGRATIONS, DatabaseOutdated, known_revisions

# The last thing that a migration does is to write down its number: what comes before has been done by then.
FULL = """
CREATE FUNCTION be_full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NEW.version_num = current_setting('sojourn.full_at', true) THEN
        RAISE 'could not extend file "base/1": No space left on device' USING ERRCODE = 'disk_full';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER full_disk BEFORE UPDATE ON alembic_version FOR EACH ROW EXECUTE FUNCTION be_full();
"""
EMPTY = "DROP TRIGGER full_disk ON alembic_version; DROP FUNCTION be_full()"
SCHEMA = """
SELECT 'column' AS kind, table_name || '.' || column_name AS name, data_type || is_nullable AS what
  FROM information_schema.columns WHERE table_schema = 'public'
UNION ALL
SELECT 'index', indexrelid::regclass::text, pg_get_indexdef(indexrelid) || indisvalid::text
  FROM pg_index WHERE indrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)
UNION ALL
SELECT 'constraint', conrelid::regclass || '.' || conname, pg_get_constraintdef(oid) || convalidated
  FROM pg_constraint WHERE connamespace = 'public'::regnamespace
UNION ALL
SELECT 'function', oid::regprocedure::text, md5(prosrc) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
UNION ALL
SELECT 'trigger', tgrelid::regclass || '.' || tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
ORDER BY 1, 2, 3
"""


def revisions() -> list[str]:
    """Oldest first."""
    return [script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()][::-1]


async def ask(dsn: str, statement: str) -> list[tuple[object, ...]]:
    connection = await asyncpg.connect(dsn)
    try:
        return [tuple(row) for row in await connection.fetch(statement)]
    finally:
        await connection.close()


async def run(dsn: str, script: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(script)
    finally:
        await connection.close()


def sojourn(command: str, dsn: str, *, sandbox: str, **elsewhere: str) -> subprocess.CompletedProcess[str]:
    told = environment({"derlg": dsn}, sandbox=sandbox, overrides={"SOJOURN_STATE": "/nowhere"})
    return subprocess.run(
        [sys.executable, "-m", "sojourn.cli", command],
        env=os.environ | told | elsewhere,
        capture_output=True, text=True, check=False,
    )  # fmt: skip


async def test_each_goes_on_after_a_disk_that_was_full(postgres: TemplateServer, dsn: str) -> None:
    first, *later = revisions()
    async with postgres.clone(migrated=False) as empty:
        await asyncio.to_thread(upgrade, empty, first)
        await run(empty, FULL)
        for before, revision in zip([first, *later], later, strict=False):
            await run(empty, f"ALTER DATABASE {empty.rpartition('/')[2]} SET sojourn.full_at = '{revision}'")
            with pytest.raises(MigrationFailed) as failed:
                await asyncio.to_thread(upgrade, empty)
            assert re.fullmatch(
                rf"Migration {revision}_\w+ of database test_\d+ failed: could not extend file \"base/1\": No space "
                r"left on device\. Make room on the disk that PostgreSQL keeps its data on, and start again\. "
                rf"The database stands at migration {before}, and the next start goes on from there\.",
                str(failed.value),
            )
            assert await ask(empty, "SELECT version_num FROM alembic_version") == [(before,)]
        await run(empty, f"ALTER DATABASE {empty.rpartition('/')[2]} RESET sojourn.full_at; {EMPTY}")
        await asyncio.to_thread(upgrade, empty)
        assert await ask(empty, SCHEMA) == await ask(dsn, SCHEMA)
    assert len(later) > 30


async def test_a_first_migration_that_fails_leaves_nothing(postgres: TemplateServer) -> None:
    async with postgres.clone(migrated=False) as empty:
        await run(empty, "CREATE TABLE pgqueuer_log (id integer)")
        with pytest.raises(MigrationFailed, match=r"0001_platform .* already exists.* before the first migration"):
            await asyncio.to_thread(upgrade, empty)
        assert await ask(empty, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'") == [("pgqueuer_log",)]
        await run(empty, "DROP TABLE pgqueuer_log")
        await asyncio.to_thread(upgrade, empty)


def test_files_bear_the_numbers_of_their_migrations() -> None:
    """What serves goes by their names, and does not load what runs them."""
    assert known_revisions() == revisions()


async def test_a_database_of_a_newer_version_is_told_so(dsn: str) -> None:
    await run(dsn, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(MigrationFailed, match="stands at migration 9999, and this version knows no way from there"):
        await asyncio.to_thread(upgrade, dsn)
    await require_newest(dsn)  # a version that is rolled back to goes on serving


@pytest.mark.parametrize(
    ("stands_at", "sentence"),
    [("UPDATE alembic_version SET version_num = '0030'", "stands at migration 0030"),
     ("DROP TABLE alembic_version", "stands before the first migration")],
)  # fmt: skip
async def test_nobody_serves_from_an_old_schema(dsn: str, stands_at: str, sentence: str) -> None:
    await require_newest(dsn)
    await run(dsn, stands_at)
    with pytest.raises(DatabaseOutdated, match=rf"{sentence}, and this version needs \d+\. Run `sojourn migrate`"):
        await require_newest(dsn)


@pytest.mark.parametrize("command", ["migrate", "catalogue", "serve"])
def test_commands_end_with_a_sentence(command: str, sandbox: str) -> None:
    ended = sojourn(command, "postgresql://somebody:secret@127.0.0.1:1/derlg", sandbox=sandbox)
    assert ended.returncode == 1
    assert "Connect call failed" in ended.stderr
    assert "See that PostgreSQL runs where DATABASE_URL says" in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert "secret" not in ended.stderr


async def test_serve_asks_for_the_migrations_first(dsn: str, sandbox: str) -> None:
    await run(dsn, "UPDATE alembic_version SET version_num = '0030'")
    ended = await asyncio.to_thread(sojourn, "serve", dsn, sandbox=sandbox)
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
    assert "Run `sojourn migrate`, then start again" in ended.stderr


@pytest.mark.parametrize(
    ("fault", "step"),
    [
        (asyncpg.DiskFullError("no room"), "Make room"),
        (asyncpg.ConnectionDoesNotExistError(f"closed: {os.strerror(errno.ENOSPC)}"), "Make room"),
        (asyncpg.ConnectionDoesNotExistError("closed"), "See that PostgreSQL runs"),
        (asyncpg.ReadOnlySQLTransactionError("read-only"), "Name a server that takes writes"),
        (asyncpg.LockNotAvailableError("lock timeout"), "End, or wait for, what holds a lock"),
        (asyncpg.TooManyConnectionsError("too many"), "Let PostgreSQL take more connections"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "refused"), "See that PostgreSQL runs"),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/var/file"), "Make room"),
        (OSError(errno.EACCES, "denied", "/var/file"), None),
        (asyncpg.UndefinedColumnError("a mistake of ours"), None),
        (asyncpg.InterfaceError("connection is closed"), "See that PostgreSQL runs"),
        (asyncpg.exceptions.DataError("a value that fits nowhere"), None),
    ],
    ids=lambda case: type(case).__name__ if isinstance(case, Exception) else "",
)
def test_what_to_do_about_a_fault(fault: Exception, step: str | None) -> None:
    wrapped = RuntimeError("a layer")
    wrapped.__cause__ = fault
    for told in (fault, wrapped):
        advice = next_step(told)
        assert advice is None if step is None else advice is not None and advice.startswith(step)
    assert words_of(wrapped) == words_of(fault)
    assert "\n" not in words_of(fault)


async def test_two_at_once_take_turns(postgres: TemplateServer, sandbox: str) -> None:
    """The second waits without being waited for: an index made CONCURRENTLY looks for whoever has a snapshot."""
    async with postgres.clone(migrated=False) as empty:
        ended = await asyncio.gather(*(asyncio.to_thread(sojourn, "migrate", empty, sandbox=sandbox) for _ in range(2)))
        assert [(one.returncode, one.stderr) for one in ended] == [(0, "")] * 2
        assert await ask(empty, "SELECT version_num FROM alembic_version") == [(revisions()[-1],)]


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A wheel of this clone, unpacked as an installation does it; its migrations say whose they are."""
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-index", "--no-deps", "--no-build-isolation",
         "--wheel-dir", tmp_path, Path(__file__).parents[3]],
        check=True,
    )  # fmt: skip
    (wheel,) = tmp_path.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(tmp_path)
    with (tmp_path / "sojourn/migrations/env.py").open("a") as entry:
        entry.write("print('of the wheel')\n")
    return tmp_path


async def test_a_wheel_brings_its_migrations(postgres: TemplateServer, sandbox: str, installed: Path) -> None:
    async with postgres.clone(migrated=False) as empty:
        ended = await asyncio.to_thread(sojourn, "migrate", empty, sandbox=sandbox, PYTHONPATH=str(installed))
        assert (ended.returncode, ended.stderr) == (0, "")
        assert "of the wheel" in ended.stdout
        assert await ask(empty, "SELECT version_num FROM alembic_version") == [(revisions()[-1],)]
