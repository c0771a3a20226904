"""`sojourn demo`: the main job in six chapters, told against the running system."""

import asyncio
import signal
import time
from collections.abc import Mapping

from rich.console import Console

from sojourn.demo import derlg, holyone, last_seats, siem_reap, visa_case, webhooks
from sojourn.demo.teller import Teller
from sojourn.demo.world import running_world
from sojourn.up.state import State

CHAPTERS = (derlg, holyone, last_seats, webhooks, siem_reap, visa_case)


async def tell_all(state: State, given: Mapping[str, str], console: Console) -> bool:
    """Tell every chapter; whether all was as it should be. Raises `NotRunning` when there is nothing to drive.

    SIGTERM and SIGINT cancel it, the latter also in the background of a shell, which has it ignored: what was switched
    or stopped for a chapter is put back first.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, _cancel, asyncio.current_task())
    began, teller = time.monotonic(), Teller(console)
    async with running_world(state, given, teller) as world:
        for chapter in CHAPTERS:
            await chapter.tell(world)
    teller.end(time.monotonic() - began)
    return teller.failed == 0


def _cancel(task: "asyncio.Task[object] | None") -> None:
    if task is not None:
        task.cancel()
