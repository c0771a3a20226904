"""The whole sandbox as one ASGI application."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from sojourn.sandbox import hooks
from sojourn.sandbox.api import StripeApi
from sojourn.sandbox.bakong import Bakong
from sojourn.sandbox.cloudinary import CloudinaryApi
from sojourn.sandbox.config import (
    LOOPBACK_HOSTS,
    SandboxConfig,
    refuse_outside_development,
    refuse_public_host,
)
from sojourn.sandbox.deliveries import Clockwork
from sojourn.sandbox.guards import LiveKeyGuard, RequestLog
from sojourn.sandbox.mail_api import MailApi
from sojourn.sandbox.oidc import Oidc
from sojourn.sandbox.pages import Pages
from sojourn.sandbox.push import PushApi
from sojourn.sandbox.rates import RatesApi
from sojourn.sandbox.rekognition import RekognitionApi
from sojourn.sandbox.store import Store
from sojourn.sandbox.switches import Switchboard
from sojourn.sandbox.weather import WeatherApi

LOGGER = logging.getLogger("sojourn.sandbox")
LOCAL_PAGES = r"http://(localhost|127\.0\.0\.1)(:\d+)?"


def create_app(config: SandboxConfig) -> Starlette:
    """Build the sandbox.

    Raises:
        SandboxRefused: outside development and test, or on an address others can reach.
    """
    refuse_outside_development()
    refuse_public_host(config.host)
    store = Store(config.data_dir)
    for target in config.webhooks:
        hooks.register(store, target)

    def wake() -> None:
        clockwork.wake()

    api = StripeApi(config, store, wake)
    clockwork = Clockwork(config, store, api.account)
    switchboard = Switchboard(config, store, api, wake)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        running = asyncio.create_task(clockwork.run())
        running.add_done_callback(_report)
        try:
            yield
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            store.close()

    pages = Pages(store, api, switchboard, wake)
    oidc = Oidc(config.base_url, store, pages.render)
    routes = [*pages.routes(), *switchboard.routes(), *MailApi(store).routes(), *oidc.routes()]
    routes += [*Bakong(store, pages.render).routes(), *PushApi(store, pages.render).routes(), *api.routes()]
    routes += [*RatesApi(store).routes(), *WeatherApi(store).routes(), *RekognitionApi().routes()]
    routes += CloudinaryApi().routes()
    middleware = [
        Middleware(RequestLog),
        Middleware(TrustedHostMiddleware, allowed_hosts=sorted(LOOPBACK_HOSTS)),
        Middleware(LiveKeyGuard),
        Middleware(CORSMiddleware, allow_origin_regex=LOCAL_PAGES, allow_methods=["GET", "POST"], allow_headers=["*"]),
    ]
    return Starlette(routes=routes, middleware=middleware, lifespan=lifespan)


def _report(ended: "asyncio.Task[None]") -> None:
    """A clockwork that broke must be seen: without it no event leaves."""
    if not ended.cancelled() and ended.exception() is not None:
        LOGGER.error("events are no longer delivered", exc_info=ended.exception())
