"""An erased account's traces: none, in any table and in no file."""

from datetime import timedelta

import asyncpg
from tests.features.documents.conftest import kept_files
from tests.features.orders.conftest import Shop
from tests.features.privacy.conftest import MARK, buy
from tests.features.privacy.schema import everything
from tests.support.client import StorefrontClient, read, refusal
from tests.support.work import do_jobs

from sojourn.desk.jobs.housekeeping import forget_answers, forget_old_traces
from sojourn.desk.privacy.jobs import anonymise_deleted_accounts, forget_old
from sojourn.platform.kit.clock import FrozenClock
from sojourn.providers.work import Work

TRACES = (MARK.lower(), "998877", "4242")


async def told(client: StorefrontClient) -> str:
    connection = await asyncpg.connect(client.database.dsn)
    try:
        return await everything(connection)
    finally:
        await connection.close()


async def test_nothing_is_left_of_who_bought(
    holyone: StorefrontClient, holyone_work: Work, shop: Shop, marked: StorefrontClient, clock: FrozenClock
) -> None:
    before = kept_files()
    order = await buy(shop, marked)
    await do_jobs(holyone_work)
    invoices = read(await marked.get("/invoices"))["items"]
    said = (await told(holyone)).lower()
    assert all(trace in said for trace in TRACES)
    assert len(kept_files() - before) == 1
    read(await marked.delete(f"/users/{marked.user_id}"), 204)
    await do_jobs(holyone_work)
    wrong = {"email": marked.email, "password": "not the right one"}
    assert (await holyone.post("/auth/login", json=wrong)).status_code == 401

    clock.advance(timedelta(days=15))
    await anonymise_deleted_accounts(holyone_work)
    await forget_old(holyone_work)
    await forget_answers(holyone_work)
    await forget_old_traces(holyone_work)
    said = (await told(holyone)).lower()
    assert [line for line in said.splitlines() if any(trace in line for trace in TRACES)] == []
    assert kept_files() == before

    # What was sold and what was paid for it is all there.
    seen = read(await shop.office.get(f"/orders/{order['id']}"))
    assert (seen["totalAmount"], seen["status"]) == ("299.00", "COMPLETED")
    assert seen["customerInfo"]["fullName"] == "Deleted account"
    [invoice] = invoices
    pdf = await shop.office.get(f"/invoices/{invoice['id']}")
    assert pdf.content.startswith(b"%PDF")
    rows = await holyone.rows("SELECT number, total FROM invoices")
    assert [(row["number"], str(row["total"])) for row in rows] == [(invoice["number"], "299.00")]
    assert read(await shop.office.get("/admin/orders"))["total"] == 1


async def test_money_on_its_way_back_is_waited_for(
    holyone: StorefrontClient, holyone_work: Work, shop: Shop, marked: StorefrontClient, clock: FrozenClock
) -> None:
    await buy(shop, marked)
    [payment] = await holyone.rows("SELECT id FROM payments")
    body = {"amount": "10.00", "reason": "Late"}
    read(await shop.office.post(f"/payments/{payment['id']}/refund", json=body), 202)
    read(await marked.delete(f"/users/{marked.user_id}"), 204)
    clock.advance(timedelta(days=15))
    await anonymise_deleted_accounts(holyone_work)
    assert MARK in await told(holyone)
    await holyone.rows("UPDATE refunds SET status = 'SUCCEEDED', settled_at = now()")
    await anonymise_deleted_accounts(holyone_work)
    [row] = await holyone.rows("SELECT name FROM users WHERE id = $1", marked.user_id)
    assert row["name"] == "Deleted account"


async def test_a_trail_of_twenty_four_months_is_kept(
    holyone: StorefrontClient, holyone_work: Work, clock: FrozenClock
) -> None:
    guest = await holyone.register()
    clock.advance(timedelta(days=730))
    await forget_old(holyone_work)
    assert await holyone.rows("SELECT id FROM audit_entries WHERE subject_id = $1", guest.user_id) != []
    clock.advance(timedelta(days=2))
    await forget_old(holyone_work)
    assert await holyone.rows("SELECT id FROM audit_entries WHERE subject_id = $1", guest.user_id) == []
    assert refusal(await holyone.get("/admin/audit"), 401) == "NOT_AUTHENTICATED"
