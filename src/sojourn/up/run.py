"""`sojourn up`: everything on this machine, one step after the other, until Ctrl-C."""

import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import FrameType
from typing import Final

import httpx

from sojourn.platform.db import embedded
from sojourn.platform.db.embedded import RunningServer
from sojourn.platform.processes import find_port_holder, is_port_free
from sojourn.platform.storefront import Storefront
from sojourn.up.children import MARK, Child, Program, end_leftovers, stop_all, wait_until_ready
from sojourn.up.databases import embedded_databases, given_databases
from sojourn.up.environment import UpRefused, development_environment, make_secrets, read_port, refuse_unfit
from sojourn.up.prepare import prepare
from sojourn.up.progress import Progress
from sojourn.up.state import State
from sojourn.up.summary import print_summary

API_PORT: Final = 8000
SANDBOX_PORT: Final = 8001
_WATCH_SECONDS: Final = 0.2
_READING_SECONDS: Final = 120.0


@dataclass(slots=True, kw_only=True)
class Run:
    """One run of the whole system, from the first port looked at to the last process ended."""

    state: State
    given: Mapping[str, str]
    storefronts: Mapping[str, Storefront]
    progress: Progress
    _api_port: int = field(init=False)
    _sandbox_port: int = field(init=False)
    _server: RunningServer | None = None
    _children: list[Child] = field(default_factory=list)

    def __post_init__(self) -> None:
        refuse_unfit(self.given)
        self._api_port = read_port(self.given, "PORT", API_PORT)
        self._sandbox_port = read_port(self.given, "SANDBOX_PORT", SANDBOX_PORT)

    def until_stopped(self) -> None:
        """Blocks. Returns after SIGINT, SIGTERM or SIGHUP, with everything that it started ended.

        Raises what kept it from running: UpRefused, AlreadyRunning, EmbeddedPostgresError, PostgresUnavailable,
        MigrationFailed, CatalogueInvalid, ProgramFailed. Then, too, nothing is left behind.
        """
        try:
            self._run()
        except OSError as fault:
            told = self.state.why_not_kept(fault)
            if told is None:
                raise
            raise UpRefused(told) from fault
        self.progress.say("Stopped")

    def _run(self) -> None:
        with self.state.held(), _first_signal_interrupts() as no_more_signals:
            try:
                self._start()
                self._watch()
            except KeyboardInterrupt:
                self.progress.say("Stopping")
            finally:
                no_more_signals()
                self._stop()

    def _start(self) -> None:
        began = time.monotonic()
        with self.progress.step("Clearing up after the last run") as step:
            step(f"{end_leftovers(self._mark)} processes left over")
        self._refuse_taken_ports()
        databases = self._start_databases()
        environment = development_environment(
            self.given,
            storefronts=self.storefronts,
            made=self.state.secrets(lambda: make_secrets(self.storefronts)),
            databases=databases,
            api_port=self._api_port,
            sandbox_port=self._sandbox_port,
            files=str(self.state.folder / "files"),
        )
        accounts = {}
        for key, storefront in self.storefronts.items():
            with self.progress.step(f"Preparing {storefront.name}") as step:
                accounts[key] = prepare(storefront, databases[key], step)
        self._start_programs(environment)
        self.state.publish({name: value for name, value in environment.items() if self.given.get(name) != value})
        print_summary(
            self.progress.console,
            storefronts=tuple(self.storefronts.values()),
            accounts=accounts,
            environment=environment,
            api=self._api_url,
            sandbox=self._sandbox_url,
            logs=self.state.logs,
            seconds=time.monotonic() - began,
        )
        described = [f"{self._api_url}{storefront.docs_path}/openapi.json" for storefront in self.storefronts.values()]
        threading.Thread(target=_read_all, args=(described,), daemon=True).start()

    def _start_databases(self) -> dict[str, str]:
        with self.progress.step("Starting PostgreSQL") as step:
            given = given_databases(self.given, tuple(self.storefronts))
            if given is not None:
                step("the server of DATABASE_URL")
                return given
            data_dir = embedded.choose_data_dir(self.state.folder / "postgres")
            self._server = embedded.start(data_dir, log=self.state.log("postgres"), report=step)
            databases = embedded_databases(self._server, self.storefronts)
            step(f"version {self._server.binaries.major}, port {self._server.port}")
            return databases

    def _start_programs(self, environment: Mapping[str, str]) -> None:
        marked = {**environment, MARK: self._mark, "PYTHONUNBUFFERED": "1"}
        with self.progress.step("Starting sandbox, API and worker") as step:
            for program in self._programs(environment):
                child = Child(program, self.state.log(program.name.lower()), marked, self.progress.say)
                self._children.append(child)
                child.start()
            wait_until_ready(self._children)
            step(f"ports {self._sandbox_port} and {self._api_port}")

    def _programs(self, environment: Mapping[str, str]) -> tuple[Program, ...]:
        sandbox = [sys.executable, "-m", "sojourn.sandbox", "--port", str(self._sandbox_port)]
        sandbox += ["--data-dir", str(self.state.folder / "sandbox")]
        for key, storefront in self.storefronts.items():
            account, secret = (
                environment.get(f"{key.upper()}_{name}") or environment[name]
                for name in ("STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET")
            )
            sandbox += ["--webhook", f"{account}={self._api_url}{storefront.prefix}/payments/webhook={secret}"]
        serve = (sys.executable, "-m", "sojourn.cli", "serve", "--port", str(self._api_port))
        return (
            Program(name="Sandbox", command=tuple(sandbox), ready_url=f"{self._sandbox_url}/_sandbox/health"),
            Program(name="API", command=serve, ready_url=f"{self._api_url}/ready"),
            Program(name="Worker", command=(sys.executable, "-m", "sojourn.worker")),
        )

    def _watch(self) -> None:
        while True:
            if self._server is not None and not self._server.is_alive():
                self.progress.say(f"PostgreSQL ended; starting it again (see {self.state.log('postgres')})")
                self._server = self._restarted(self._server)
                self.progress.say("PostgreSQL runs again")
            for child in self._children:
                child.watch()
            time.sleep(_WATCH_SECONDS)

    def _restarted(self, server: RunningServer) -> RunningServer:
        """On the same port: every other program was told that one."""
        server.stop()
        log = self.state.log("postgres")
        return embedded.start(server.data_dir, port=server.port, log=log, report=self.progress.say)

    def _stop(self) -> None:
        self.state.withdraw()
        stop_all(self._children)
        if self._server is not None:
            self._server.stop()

    def _refuse_taken_ports(self) -> None:
        if self._api_port == self._sandbox_port:
            raise UpRefused(f"PORT and SANDBOX_PORT are both {self._api_port}; they must differ.")
        for name, port in (("PORT", self._api_port), ("SANDBOX_PORT", self._sandbox_port)):
            if not is_port_free(port):
                holder = find_port_holder(port) or "another process"
                raise UpRefused(
                    f"Port {port} is taken by {holder}. Stop it, or choose another, as in {name}={port + 10}"
                )

    @property
    def _api_url(self) -> str:
        return f"http://127.0.0.1:{self._api_port}"

    @property
    def _sandbox_url(self) -> str:
        return f"http://127.0.0.1:{self._sandbox_port}"

    @property
    def _mark(self) -> str:
        return str(self.state.folder)


def _read_all(addresses: Sequence[str]) -> None:
    """Who opens the documentation should not wait the seconds that it takes to be made."""
    with suppress(httpx.HTTPError):  # they will wait, then
        for address in addresses:
            httpx.get(address, timeout=_READING_SECONDS, trust_env=False)


@contextmanager
def _first_signal_interrupts() -> "Iterator[Interruption]":
    """SIGINT, SIGTERM and SIGHUP end the block by KeyboardInterrupt, once: what clears up is not disturbed."""
    interruption = Interruption()
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, interruption.on_signal) for number in numbers}
    try:
        yield interruption
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@dataclass(slots=True)
class Interruption:
    is_spent: bool = False

    def on_signal(self, _number: int, _frame: FrameType | None) -> None:
        if not self.is_spent:
            self.is_spent = True
            raise KeyboardInterrupt

    def __call__(self) -> None:
        self.is_spent = True
