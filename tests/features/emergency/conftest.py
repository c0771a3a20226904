"""Somebody in need, an admin at the desk, and what reaches the agency."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from tests.support.client import StorefrontClient, read

from sojourn.people.roles import Role

Json = dict[str, Any]
ANGKOR = {"lat": 13.4125, "lng": 103.8670, "accuracy": 12}
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


async def call(traveler: StorefrontClient, **body: object) -> Json:
    alert: Json = read(await traveler.post("/emergency/alerts", json=body), 201)
    return alert


@pytest.fixture
async def traveler(derlg: StorefrontClient) -> StorefrontClient:
    return await derlg.sign_in_as(name="Anna Berg")


@pytest.fixture
async def admin(derlg: StorefrontClient) -> StorefrontClient:
    return await derlg.sign_in_as(Role.ADMIN, name="Chan Sophea")


@dataclass
class Receiver:
    """The agency's own alarm: what it was told, and what it answers next."""

    url: str = ""
    calls: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    @property
    def told(self) -> list[Json]:
        return [json.loads(body) for _headers, body in self.calls]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A web server on loopback."""
    state = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            state.calls.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(state.answers.pop(0) if state.answers else 204)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        state.url = f"http://127.0.0.1:{server.server_address[1]}/alarm"
        yield state
        server.shutdown()
        thread.join()
