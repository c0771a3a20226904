"""What wrk sends: tokens of the seeded users, and signed Stripe events for the seeded bookings.

The peer's own generator writes the same claims and signatures; this one also serves when the peer is not there, and its
events carry `created` and `livemode` in the intent, as Stripe's do and as we insist on, and what our intents' metadata
carry beside the peer's.
"""

import hashlib
import hmac
import json
import random
import shutil
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import jwt

from bench.plan import JWT_SECRET, SEEDED_BOOKINGS, TOKEN_USERS, WEBHOOK_SECRET

# The travel month in w1.lua. It is moved ahead of today for both sides alike: a booking in the past is refused.
_SCRIPT_MONTH = "2027-01-"
_TOKEN_SECONDS = 86_400
# The featured list of r2.lua. The peer sends all 20 whatever is asked; we send 5 unless asked for more.
_FEATURED = "/v1/trips/featured"
FEATURED = f"{_FEATURED}?limit=20"


def user_id(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012x}"


def booking_id(number: int) -> str:
    return f"22222222-0000-4000-8000-{number:012x}"


def token(number: int) -> str:
    """Return an access token of the seeded user with that number."""
    now = int(time.time())
    claims = {
        "sub": user_id(number),
        "email": f"user{number}@example.com",
        "role": "TRAVELER",
        "iat": now,
        "exp": now + _TOKEN_SECONDS,
    }
    return jwt.encode(claims, JWT_SECRET, algorithm="HS256")


def amount_usd(number: int) -> int:
    """Return what the seeded booking with that number costs."""
    return 100 + number % 300


def event(number: int, *, run: str) -> tuple[str, str]:
    """Return signature header and body of the event that pays the seeded booking with that number.

    Signatures age out after 300 s, on both sides, so events are written just before they are sent.
    """
    created = int(time.time())
    cents = amount_usd(number) * 100
    intent = {
        "id": f"pi_{number}",
        "object": "payment_intent",
        "amount": cents,
        "amount_received": cents,
        "currency": "usd",
        "status": "succeeded",
        "created": created,
        "livemode": False,
        "latest_charge": f"ch_{run}_{number}",
        "payment_method_types": ["card"],
        "metadata": {
            "booking_id": booking_id(number),
            "booking_ref": f"S{number:09d}",
            "purchase_kind": "BOOKING",
            "storefront": "derlg",
        },
    }
    envelope = {
        "id": f"evt_{run}_{number}",
        "object": "event",
        "api_version": "2026-01-01",
        "created": created,
        "livemode": False,
        "type": "payment_intent.succeeded",
        "data": {"object": intent},
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
    }
    body = json.dumps(envelope, separators=(",", ":"))
    digest = hmac.new(WEBHOOK_SECRET.encode(), f"{created}.{body}".encode(), hashlib.sha256).hexdigest()
    return f"t={created},v1={digest}", body


def shuffled_bookings() -> list[int]:
    """Return the numbers of the seeded bookings in an order that is the same for every turn."""
    numbers = list(range(1, SEEDED_BOOKINGS + 1))
    random.Random(42).shuffle(numbers)
    return numbers


def copy_scripts(source: Path, target: Path) -> None:
    """Copy the wrk scripts to the folder they run in, asking for what both sides have: future dates, 20 trips."""
    for script in sorted(source.glob("*.lua")):
        shutil.copyfile(script, target / script.name)
    _replace(target / "w1.lua", _SCRIPT_MONTH, _month_ahead())
    _replace(target / "r2.lua", f"'{_FEATURED}'", f"'{FEATURED}'")


def _replace(script: Path, old: str, new: str) -> None:
    text = script.read_text()
    if old not in text:
        raise ValueError(f"{script.name} no longer says {old}")
    script.write_text(text.replace(old, new))


def write_tokens(folder: Path) -> None:
    """Write tokens.txt: one token a line, of the first users."""
    lines = [token(number) for number in range(1, TOKEN_USERS + 1)]
    (folder / "tokens.txt").write_text("\n".join(lines) + "\n")


def write_events(folder: Path, bookings: Iterable[int]) -> None:
    """Write events.txt: one freshly signed event a line, signature TAB body."""
    run = f"{time.time_ns():x}"
    with (folder / "events.txt").open("w") as output:
        for number in bookings:
            output.write("\t".join(event(number, run=run)) + "\n")


def travel_date() -> str:
    """Return a day of the month in which every booking of the run travels."""
    return f"{_month_ahead()}15"


def _month_ahead() -> str:
    today = datetime.now(UTC).date()
    months = today.year * 12 + today.month - 1 + 2
    return f"{months // 12:04d}-{months % 12 + 1:02d}-"
