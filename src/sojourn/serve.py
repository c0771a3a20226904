"""The web server, alone in its processes: `python -m sojourn.serve HOST PORT WORKERS`.

`sojourn serve` becomes this program, so that what only the command line needs (migrations, the demo, drawing on a
terminal) does not lie in the memory of every process that answers.
"""

import sys

from granian import Granian
from granian.constants import HTTPModes, Interfaces, Loops

_GRACE_SECONDS = 30


def serve(host: str, port: int, workers: int) -> None:
    """Serve every storefront's API until a signal comes."""
    Granian(
        "sojourn.main:create_app",
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


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
