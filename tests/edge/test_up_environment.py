"""What the programs of `sojourn up` are told, and where it is kept."""

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sojourn.platform.db.embedded import RunningServer, ephemeral_postgres
from sojourn.settings import load_settings
from sojourn.up.databases import given_databases
from sojourn.up.environment import UpRefused, development_environment, make_secrets
from sojourn.up.state import AlreadyRunning, State

KEYS = ("holyone", "derlg")
DATABASES = {key: f"postgresql://127.0.0.1/{key}" for key in KEYS}


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with ephemeral_postgres() as server:
        yield server


def told(**given: str) -> dict[str, str]:
    return development_environment(
        given, storefronts=KEYS, made=make_secrets(KEYS), databases=DATABASES, api_port=8000, sandbox_port=8001,
        files="/state/files",
    )  # fmt: skip


class TestEnvironment:
    def test_is_complete_and_points_at_the_sandbox(self) -> None:
        settings = load_settings(told(), known=KEYS)
        assert settings.is_development
        for key, own in settings.per_storefront.items():
            assert own.database_url == DATABASES[key]
            assert own.storage_path == "/state/files"
            assert own.stripe_api_base == own.resend_api_base == "http://127.0.0.1:8001"
            assert own.stripe_secret_key.get_secret_value().startswith(f"sk_test_{key}_")

    def test_no_two_secrets_are_the_same(self) -> None:
        made = make_secrets(KEYS)
        assert len(set(made.values())) == len(made)
        assert not set(made.values()) & set(make_secrets(KEYS).values())

    @pytest.mark.parametrize("name", ["DERLG_STRIPE_SECRET_KEY", "STRIPE_SECRET_KEY"])
    def test_what_is_given_goes_first(self, name: str) -> None:
        own = load_settings(told(**{name: "sk_test_mine"}), known=KEYS).per_storefront["derlg"]
        assert own.stripe_secret_key.get_secret_value() == "sk_test_mine"

    @pytest.mark.parametrize("name", ["DERLG_JWT_SECRET", "JWT_SECRET"])
    def test_one_secret_for_both_tokens_goes_first_too(self, name: str) -> None:
        own = load_settings(told(**{name: "m" * 40}), known=KEYS).per_storefront["derlg"]
        assert own.jwt_access_secret.get_secret_value() == own.jwt_refresh_secret.get_secret_value() == "m" * 40

    def test_given_for_one_leaves_the_other_alone(self) -> None:
        environment = told(DERLG_RESEND_API_KEY="re_mine", HOLYONE_PUBLIC_URL="")
        assert environment["DERLG_RESEND_API_KEY"] == "re_mine"
        assert environment["HOLYONE_RESEND_API_KEY"].startswith("re_holyone_")
        assert environment["HOLYONE_PUBLIC_URL"] == "http://127.0.0.1:8000"


class TestState:
    def test_secrets_are_made_once_and_kept_from_others(self, tmp_path: Path) -> None:
        state = State(tmp_path)
        first = state.secrets(lambda: {"A": "1"})
        assert state.secrets(lambda: {"A": "2", "B": "3"}) == {**first, "B": "3"}
        assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600

    def test_what_is_published_is_gone_when_withdrawn(self, tmp_path: Path) -> None:
        state = State(tmp_path)
        assert state.published() == {}
        state.publish({"A": "1"})
        assert state.published() == {"A": "1"}
        state.withdraw()
        state.withdraw()
        assert state.published() == {}

    def test_one_at_a_time_until_its_end_however_it_comes(self, tmp_path: Path) -> None:
        script = (
            "import sys; from pathlib import Path; from sojourn.up.state import State\n"
            "with State(Path(sys.argv[1])).held(): print('held', flush=True); sys.stdin.read()"
        )
        other = subprocess.Popen(
            [sys.executable, "-c", script, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(AlreadyRunning, match=f"process {other.pid}"), State(tmp_path).held():
            pytest.fail("two at once")
        other.kill()
        other.communicate()
        with State(tmp_path).held():
            assert (tmp_path / "lock").read_text() == str(os.getpid())

    def test_a_long_log_makes_way(self, tmp_path: Path) -> None:
        state = State(tmp_path)
        state.logs.mkdir()
        with state.log("api").open("w") as log:
            log.truncate(20_000_001)
        assert not state.log("api").exists()
        assert (state.logs / "api.log.1").exists()

    def test_half_a_file_is_never_seen(self, tmp_path: Path) -> None:
        (tmp_path / "secrets.new").write_text("{")
        State(tmp_path).secrets(lambda: {"A": "1"})
        assert json.loads((tmp_path / "secrets.json").read_text()) == {"A": "1"}


class TestGivenDatabases:
    def test_none_given(self) -> None:
        assert given_databases({}, KEYS) is None

    def test_one_server_gets_a_database_for_each(self, server: RunningServer) -> None:
        given = {"DATABASE_URL": server.dsn("postgres")}
        expected = {key: server.dsn(f"sojourn_{key}") for key in KEYS}
        assert given_databases(given, KEYS) == expected
        assert given_databases(given, KEYS) == expected
        # Would fail on a database that is not there.
        assert given_databases({"DATABASE_URL": expected["derlg"]}, KEYS) == expected

    def test_one_storefront_uses_the_very_database(self, server: RunningServer) -> None:
        dsn = server.dsn("postgres")
        assert given_databases({"DATABASE_URL": dsn}, ("derlg",)) == {"derlg": dsn}

    def test_a_storefront_may_have_its_own(self, server: RunningServer) -> None:
        own = "postgresql://elsewhere/derlg"
        given = {"DATABASE_URL": server.dsn("postgres"), "DERLG_DATABASE_URL": own}
        assert given_databases(given, KEYS) == {"holyone": server.dsn("sojourn_holyone"), "derlg": own}

    def test_all_or_none(self) -> None:
        with pytest.raises(UpRefused, match="HOLYONE_DATABASE_URL is missing"):
            given_databases({"DERLG_DATABASE_URL": "postgresql://127.0.0.1/x"}, KEYS)

    def test_who_may_not_create_is_told(self, server: RunningServer) -> None:
        with pytest.raises(UpRefused, match="password"):
            given_databases({"DATABASE_URL": server.dsn("postgres").replace(server.password, "guess")}, KEYS)
