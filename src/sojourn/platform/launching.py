"""Programs that end when we end, even by kill -9: started through `launch.py`."""

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

LAUNCHER = Path(__file__).with_name("launch.py")


def tied_to_us(
    command: Sequence[str], *, ended_by: signal.Signals = signal.SIGTERM, owner: tuple[int, int] | None = None
) -> list[str]:
    """The command that starts `command`, as the user and group of `owner` if need be. The thread that starts it must
    live on."""
    user = "-" if owner is None else f"{owner[0]}:{owner[1]}"
    return [sys.executable, "-I", "-S", str(LAUNCHER), str(os.getpid()), str(int(ended_by)), user, *command]
