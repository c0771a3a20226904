"""The books are broken on purpose, one rule at a time: each is found, kept, told once, and closed when it is mended."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from tests.support.client import StorefrontClient, read, refusal

from sojourn.desk.invariants.checks import INVARIANTS
from sojourn.desk.invariants.service import check_all, check_and_tell
from sojourn.people.roles import Role
from sojourn.platform.db.database import Database
from sojourn.platform.kit.clock import FrozenClock
from sojourn.providers.work import Work
from sojourn.sales.effects import STAFF_ALERT

USER = "00000000-0000-7000-8000-000000000001"
TRIP = "00000000-0000-7000-8000-000000000002"
BOOKING = "00000000-0000-7000-8000-000000000003"
PAYMENT = "00000000-0000-7000-8000-000000000004"
RESOURCE = "00000000-0000-7000-8000-000000000005"
LOT = "00000000-0000-7000-8000-000000000006"
SERVICE = "00000000-0000-7000-8000-000000000007"
ORDER = "00000000-0000-7000-8000-000000000008"
CONSULTATION = "00000000-0000-7000-8000-000000000009"
CALENDAR = "00000000-0000-7000-8000-00000000000a"

# A whole and sound sale: a customer, a trip with stock, a confirmed and paid booking with its claim and points, and an
# order with a consultation that holds its time.
SOUND = f"""
INSERT INTO users (id, email, name, referral_code, loyalty_points, created_at, updated_at)
VALUES ('{USER}', 'dara@example.com', 'Dara', 'R-1', 100, $1, $1);
INSERT INTO trips (id, slug, title, destination, province, duration_days, price_per_person_usd, environment,
                   cancellation_policy, created_at, updated_at)
VALUES ('{TRIP}', 'angkor', 'Angkor', 'Siem Reap', 'Siem Reap', 1, 100, 'TEMPLE', '{{}}', $1, $1);
INSERT INTO resources (id, kind, owner_id, name, capacity, created_at)
VALUES ('{RESOURCE}', 'DEPARTURE', '{TRIP}', 'Angkor', 4, $1);
INSERT INTO bookings (id, booking_ref, user_id, booking_type, status, trip_id, title, snapshot, travel_date, end_date,
                      time_zone, people_count, pickup_location, currency, subtotal_usd, total_usd, paid_usd,
                      cancellation_policy, confirmed_at, created_at, updated_at)
VALUES ('{BOOKING}', 'DL-ABCDEFGH', '{USER}', 'PACKAGE', 'CONFIRMED', '{TRIP}', 'Angkor', '{{}}',
        ($1::timestamptz)::date + 30, ($1::timestamptz)::date + 30, 'Asia/Phnom_Penh', 3, 'Hotel', 'USD', 300, 300, 300,
        '{{}}', $1, $1, $1);
INSERT INTO claims (resource_id, day, quantity, purchase_kind, purchase_id, created_at)
VALUES ('{RESOURCE}', ($1::timestamptz)::date + 30, 3, 'BOOKING', '{BOOKING}', $1);
INSERT INTO payments (id, purchase_kind, purchase_id, user_id, reference, provider, amount, currency, status, method,
                      is_live, captured_amount, disposition, paid_at, created_at, updated_at)
VALUES ('{PAYMENT}', 'BOOKING', '{BOOKING}', '{USER}', 'DL-ABCDEFGH', 'stripe', 300, 'USD', 'SUCCEEDED', 'CARD', false,
        300, 'APPLIED', $1, $1, $1);
INSERT INTO loyalty_lots (id, user_id, status, points, remaining, created_at)
VALUES ('{LOT}', '{USER}', 'AVAILABLE', 100, 100, $1);
INSERT INTO loyalty_transactions (id, user_id, kind, points, status, lot_id, created_at)
VALUES ('{LOT}', '{USER}', 'EARNED', 100, 'AVAILABLE', '{LOT}', $1);
INSERT INTO services (id, slug, type, title, description, price, service_fee, government_fee, created_at, updated_at)
VALUES ('{SERVICE}', 'visa', 'MAIN', 'Visa', 'x', 100, 100, 0, $1, $1);
INSERT INTO orders (id, order_number, user_id, service_id, service_type, status, title, currency, total_amount,
                    service_fee, government_fee, customer_info, service_snapshot, created_at, updated_at)
VALUES ('{ORDER}', 'HT-2026-000001', '{USER}', '{SERVICE}', 'MAIN', 'CONFIRMED', 'Visa', 'USD', 100, 100, 0, '{{}}',
        '{{}}', $1, $1);
INSERT INTO resources (id, kind, owner_id, name, capacity, created_at)
VALUES ('{CALENDAR}', 'APPOINTMENT', '{USER}', 'Calendar', 1, $1);
INSERT INTO consultations (id, order_id, consultant_id, user_id, resource_id, scheduled_at, duration, time_zone, status,
                           created_at, updated_at)
VALUES ('{CONSULTATION}', '{ORDER}', '{USER}', '{USER}', '{CALENDAR}', $1::timestamptz + interval '3 days', 30,
        'Asia/Phnom_Penh', 'SCHEDULED', $1, $1);
INSERT INTO claims (resource_id, day, minute, quantity, purchase_kind, purchase_id, created_at)
VALUES ('{CALENDAR}', ($1::timestamptz)::date + 3, 180, 1, 'CONSULTATION', '{CONSULTATION}', $1)
"""
BREACHES = {
    "paid_but_unconfirmed": "UPDATE bookings SET status = 'RESERVED', reserved_until = $1",
    "captured_for_nothing": "UPDATE payments SET disposition = NULL WHERE $1::timestamptz IS NOT NULL",
    "sold_twice": "UPDATE resources SET capacity = 2 WHERE $1::timestamptz IS NOT NULL",
    "confirmed_without_stock": f"UPDATE claims SET released_at = $1 WHERE purchase_id = '{BOOKING}'",
    "consultation_without_time": f"UPDATE claims SET released_at = $1 WHERE purchase_id = '{CONSULTATION}'",
    "refunded_too_much": f"""
        INSERT INTO refunds (id, payment_id, amount, currency, status, cause, requested_at)
        SELECT gen_random_uuid(), '{PAYMENT}', 200, 'USD', s, 'STAFF', $1
          FROM unnest('{{PENDING,SUCCEEDED}}'::text[]) s""",
    "refund_stuck": f"""
        INSERT INTO refunds (id, payment_id, amount, currency, status, cause, requested_at)
        VALUES ('{BOOKING}', '{PAYMENT}', 10, 'USD', 'PENDING', 'STAFF', $1::timestamptz - interval '61 minutes')""",
    "points_do_not_add_up": "UPDATE users SET loyalty_points = 101 WHERE $1::timestamptz IS NOT NULL",
    "event_unhandled": """
        INSERT INTO inbox (provider, event_id, name, payload, is_live, received_at)
        VALUES ('stripe', 'evt_1', 'x', '{}', false, $1::timestamptz - interval '11 minutes')""",
    "mail_unsent": """
        INSERT INTO notifications (id, kind, subject_id, recipient, language, context, created_at)
        VALUES (gen_random_uuid(), 'WELCOME', gen_random_uuid(), 'a@b.c', 'en', '{}',
                $1::timestamptz - interval '11 minutes')""",
    "jobs_wait": """
        INSERT INTO pgqueuer (priority, status, entrypoint, execute_after)
        SELECT 0, 'queued', 'trial.kind', now() - interval '11 minutes' WHERE $1::timestamptz IS NOT NULL""",
    "jobs_failed": """
        INSERT INTO pgqueuer (priority, status, entrypoint)
        SELECT 0, 'failed', 'trial.kind' WHERE $1::timestamptz IS NOT NULL""",
}


@pytest.fixture
async def books(derlg: StorefrontClient, clock: FrozenClock) -> Database:
    """A sound sale."""
    async with derlg.database.unit_of_work() as tx:
        for statement in SOUND.split(";\n"):
            await tx.execute(statement, clock.now())
    return derlg.database


async def broken(books: Database, clock: FrozenClock) -> list[str]:
    async with books.read() as connection:
        return [breach.invariant for breach in await check_all(connection, now=clock.now())]


async def write(books: Database, statement: str, *arguments: object) -> None:
    async with books.unit_of_work() as tx:
        await tx.execute(statement, *arguments)


def test_every_rule_is_broken_below() -> None:
    assert set(BREACHES) == {rule.name for rule in INVARIANTS}


async def test_a_sound_sale_breaks_nothing(books: Database, clock: FrozenClock) -> None:
    assert await broken(books, clock) == []


@pytest.mark.parametrize("name", BREACHES)
async def test_each_rule_finds_what_breaks_it(name: str, books: Database, clock: FrozenClock) -> None:
    await write(books, BREACHES[name], clock.now())
    assert name in await broken(books, clock)


@pytest.mark.parametrize(
    "name",
    [
        "paid_but_unconfirmed",
        "sold_twice",
        "confirmed_without_stock",
        "consultation_without_time",
        "points_do_not_add_up",
    ],
)
async def test_only_what_is_broken_is_found(name: str, books: Database, clock: FrozenClock) -> None:
    await write(books, BREACHES[name], clock.now())
    assert await broken(books, clock) == [name]


async def test_a_lot_that_the_ledger_does_not_know_is_found(books: Database, clock: FrozenClock) -> None:
    await write(books, "UPDATE loyalty_lots SET remaining = 40")
    assert await broken(books, clock) == ["points_do_not_add_up"]


async def test_a_lapsed_claim_takes_no_room(books: Database, clock: FrozenClock) -> None:
    extra = (
        "INSERT INTO claims (resource_id, day, quantity, purchase_kind, purchase_id, expires_at, created_at) VALUES "
    )
    day = "($1::timestamptz)::date + 30"
    await write(books, f"{extra} ('{RESOURCE}', {day}, 3, 'BOOKING', '{TRIP}', $1, $1)", clock.now())
    assert await broken(books, clock) == []
    clock.advance(-timedelta(seconds=1))
    assert await broken(books, clock) == ["sold_twice"]


async def alerts(books: Database) -> Sequence[bytes]:
    async with books.read() as connection:
        rows = await connection.fetch("SELECT payload FROM pgqueuer WHERE entrypoint = $1 ORDER BY id", STAFF_ALERT)
    return [row["payload"] for row in rows]


async def test_a_finding_is_told_once_and_closes_by_itself(
    books: Database, derlg: StorefrontClient, work: Work, clock: FrozenClock
) -> None:
    admin = await derlg.sign_in_as(Role.ADMIN)
    await write(books, BREACHES["sold_twice"], clock.now())
    for _ in range(2):
        await check_and_tell(work)
        clock.advance(timedelta(minutes=15))
    assert len(await alerts(books)) == 1
    finding = await open_finding(admin, "sold_twice")
    assert finding is not None
    assert finding["detail"] == {"resource": "Angkor", "day": "2026-12-31", "minute": 0, "claimed": 3, "capacity": 2}
    assert finding["found_at"] < finding["last_seen_at"]
    await write(books, "UPDATE resources SET capacity = 3")
    await check_and_tell(work)
    assert await open_finding(admin, "sold_twice") is None
    await write(books, "UPDATE resources SET capacity = 2")
    await check_and_tell(work)
    assert len(await alerts(books)) == 2


async def open_finding(admin: StorefrontClient, name: str) -> dict[str, Any] | None:
    shown = read(await admin.get("/admin/invariants"))
    assert [rule["name"] for rule in shown] == [rule.name for rule in INVARIANTS]
    findings: list[dict[str, Any]] = next(rule["findings"] for rule in shown if rule["name"] == name)
    return findings[0] if findings else None


async def test_many_new_findings_make_one_mail(books: Database, work: Work, clock: FrozenClock) -> None:
    event = """
        INSERT INTO inbox (provider, event_id, name, payload, is_live, received_at)
        VALUES ('stripe', $1, 'x', '{}', false, $2)"""
    for number in range(30):
        await write(books, event, f"evt_{number}", clock.now() - timedelta(minutes=11))
    await check_and_tell(work)
    told = await alerts(books)
    assert len(told) == 1
    assert b"10 more" in told[0]


async def test_a_rule_that_cannot_be_checked_does_not_keep_the_others_from_it(
    books: Database, derlg: StorefrontClient, work: Work, clock: FrozenClock
) -> None:
    await write(books, BREACHES["jobs_failed"], clock.now())
    await write(books, "ALTER TABLE inbox RENAME TO inbox_gone")
    try:
        with pytest.raises(ExceptionGroup):
            await check_and_tell(work)
    finally:
        await write(books, "ALTER TABLE inbox_gone RENAME TO inbox")
    found = await derlg.rows("SELECT invariant FROM invariant_findings")
    assert found == [{"invariant": "jobs_failed"}]


async def test_findings_are_for_admins(derlg: StorefrontClient, holyone: StorefrontClient) -> None:
    assert refusal(await derlg.get("/admin/invariants"), 401) == "NOT_AUTHENTICATED"
    assert refusal(await (await derlg.sign_in_as(Role.CONSULTANT)).get("/admin/invariants"), 403) == "NOT_ALLOWED"
    assert len(read(await (await holyone.sign_in_as(Role.ADMIN)).get("/admin/invariants"))) == len(INVARIANTS)
