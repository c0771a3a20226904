"""What fifty hostile clients at once make a serving process hold: bounded, and given back (decision 0026)."""

import asyncio
import json
import os
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psutil
import pytest
from tests.support.client import read
from tests.support.system import System

from sojourn.people.roles import Role

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads a process's peak from /proc")
AT_ONCE = 50
# Four uploads of ten megabytes that are looked at, fifty bodies of one, and what sockets hold of the rest.
MOST_MIB = 260
UPLOAD = b"\xff\xd8\xff" + os.urandom(10 * 1024 * 1024 - 4096)
LONG = json.dumps({"nobody": "x" * 900_000}).encode()


class Memory:
    """The process's resident memory, in MiB."""

    def __init__(self, pid: int) -> None:
        self._folder = Path(f"/proc/{pid}")
        (self._folder / "clear_refs").write_text("5")  # the peak begins anew
        self.before = self._told("VmRSS")

    def grown(self) -> float:
        """By how much it was larger at most."""
        return self._told("VmHWM") - self.before

    def _told(self, name: str) -> float:
        status = (self._folder / "status").read_text()
        return int(status.partition(f"{name}:")[2].split()[0]) / 1024


@pytest.fixture
def server(live_server: System) -> Callable[[], Memory]:
    port = str(urlsplit(live_server.origin).port)
    own = [process for process in psutil.Process().children(recursive=True) if _is_of(process, port)]
    workers = [child for process in own for child in process.children(recursive=True)]
    largest = max((*own, *workers), key=lambda process: process.memory_info().rss)
    return lambda: Memory(largest.pid)


def _is_of(process: psutil.Process, port: str) -> bool:
    command = process.cmdline()
    return "sojourn.serve" in command and port in command


async def at_once(ask: Callable[[], Coroutine[Any, Any, httpx.Response]]) -> set[int]:
    answers = await asyncio.gather(*(ask() for _ in range(AT_ONCE)))
    return {answer.status_code for answer in answers}


async def test_uploads_wait_on_disk_for_their_turn(live_server: System, server: Callable[[], Memory]) -> None:
    student = await live_server.derlg.sign_in_as(Role.CUSTOMER)
    card = {"institution": "Royal University of Phnom Penh", "card_expires_on": "2029-09-30"}
    started = read(await student.post("/student-discount/verifications", json=card), 201)["id"]
    memory = server()
    statuses = await at_once(
        lambda: student.post(
            f"/student-discount/verifications/{started}/pictures",
            data={"kind": "SELFIE"},
            files={"file": ("me.jpg", UPLOAD, "image/jpeg")},
            timeout=120,
        )
    )
    assert statuses == {422}, "none of them is a picture"
    assert memory.grown() < MOST_MIB


async def test_routes_that_keep_what_they_read_in_memory_take_no_uploads(
    live_server: System, server: Callable[[], Memory]
) -> None:
    traveller = await live_server.derlg.sign_in_as(Role.CUSTOMER)
    memory = server()
    statuses = await at_once(
        lambda: traveller.post("/bookings", files={"file": ("me.jpg", UPLOAD, "image/jpeg")}, timeout=120)
    )
    assert statuses == {413}
    assert memory.grown() < MOST_MIB


async def test_what_large_bodies_become_is_bounded(live_server: System, server: Callable[[], Memory]) -> None:
    """Each is held several times while it is understood: unbounded these grow by 160 MiB, in turn by 60."""
    traveller = await live_server.derlg.sign_in_as(Role.CUSTOMER)
    memory = server()
    headers = {"Content-Type": "application/json"}
    statuses = await at_once(lambda: traveller.post("/bookings", content=LONG, headers=headers, timeout=120))
    assert statuses == {400}
    assert memory.grown() < MOST_MIB / 2
