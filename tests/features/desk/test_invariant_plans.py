"""The checks run every fifteen minutes on tables of years: none of them may read those from end to end."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.features.desk.test_invariants import BOOKING, PAYMENT, RESOURCE, SOUND, USER

from sojourn.desk.invariants.checks import INVARIANTS, Invariant
from sojourn.platform.db.database import Database
from sojourn.platform.kit.clock import FrozenClock

ROWS = 20_000
# Five years of sales; everything is settled but the last days.
GROWN = f"""
INSERT INTO bookings (id, booking_ref, user_id, booking_type, status, trip_id, title, snapshot, travel_date, end_date,
                      time_zone, people_count, pickup_location, currency, subtotal_usd, total_usd, paid_usd,
                      cancellation_policy, confirmed_at, created_at, updated_at)
SELECT gen_random_uuid(), 'DL-' || n, user_id, booking_type, 'COMPLETED', trip_id, title, snapshot,
       travel_date - n % 1800, travel_date - n % 1800, time_zone, 1, 'x', 'USD', 100, 100, 100, '{{}}', confirmed_at,
       created_at - n % 1800 * interval '1 day', updated_at
  FROM bookings, generate_series(1, {ROWS}) AS n WHERE id = '{BOOKING}';
INSERT INTO payments (id, purchase_kind, purchase_id, user_id, reference, provider, amount, currency, status, method,
                      is_live, captured_amount, disposition, paid_at, closed_at, created_at, updated_at)
SELECT gen_random_uuid(), 'BOOKING', id, user_id, booking_ref, 'stripe', 100, 'USD', 'SUCCEEDED', 'CARD', false, 100,
       'APPLIED', created_at, created_at, created_at, created_at
  FROM bookings WHERE id <> '{BOOKING}';
INSERT INTO claims (resource_id, day, quantity, purchase_kind, purchase_id, created_at)
SELECT '{RESOURCE}', travel_date, 1, 'BOOKING', id, created_at FROM bookings WHERE id <> '{BOOKING}';
INSERT INTO refunds (id, payment_id, amount, currency, status, cause, requested_at)
SELECT gen_random_uuid(), id, 10, 'USD', 'SUCCEEDED', 'STAFF', created_at FROM payments WHERE id <> '{PAYMENT}';
INSERT INTO inbox (provider, event_id, name, payload, is_live, received_at, handled_at)
SELECT 'stripe', 'evt_' || n, 'x', '{{}}', false, $1::timestamptz - interval '1 day', $1
  FROM generate_series(1, {ROWS}) AS n;
INSERT INTO notifications (id, kind, subject_id, user_id, recipient, language, context, status, created_at)
SELECT gen_random_uuid(), 'WELCOME', gen_random_uuid(), '{USER}', 'a@b.c', 'en', '{{}}', 'SENT',
       $1::timestamptz - interval '1 day'
  FROM generate_series(1, {ROWS}) AS n
"""
BIG = {"bookings", "payments", "claims", "refunds", "inbox", "notifications"}


def read_from_end_to_end(plan: dict[str, Any]) -> Iterator[str]:
    if plan["Node Type"] == "Seq Scan":
        yield plan["Relation Name"]
    for child in plan.get("Plans", []):
        yield from read_from_end_to_end(child)


@pytest.fixture
async def grown(database: Database, clock: FrozenClock) -> Database:
    async with database.unit_of_work() as tx:
        for statement in (SOUND + ";\n" + GROWN).split(";\n"):
            await tx.execute(statement, *([clock.now()] if "$1" in statement else []))
    async with database.read() as connection:
        await connection.execute("ANALYZE")
    return database


async def test_no_check_reads_a_big_table_from_end_to_end(grown: Database, clock: FrozenClock) -> None:
    scanned: dict[str, set[str]] = {}
    async with grown.read() as connection:
        for rule in INVARIANTS:
            plan = await connection.fetchval(f"EXPLAIN (FORMAT JSON) {rule.statement}", clock.now())
            tree = (json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]
            scanned[rule.name] = set(read_from_end_to_end(tree)) & BIG
    assert scanned == {rule.name: set() for rule in INVARIANTS}


@pytest.mark.parametrize("rule", INVARIANTS, ids=lambda rule: rule.name)
def test_a_check_says_how_much_it_answers_at_most(rule: Invariant) -> None:
    assert "LIMIT" in rule.statement
