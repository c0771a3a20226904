"""What wrk sends is what Stripe and our own sign-in would have sent."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
import stripe
from bench import inputs
from bench.plan import JWT_SECRET, SEEDED_BOOKINGS, TOKEN_USERS, WEBHOOK_SECRET

from sojourn.people.auth.tokens import read_access_token

_SCRIPTS = Path(__file__).resolve().parents[3] / "bench" / "scripts"


def test_stripe_accepts_the_signature_of_an_event() -> None:
    signature, body = inputs.event(7, run="a")
    assert stripe.WebhookSignature.verify_header(body, signature, WEBHOOK_SECRET, tolerance=300)
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.WebhookSignature.verify_header(body.replace("10700", "10800"), signature, WEBHOOK_SECRET)


def test_an_event_pays_the_whole_price_of_its_booking() -> None:
    intent = json.loads(inputs.event(7, run="a")[1])["data"]["object"]
    assert intent["amount_received"] == 100 * inputs.amount_usd(7) == 10_700
    assert intent["metadata"]["booking_id"] == "22222222-0000-4000-8000-000000000007"


def test_events_of_two_runs_differ() -> None:
    first, second = (json.loads(inputs.event(7, run=run)[1])["id"] for run in ("a", "b"))
    assert first != second


def test_every_booking_is_paid_once(tmp_path: Path) -> None:
    numbers = inputs.shuffled_bookings()
    assert sorted(numbers) == list(range(1, SEEDED_BOOKINGS + 1))
    inputs.write_events(tmp_path, numbers[:50])
    bodies = [json.loads(line.split("\t")[1]) for line in (tmp_path / "events.txt").read_text().splitlines()]
    assert [body["data"]["object"]["id"] for body in bodies] == [f"pi_{number}" for number in numbers[:50]]


def test_our_sign_in_accepts_the_tokens(tmp_path: Path) -> None:
    inputs.write_tokens(tmp_path)
    tokens = (tmp_path / "tokens.txt").read_text().split()
    users = [read_access_token(token, secret=JWT_SECRET, now=datetime.now(UTC)) for token in tokens]
    assert [user.user_id for user in users if user] == [UUID(inputs.user_id(n)) for n in range(1, TOKEN_USERS + 1)]


def test_the_scripts_travel_ahead_of_today(tmp_path: Path) -> None:
    inputs.copy_scripts(_SCRIPTS, tmp_path)
    assert inputs.travel_date()[:8] in (tmp_path / "w1.lua").read_text()
    travel = datetime.fromisoformat(inputs.travel_date()).date()
    ahead = travel - datetime.now(UTC).date()
    assert timedelta(days=28) < ahead < timedelta(days=90)


def test_a_script_without_the_month_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "w1.lua").write_text("-- no date in here")
    target = tmp_path / "target"
    target.mkdir()
    with pytest.raises(ValueError, match="2027-01-"):
        inputs.copy_scripts(source, target)
