"""Whoever is not meant must not be touched: the whole database before and after, row by row."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

from tests.features.orders.conftest import grant
from tests.support.client import StorefrontClient, read
from tests.support.khqr import open_qr, scan
from tests.support.selling import TRAVEL_DATE, hold, hold_and_pay, open_intent
from tests.support.work import do_jobs

from sojourn.platform.kit.clock import FrozenClock
from sojourn.providers.work import Work

LATER = (TRAVEL_DATE + timedelta(days=40)).isoformat()
_TABLES = """
SELECT tablename FROM pg_tables
 WHERE schemaname = 'public' AND tablename NOT LIKE 'pgqueuer%' AND tablename NOT IN ('alembic_version', 'counters')
"""
# When a provider was asked, and is to be again, is nobody's doing.
_ROWS = """
SELECT (to_jsonb(t) - ARRAY['checks', 'checked_at', 'next_check_at'])::text AS kept FROM {table} t
"""


@asynccontextmanager
async def nobody_else_is_touched(client: StorefrontClient) -> AsyncIterator[None]:
    """Within the block rows may come; those that were there stay as they were, but for jobs and yearly counters."""
    before = await _everything(client)
    yield
    after = await _everything(client)
    touched = {table: rows - after[table] for table, rows in before.items() if rows - after[table]}
    assert not touched, touched


async def _everything(client: StorefrontClient) -> dict[str, set[str]]:
    tables = [row["tablename"] for row in await client.rows(_TABLES)]
    assert tables
    return {table: {row["kept"] for row in await client.rows(_ROWS.format(table=table))} for table in tables}


async def pay_code(client: StorefrontClient, bank: str, clock: FrozenClock, booking: Any, *, payer: str) -> Any:
    """Paid by code, and found paid because its payer looks."""
    code = await open_qr(client, booking_id=booking["id"])
    await scan(bank, code, at=clock.now(), payer=payer)
    clock.advance(timedelta(seconds=2))
    assert read(await client.get(f"/payments/{code['payment_id']}/status"))["status"] == "SUCCEEDED"
    return code


async def book_everything(
    guest: StorefrontClient, sandbox: str, clock: FrozenClock, trip_id: UUID, admin: StorefrontClient, work: Work
) -> None:
    """Paid, dearer and waiting, cancelled and given back by card and by code, and two holds that are open."""
    await grant(guest, 500)
    await hold_and_pay(guest, sandbox, trip_id, travel_date=LATER, loyalty_points=100)
    dearer = await hold_and_pay(guest, sandbox, trip_id, travel_date=LATER)
    waiting = read(await guest.patch(f"/bookings/{dearer['id']}", json={"people_count": 3}))
    gone = await hold_and_pay(guest, sandbox, trip_id, travel_date=LATER, loyalty_points=100)
    read(await guest.delete(f"/bookings/{gone['id']}"))
    for payer in ("paid@back", "not@yet"):
        booking = await hold(guest, trip_id, travel_date=LATER)
        await pay_code(guest, sandbox, clock, booking, payer=payer)
        read(await guest.delete(f"/bookings/{booking['id']}"))
    await do_jobs(work)
    task = next(one for one in read(await admin.get("/admin/refunds")) if one["payee_account"] == "paid@back")
    read(await admin.post(f"/admin/refunds/{task['refund_id']}/settle", json={"reference": "A-1"}))
    await open_intent(guest, change_id=waiting["pending_change"]["id"])
    by_card = await hold(guest, trip_id, travel_date=LATER, loyalty_points=100)
    await open_intent(guest, booking_id=by_card["id"])
    by_code = await hold(guest, trip_id, travel_date=LATER)
    await open_qr(guest, booking_id=by_code["id"])
    for booking in (by_card, by_code):
        read(await guest.post(f"/bookings/{booking['id']}/extend"))
    await do_jobs(work)
