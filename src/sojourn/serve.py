"""The web server, alone in its processes: `python -m sojourn.serve HOST PORT WORKERS`.

`sojourn serve` becomes this program, so that what only the command line needs (migrations, the demo, drawing on a
terminal) does not lie in the memory of every process that answers.
"""

import os
import signal
import sys
from importlib import import_module
from multiprocessing import parent_process
from select import select
from threading import Thread
from typing import TYPE_CHECKING

from granian import Granian
from granian.constants import HTTPModes, Interfaces, Loops

if TYPE_CHECKING:
    from sojourn.main import Application

_GRACE_SECONDS = 30

# What libraries of ours import for extras that no serving process uses, because it happens to be installed for others:
# they are told that it is not, and do without (docs/decisions/0026-memory.md).
NOT_HERE = (
    "click",  # httpx's own command line
    "greenlet",  # structlog, for programs that are built on it
    "requests",  # one of the connections that Stripe's SDK can make; it gets ours
    "rich",  # structlog's and httpx's drawing on terminals
)


def serve(host: str, port: int, workers: int) -> None:
    """Serve every storefront's API until a signal comes."""
    Granian(
        "sojourn.serve:application",
        factory=True,
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        workers=workers,
        loop=Loops.uvloop,
        http=HTTPModes.http1,
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=_GRACE_SECONDS,
    ).serve()


def application() -> "Application":
    """What the server asks for in each of its processes. Raises `SettingsError` when the environment is not usable."""
    for name in NOT_HERE:
        # Python's word for what must not be imported; a module that is there already is left alone.
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]
    server = parent_process()
    if server is not None:
        Thread(target=_end_with, args=(server.sentinel,), name="server-watch", daemon=True).start()
    made: Application = import_module("sojourn.main").create_app()
    return made


def _end_with(server: int) -> None:
    """Were the server killed, this process would go on answering: beside the next server's, on the same port."""
    select([server], [], [])  # it can be read when its other end is gone
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
