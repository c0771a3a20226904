"""Before a figure is taken: does the server do the work, and do both sides answer alike?"""

import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import httpx

from bench import inputs
from bench.plan import SEEDED_BOOKINGS

# Its booking is paid by the check itself, and so is left out of what wrk sends.
CHECKED_BOOKING = SEEDED_BOOKINGS
_CHECKED_USER = 1 + CHECKED_BOOKING % 2000
_ENVIRONMENTS = ("MOUNTAIN", "BEACH", "CITY", "FOREST", "ISLAND", "TEMPLE")
_READY_SECONDS = 60
_POLL_SECONDS = 0.05


class CheckError(Exception):
    """A side does not answer as the benchmark expects; figures would compare different work."""


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What both sides have to agree on, and the bytes of the cached list."""

    counts: Mapping[str, int | str]
    featured_body: bytes
    featured_type: str


def wait_until_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    """Wait until the server answers a list of trips.

    Raises:
        CheckError: it ended, or does not answer within a minute.

    """
    deadline = time.monotonic() + _READY_SECONDS
    last = "no answer"
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise CheckError(f"the server ended with status {process.returncode}")
        try:
            response = httpx.get(f"{url}/v1/trips", params={"per_page": 1}, timeout=5)
        except httpx.TransportError as fault:
            last = repr(fault)
        else:
            if response.status_code == httpx.codes.OK:
                return
            last = f"{response.status_code} {response.text[:500]}"
        time.sleep(_POLL_SECONDS)
    raise CheckError(f"not ready after {_READY_SECONDS} s: {last}")


def check(url: str, *, travel_date: str) -> Answers:
    """Ask for everything wrk will ask for, once, and note what has to be the same on both sides.

    Raises:
        CheckError: an answer is not what it should be; the message has the request and the answer.

    """
    counts: dict[str, int | str] = {}
    with httpx.Client(base_url=url, timeout=10) as client:
        for environment in _ENVIRONMENTS:
            for page in range(1, 6):
                query: dict[str, str | int] = {"environment": environment, "page": page, "per_page": 20}
                answer = _json(client.get("/v1/trips", params=query))
                counts[f"trips {environment} page {page}"] = len(answer["data"])
                counts[f"trips {environment} in all"] = answer["meta"]["total"]
        featured = client.get(inputs.FEATURED)
        counts["featured trips"] = len(_json(featured)["data"])
        bearer = {"Authorization": f"Bearer {inputs.token(_CHECKED_USER)}"}
        counts["bookings of one user"] = len(_json(client.get("/v1/bookings/my", headers=bearer))["data"])
        counts["total of a new booking"] = _book(client, bearer, travel_date)
        counts["status after the webhook"] = _pay(client, bearer)
    return Answers(
        counts=counts, featured_body=featured.content, featured_type=featured.headers.get("Content-Type", "")
    )


def compare(peer: Answers, ours: Answers) -> None:
    """Raise CheckError where the sides disagree."""
    names = sorted({*peer.counts, *ours.counts})
    pairs = [(name, peer.counts.get(name), ours.counts.get(name)) for name in names]
    unlike = [f"{name}: peer {theirs}, ours {own}" for name, theirs, own in pairs if theirs != own]
    if unlike:
        raise CheckError("the sides answer differently\n" + "\n".join(unlike))


def _book(client: httpx.Client, bearer: Mapping[str, str], travel_date: str) -> str:
    wanted = {
        "trip_id": "11111111-0000-4000-8000-000000000001",
        "travel_date": travel_date,
        "people_count": 2,
        "pickup_location": "Lobby of the Riverside Hotel",
    }
    booking = _json(client.post("/v1/bookings", json=wanted, headers=bearer))["data"]
    return str(Decimal(booking["total_usd"]).quantize(Decimal("0.01")))


def _pay(client: httpx.Client, bearer: Mapping[str, str]) -> str:
    signature, body = inputs.event(CHECKED_BOOKING, run=f"{time.time_ns():x}")
    headers = {"Stripe-Signature": signature, "Content-Type": "application/json"}
    _json(client.post("/v1/payments/webhook", content=body, headers=headers))
    mine = _json(client.get("/v1/bookings/my", headers=bearer))["data"]
    paid = [booking for booking in mine if booking["id"] == inputs.booking_id(CHECKED_BOOKING)]
    return str(paid[0]["status"]) if paid else "not among my bookings"


def _json(response: httpx.Response) -> dict[str, Any]:
    if not response.is_success:
        asked = f"{response.request.method} {response.request.url}"
        raise CheckError(f"{asked} answered {response.status_code}: {response.text[:1000]}")
    answer: dict[str, Any] = response.json()
    return answer
