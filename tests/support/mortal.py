"""A whole system of real processes that a test may kill -9 and start again: database, sandbox, API and worker."""

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import httpx
import psutil
from tests.support.client import StorefrontClient
from tests.support.system import account_key, environment, webhook_secret

from sojourn.platform.db import embedded
from sojourn.platform.db.migrate import upgrade
from sojourn.platform.kit.clock import SystemClock
from sojourn.platform.processes import find_free_port
from sojourn.runtime import assemble
from sojourn.sandbox.process import run_sandbox
from sojourn.settings import load_settings

KEY = "derlg"


def kill_tree(process: psutil.Process) -> None:
    """`kill -9` of a program and of all that it has started, at once."""
    family = [process, *process.children(recursive=True)]
    for member in family:
        member.kill()
    psutil.wait_procs(family, timeout=10)


@dataclass
class Mortal:
    """One storefront's programs. `told` is their environment; the API keeps its port through restarts."""

    postgres: embedded.RunningServer
    sandbox: str
    port: int
    told: Mapping[str, str]
    output: IO[bytes]
    running: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    def said(self) -> str:
        """What the programs have written."""
        self.output.seek(0)
        return self.output.read().decode(errors="replace")

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, name: str) -> None:
        """Start `serve` or `worker`."""
        arguments = ["serve", "--port", str(self.port)] if name == "serve" else [name]
        self.running[name] = subprocess.Popen(
            [sys.executable, "-m", "sojourn.cli", *arguments],
            env=dict(self.told), stdin=subprocess.DEVNULL, stdout=self.output, stderr=self.output,
        )  # fmt: skip

    def kill(self, name: str) -> None:
        process = self.running.pop(name)
        kill_tree(psutil.Process(process.pid))
        process.wait(10)

    def kill_postgres(self) -> None:
        """The server and every one of its connections, as a power cut would."""
        lines = (self.postgres.data_dir / "postmaster.pid").read_text().splitlines()
        kill_tree(psutil.Process(int(lines[0])))
        if self.postgres.child is not None:
            self.postgres.child.wait(10)

    def restart_postgres(self) -> None:
        """By the starter, on the port it had."""
        self.postgres = embedded.start(self.postgres.data_dir, port=self.postgres.port, settings={"fsync": "off"})

    def command(self, *arguments: str) -> str:
        """What a command of ours prints. Raises CalledProcessError when it fails."""
        command = [sys.executable, "-m", "sojourn.cli", *arguments]
        ended = subprocess.run(
            command, env=dict(self.told), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=True, text=True
        )
        return ended.stdout

    def end(self) -> None:
        for name in list(self.running):
            self.kill(name)
        self.postgres.stop()

    async def from_sandbox(self, path: str, **params: str | int) -> Any:
        async with httpx.AsyncClient(base_url=self.sandbox, trust_env=False, timeout=10) as vendor:
            headers = {"Authorization": f"Bearer {account_key(KEY)}"}
            return (await vendor.get(path, params=params, headers=headers)).raise_for_status().json()

    async def is_ready(self) -> bool:
        async with httpx.AsyncClient(trust_env=False, timeout=5) as http:
            try:
                return (await http.get(f"{self.origin}/ready")).is_success
            except httpx.TransportError:
                return False


def _environment(dsn: str, *, sandbox: str, port: int, state: Path) -> dict[str, str]:
    told = environment({KEY: dsn}, sandbox=sandbox, overrides={"PUBLIC_URL": f"http://127.0.0.1:{port}"})
    return {**told, "SOJOURN_STATE": str(state)}


@asynccontextmanager
async def mortal_system(folder: Path) -> AsyncIterator[tuple[Mortal, StorefrontClient]]:
    """The programs, API running and worker not yet, and a visitor. `folder` must be open to PostgreSQL's user."""
    port = find_free_port()
    hooks: Sequence[str] = [f"{account_key(KEY)}=http://127.0.0.1:{port}/v1/payments/webhook={webhook_secret(KEY)}"]
    postgres = embedded.start(embedded.choose_data_dir(folder / "data"), settings={"fsync": "off"})
    with run_sandbox(webhooks=hooks) as sandbox, tempfile.TemporaryFile("a+b") as output:
        postgres.create_database(KEY)
        dsn = postgres.dsn(KEY)
        await asyncio.to_thread(upgrade, dsn)
        told = _environment(dsn, sandbox=sandbox, port=port, state=folder)
        system = Mortal(postgres, sandbox, port, told, output)
        runtime, _gate = await assemble(load_settings(told, known=(KEY,)), KEY, clock=SystemClock())
        try:
            async with httpx.AsyncHTTPTransport(limits=httpx.Limits(max_connections=200)) as transport:
                yield system, StorefrontClient(runtime, transport, origin=system.origin)
        finally:
            system.end()
            sys.stderr.write(system.said()[-8000:])
            await runtime.db.close()
