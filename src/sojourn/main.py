"""The web process: settings, vendors and features meet here."""

import asyncio
import gc
import os
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from functools import partial
from importlib import import_module
from types import FrameType
from typing import Any

from sojourn.channels.ai_tools.keys import ServiceKeys
from sojourn.channels.pay_links.page import CardPage
from sojourn.modules import PAYABLES, TIMERS, routers_of
from sojourn.people.auth.access import Gate
from sojourn.people.auth.supabase import SupabaseDoor
from sojourn.platform.db.listen import ACCOUNT_CHANGED, CATALOGUE_CHANGED, Listener
from sojourn.platform.events.hub import Hub
from sojourn.platform.events.log import EVENTS_CHANNEL
from sojourn.platform.http import docs
from sojourn.platform.http.application import Door, storefront_application
from sojourn.platform.http.context import Runtime
from sojourn.platform.http.edge import App, Receive, Scope, Send
from sojourn.platform.kit.clock import Clock
from sojourn.platform.logs import configure_logs
from sojourn.platform.storefront import Module
from sojourn.providers.vendors import Vendors
from sojourn.runtime import assemble
from sojourn.sales.open_purchases import OpenPurchases
from sojourn.settings import Settings, SettingsError, load_settings
from sojourn.storefronts import STOREFRONTS
from sojourn.vendors import choose_vendors


def _note_account(gate: Gate, events: Hub, user_id: str) -> None:
    gate.forget(user_id)
    events.account_changed(user_id)


class Application:
    """The ASGI application: connects on the server's lifespan `startup`, closes on `shutdown`."""

    def __init__(self, settings: Settings, *, clock: Clock | None = None) -> None:
        self._settings = settings
        self._clock = clock
        self._door: App | None = None
        self._opened: list[tuple[Listener, Vendors, Runtime]] = []
        self._mcp_servers: list[Any] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif self._door is not None:
            await self._door(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                try:
                    await self.open()
                except Exception as fault:  # noqa: BLE001 - whatever it is, the server must not go on without us
                    await send({"type": "lifespan.startup.failed", "message": f"cannot start: {fault!r}"})
                    return
                # What is there now stays: the collector need not walk through it again and again.
                gc.collect()
                gc.freeze()
                # And it counts from here: else as much again could pile up before it looks at what is old.
                gc.collect()
                self._end_streams_on_signal()
                await send({"type": "lifespan.startup.complete"})
            else:
                await self.close()
                await send({"type": "lifespan.shutdown.complete"})
                return

    def _end_streams_on_signal(self) -> None:
        """The server waits for its answers before it shuts down, and a stream of events would never be over. Whoever
        has asked for these signals is still told of them."""
        if threading.current_thread() is not threading.main_thread():
            return
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, partial(self._forward_signal, loop, signal.getsignal(number)))
            signal.siginterrupt(number, False)

    def _forward_signal(
        self, loop: asyncio.AbstractEventLoop, before: "signal._HANDLER", number: int, frame: FrameType | None
    ) -> None:
        loop.call_soon_threadsafe(self.end_streams)
        if callable(before):
            before(number, frame)

    def end_streams(self) -> None:
        """Let the streams of events end; their readers come back to another process."""
        for _listener, _vendors, runtime in self._opened:
            runtime.events.end_all()

    async def open(self) -> None:
        """Connect every storefront."""
        apps: list[tuple[Sequence[str], App]] = []
        databases = []
        for key in self._settings.storefronts:
            runtime, gate = await assemble(self._settings, key, clock=self._clock)
            own = self._settings.per_storefront[key]
            vendors = choose_vendors(own)
            listener = Listener(
                dsn=own.direct_url or own.database_url,
                handlers={
                    CATALOGUE_CHANGED: runtime.cache.drop,
                    ACCOUNT_CHANGED: partial(_note_account, gate, runtime.events),
                    EVENTS_CHANNEL: runtime.events.heard,
                },
            )
            await listener.start()
            storefront = runtime.storefront
            service_keys = ServiceKeys(own.service_keys)
            app = storefront_application(
                runtime,
                routers_of(storefront),
                documented=partial(docs.told_by, (sys.executable, "-m", "sojourn.documentation", key)),
                gate=gate,
                vendors=vendors,
                supabase=SupabaseDoor(vendors.supabase) if vendors.supabase else None,
                payables=PAYABLES,
                timers=TIMERS,
                deletion_guard=OpenPurchases(),
                service_keys=service_keys,
                card_page=CardPage(own.stripe_api_base),
            )
            apps.append(((storefront.prefix, storefront.docs_path), app))
            if self._settings.has_mcp_server and Module.AI_TOOLS in storefront.modules:
                mcp_server = await _start_mcp_server(app, runtime, service_keys)
                apps.append(((f"{storefront.prefix}/mcp",), mcp_server.door))
                self._mcp_servers.append(mcp_server)
            databases.append(runtime.db)
            self._opened.append((listener, vendors, runtime))
        self._door = Door(apps, databases)

    async def close(self) -> None:
        """Close what `open` opened."""
        for mcp_server in self._mcp_servers:
            await mcp_server.stop()
        for listener, vendors, runtime in self._opened:
            await listener.stop()
            await vendors.aclose()
            await runtime.aclose()


async def _start_mcp_server(app: App, runtime: Runtime, keys: ServiceKeys) -> Any:  # noqa: ANN401 - see below
    """Loaded by name, and only where it is switched on: its SDK takes more memory than all our routes."""
    try:
        module = import_module("sojourn.channels.mcp.server")
    except ModuleNotFoundError as fault:
        raise SettingsError("MCP_SERVER=on needs the extra: pip install 'sojourn[mcp]'") from fault
    server = module.McpServer(app, runtime=runtime, keys=keys)
    await server.start()
    return server


def create_app(environ: Mapping[str, str] = os.environ) -> Application:
    """The factory that the server calls. Raises `SettingsError` when the environment is not usable."""
    settings = load_settings(environ, known=tuple(STOREFRONTS))
    configure_logs(settings.log_level)
    return Application(settings)
