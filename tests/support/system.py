"""The whole application, running: in this process, or as a server of its own."""

import asyncio
import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

import httpx
from tests.support.client import StorefrontClient
from tests.support.databases import TemplateServer
from tests.support.waiting import eventually

from sojourn.main import Application
from sojourn.platform.http.context import Runtime
from sojourn.platform.kit.clock import Clock, SystemClock
from sojourn.platform.processes import find_free_port
from sojourn.runtime import assemble
from sojourn.settings import load_settings
from sojourn.storefronts import STOREFRONTS
from sojourn.up.firebase import pretended_service_account

# Never reached in a test that is not about limits.
NO_LIMIT = "1000000000"
START_SECONDS = 60
SERVICE_KEY = "test-service-key-0123456789abcdef0123456789abcdef"
FILES = f"{tempfile.gettempdir()}/sojourn-test-files-{os.getpid()}"
atexit.register(shutil.rmtree, FILES, ignore_errors=True)


def account_key(storefront: str) -> str:
    """The storefront's account at the pretended Stripe."""
    return f"sk_test_{storefront}"


def webhook_secret(storefront: str) -> str:
    return f"whsec_{storefront}"


def environment(dsns: Mapping[str, str], *, sandbox: str, overrides: Mapping[str, str]) -> dict[str, str]:
    """What a process that serves these databases is told; vendors are the sandbox."""
    told = {
        "SOJOURN_ENVIRONMENT": "test",
        "SOJOURN_STOREFRONTS": ",".join(dsns),
        "LOG_LEVEL": "WARNING",
        "JWT_ACCESS_SECRET": "test-access-secret-0123456789abcdef",
        "JWT_REFRESH_SECRET": "test-refresh-secret-0123456789abcdef",
        "STRIPE_API_BASE": sandbox,
        "BAKONG_API_BASE": sandbox,
        "RESEND_API_BASE": sandbox,
        "FCM_API_BASE": sandbox,
        "EXCHANGE_RATE_API_BASE": sandbox,
        "OPENWEATHER_API_BASE": sandbox,
        "STORAGE_PATH": FILES,
        "AI_SERVICE_KEY": SERVICE_KEY,
        "GOOGLE_API_BASE": f"{sandbox}/google",
        "GOOGLE_CLIENT_ID": "sojourn.apps.example",
        "GOOGLE_CLIENT_SECRET": "any",
        **{f"RATE_LIMIT_{kind}": NO_LIMIT for kind in ("AUTH", "CATALOG", "PAYMENTS", "DEFAULT")},
        # Where coverage is measured, of the processes that are started too.
        **{name: told for name, told in os.environ.items() if name.startswith("COVERAGE_")},
    }
    for key, dsn in dsns.items():
        told |= {
            f"{key.upper()}_DATABASE_URL": dsn,
            f"{key.upper()}_STRIPE_SECRET_KEY": account_key(key),
            f"{key.upper()}_STRIPE_WEBHOOK_SECRET": webhook_secret(key),
            f"{key.upper()}_RESEND_API_KEY": f"re_{key}",
            f"{key.upper()}_BAKONG_TOKEN": f"bakong_{key}",
            f"{key.upper()}_BAKONG_ACCOUNT_ID": f"{key}@devb",
            f"{key.upper()}_BAKONG_MERCHANT_NAME": key.title(),
            f"{key.upper()}_FIREBASE_SERVICE_ACCOUNT": pretended_service_account(f"sojourn-{key}", sandbox=sandbox),
            f"{key.upper()}_EXCHANGE_RATE_API_KEY": f"rates_{key}",
            f"{key.upper()}_OPENWEATHER_API_KEY": f"weather_{key}",
        }
    return {**told, **overrides}


@dataclass(frozen=True, slots=True)
class System:
    """Every storefront, reachable over HTTP, with its database at hand."""

    clients: Mapping[str, StorefrontClient]
    dsns: Mapping[str, str]
    origin: str

    @property
    def derlg(self) -> StorefrontClient:
        return self.clients["derlg"]

    @property
    def holyone(self) -> StorefrontClient:
        return self.clients["holyone"]


@asynccontextmanager
async def _fresh_databases(server: TemplateServer) -> AsyncIterator[dict[str, str]]:
    async with AsyncExitStack() as stack:
        yield {key: await stack.enter_async_context(server.clone()) for key in STOREFRONTS}


async def _all_listen(runtimes: Mapping[str, Runtime]) -> bool:
    """A listener begins by dropping the cache; what it drops must not be what a test has just looked at."""
    return all(runtime.cache.generation for runtime in runtimes.values())


@asynccontextmanager
async def application(
    dsns: Mapping[str, str], *, sandbox: str, clock: Clock, overrides: Mapping[str, str]
) -> AsyncIterator[System]:
    """The application in this process and loop, on `dsns`. An unhandled fault surfaces in the test that caused it."""
    settings = load_settings(environment(dsns, sandbox=sandbox, overrides=overrides), known=tuple(STOREFRONTS))
    running = Application(settings, clock=clock)
    try:
        await running.open()
        transport = httpx.ASGITransport(app=running)
        origin = "http://sojourn.test"
        runtimes = {runtime.storefront.key: runtime for _listener, _vendors, runtime in running._opened}
        await eventually(partial(_all_listen, runtimes))
        yield System({key: StorefrontClient(r, transport, origin=origin) for key, r in runtimes.items()}, dsns, origin)
    finally:
        await running.close()


@asynccontextmanager
async def system_in_process(
    server: TemplateServer, *, sandbox: str, clock: Clock, overrides: Mapping[str, str]
) -> AsyncIterator[System]:
    """The application in this process on databases of its own."""
    async with (
        _fresh_databases(server) as dsns,
        application(dsns, sandbox=sandbox, clock=clock, overrides=overrides) as system,
    ):
        yield system


@asynccontextmanager
async def system_over_tcp(
    server: TemplateServer, *, sandbox: str, overrides: Mapping[str, str]
) -> AsyncIterator[System]:
    """A real server process on a free port, on databases of its own and on the machine's clock."""
    async with _fresh_databases(server) as dsns, AsyncExitStack() as stack:
        told = environment(dsns, sandbox=sandbox, overrides=overrides)
        origin = await stack.enter_async_context(_server_process(told))
        settings = load_settings(told, known=tuple(STOREFRONTS))
        clients = {}
        for key in dsns:
            runtime, _gate = await assemble(settings, key, clock=SystemClock())
            stack.push_async_callback(runtime.db.close)
            clients[key] = await stack.enter_async_context(_client(runtime, origin))
        yield System(clients, dsns, origin)


@asynccontextmanager
async def _client(runtime: Runtime, origin: str) -> AsyncIterator[StorefrontClient]:
    async with httpx.AsyncHTTPTransport(limits=httpx.Limits(max_connections=200)) as transport:
        yield StorefrontClient(runtime, transport, origin=origin)


@asynccontextmanager
async def _server_process(told: Mapping[str, str]) -> AsyncIterator[str]:
    port = find_free_port()
    command = [sys.executable, "-m", "sojourn.cli", "serve", "--port", str(port)]
    with tempfile.TemporaryFile() as output, tempfile.TemporaryDirectory() as state:
        process = subprocess.Popen(  # noqa: ASYNC220 - returns at once
            command, env={"SOJOURN_STATE": state, **told}, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
        try:
            await _wait_until_ready(process, f"http://127.0.0.1:{port}")
            yield f"http://127.0.0.1:{port}"
        except BaseException:
            output.seek(0)
            sys.stderr.write(output.read().decode(errors="replace")[-8000:])
            raise
        finally:
            process.terminate()
            process.wait(15)


async def _wait_until_ready(process: "subprocess.Popen[bytes]", origin: str) -> None:
    async with httpx.AsyncClient(trust_env=False, timeout=2) as client, asyncio.timeout(START_SECONDS):
        while process.poll() is None:
            try:
                if (await client.get(f"{origin}/ready")).is_success:
                    return
            except httpx.TransportError:
                await asyncio.sleep(0.05)
    raise RuntimeError(f"the server ended with status {process.returncode}")
