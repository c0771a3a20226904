"""`python -m sojourn.sandbox`: the outside world on this machine."""

import argparse
import asyncio
import logging
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from granian.constants import Interfaces
from granian.server.embed import Server

from sojourn.sandbox.app import create_app
from sojourn.sandbox.config import (
    SandboxConfig,
    SandboxRefused,
    WebhookTarget,
    refuse_outside_development,
    refuse_public_host,
)

REFUSED = 2


def read_arguments(arguments: Sequence[str]) -> SandboxConfig:
    parser = argparse.ArgumentParser(
        prog="python -m sojourn.sandbox",
        description="Plays Stripe and the mail provider on this machine, for development and tests.",
    )
    defaults = SandboxConfig()
    parser.add_argument("--host", default=defaults.host)
    parser.add_argument("--port", type=int, default=defaults.port)
    parser.add_argument("--data-dir", type=Path, help="where the state is kept; without it, in memory")
    parser.add_argument("--webhook", action="append", default=[], metavar="sk_test_KEY=URL=whsec_SECRET")
    parser.add_argument("--settle-seconds", type=float, default=defaults.settle_seconds)
    parser.add_argument("--first-retry-seconds", type=float, default=defaults.first_retry_seconds)
    given = parser.parse_args(arguments)
    return SandboxConfig(
        host=given.host,
        port=given.port,
        data_dir=given.data_dir,
        webhooks=tuple(WebhookTarget.parse(text) for text in given.webhook),
        settle_seconds=given.settle_seconds,
        first_retry_seconds=given.first_retry_seconds,
    )


async def serve(config: SandboxConfig) -> None:
    """Serve until SIGINT or SIGTERM."""
    server = Server(
        create_app(config), address=config.host, port=config.port, interface=Interfaces.ASGI, log_enabled=False
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, server.stop)
    await server.serve()


def main(arguments: Sequence[str]) -> int:
    """Run the sandbox; returns 2 with one sentence on standard error where it must not run."""
    try:
        refuse_outside_development()
        config = read_arguments(arguments)
        refuse_public_host(config.host)
    except SandboxRefused as refusal:
        sys.stderr.write(f"{refusal}\n")
        return REFUSED
    logging.basicConfig(level=logging.INFO, format="%(asctime)s sandbox %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    logging.getLogger("sojourn.sandbox").info("listening on %s", config.base_url)
    asyncio.run(serve(config))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
