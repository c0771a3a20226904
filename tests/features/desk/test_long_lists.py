"""The desk's long lists: from either end, beyond the end, as files, and never more read than is shown."""

import csv
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from tests.support.client import StorefrontClient, faulty_fields, read
from tests.support.filling import ID, MOMENT, fill

from sojourn.care.emergency import queries as emergency
from sojourn.care.notifications import queries as notifications
from sojourn.care.reviews import queries as reviews
from sojourn.care.student_discount import queries as students
from sojourn.desk.audit import queries as audit
from sojourn.desk.webhooks import queries as webhooks
from sojourn.people.roles import Role
from sojourn.platform.kit.clock import FrozenClock
from sojourn.platform.kit.wire import SortByTime
from sojourn.sales.bookings import queries as bookings
from sojourn.sales.payments import payout_queries as payouts
from sojourn.sales.referrals import queries as referrals

NEWEST, OLDEST = SortByTime


@dataclass(frozen=True)
class Listed:
    """A list of the desk: its rows' time, and what they need beside; `told_apart_by` is a field of its items."""

    path: str
    table: str
    statements: dict[SortByTime, str]
    arguments: int
    needs: dict[str, str] = field(default_factory=dict)
    beside: dict[str, dict[str, str]] = field(default_factory=dict)
    told_apart_by: str = "id"
    file: str | None = None
    first: SortByTime = SortByTime.NEWEST

    async def fill(self, client: StorefrontClient, rows: int, now: datetime) -> None:
        for table, needs in self.beside.items():
            await fill(client, table, rows=rows, now=now, **needs)
        await fill(client, self.table, rows=rows, now=now, **self.needs)


USERS: dict[str, dict[str, str]] = {"users": {}}
BOUGHT = {"purchase_kind": "'BOOKING'"}
PAYMENT = BOUGHT | {"status": "'PENDING'", "method": "'BAKONG_QR'"}
BOOKING = {"booking_type": "'PACKAGE'", "status": "'COMPLETED'"}
SOMEBODY_ELSE = "md5((CASE n WHEN 1 THEN 2 ELSE 1 END)::text)::uuid"
LISTS = {
    listed.path: listed
    for listed in (
        Listed(
            "/admin/refunds", "payouts", payouts.LISTS, 1, told_apart_by="refund_id", file="refunds",
            beside=USERS | {"payments": PAYMENT, "refunds": {"status": "'PENDING'", "cause": "'STAFF'"}},
        ),
        Listed("/admin/audit", "audit_entries", audit.LISTS, 9, {"actor_kind": "'SYSTEM'"}, file="audit"),
        Listed(
            "/admin/notifications", "notifications", notifications.LISTS, 6, {"kind": "'WELCOME'", "language": "'en'"},
            file="notifications",
        ),
        Listed(
            "/admin/reviews", "reviews", reviews._LISTS_AT_DESK, 2,
            {"id": ID, "subject_kind": "'TRIP'", "language": "'en'", "created_at": MOMENT},
            beside=USERS | {"bookings": BOOKING},
        ),
        Listed(
            "/admin/emergency/alerts", "emergency_alerts", emergency._LISTS_AT_DESK, 1,
            {"id": ID, "created_at": MOMENT}, beside=USERS,
        ),
        Listed(
            "/admin/webhooks", "inbox", {sort: webhooks.LISTS[None, sort] for sort in SortByTime}, 0,
            told_apart_by="event_id", file="webhooks",
        ),
        Listed("/admin/bookings", "bookings", bookings.LISTS, 0, BOOKING, beside=USERS),
        Listed(
            "/admin/referrals", "referrals", referrals.LISTS, 1,
            {"id": ID, "status": "'PENDING'", "created_at": MOMENT, "referrer_id": SOMEBODY_ELSE, **BOUGHT},
            beside=USERS, first=OLDEST,
        ),
        Listed(
            "/admin/student-verifications", "student_verifications", students.LISTS, 1,
            {"status": "'STARTED'", "created_at": MOMENT}, beside=USERS, first=OLDEST,
        ),
    )
}  # fmt: skip


@pytest.fixture(params=LISTS)
def listed(request: pytest.FixtureRequest) -> Listed:
    return LISTS[request.param]


@pytest.fixture
async def admin(derlg: StorefrontClient) -> StorefrontClient:
    return await derlg.sign_in_as(Role.ADMIN)


async def items(admin: StorefrontClient, listed: Listed, **asked: object) -> tuple[list[Any], int]:
    answer = await admin.get(listed.path, params={name: str(value) for name, value in asked.items()})
    return [item[listed.told_apart_by] for item in read(answer)], answer.json()["meta"]["total"]


async def test_from_either_end_in_pages(
    derlg: StorefrontClient, admin: StorefrontClient, clock: FrozenClock, listed: Listed
) -> None:
    await listed.fill(derlg, 5, clock.now())
    shown, total = await items(admin, listed)
    assert (len(set(shown)), total) == (5, 5)
    newest = shown if listed.first is NEWEST else shown[::-1]
    times = await derlg.rows(f"SELECT * FROM {listed.table}")
    (when,) = {"created_at", "received_at", "at"} & set(times[0])
    key = listed.told_apart_by
    assert newest == [str(row[key]) for row in sorted(times, key=lambda row: row[when], reverse=True)]
    assert await items(admin, listed, sort="newest") == (newest, 5)
    assert await items(admin, listed, sort="oldest") == (newest[::-1], 5)
    for sort, expected in (("newest", newest), ("oldest", newest[::-1])):
        pages = [(await items(admin, listed, sort=sort, per_page=2, page=page))[0] for page in (1, 2, 3)]
        assert [item for page in pages for item in page] == expected


async def test_beyond_the_end_the_total_is_still_true(
    derlg: StorefrontClient, admin: StorefrontClient, clock: FrozenClock, listed: Listed
) -> None:
    await listed.fill(derlg, 3, clock.now())
    for sort in SortByTime:
        assert await items(admin, listed, sort=sort, page=2, per_page=3) == ([], 3)
        assert await items(admin, listed, sort=sort, page=9999) == ([], 3)


async def test_own_payments_and_accounts_beyond_the_end(
    derlg: StorefrontClient, admin: StorefrontClient, clock: FrozenClock
) -> None:
    traveler = await derlg.sign_in_as()
    await fill(derlg, "payments", rows=3, now=clock.now(), **PAYMENT, user_id=f"'{traveler.user_id}'")
    for caller, path, total in ((traveler, "/payments", 3), (admin, "/users", 2)):
        for page in (1, 9999):
            answer = await caller.get(path, params={"page": page})
            assert (len(read(answer)), answer.json()["meta"]["total"]) == (total if page == 1 else 0, total)


async def test_another_order_is_refused(admin: StorefrontClient, listed: Listed) -> None:
    assert faulty_fields(await admin.get(listed.path, params={"sort": "largest"})) == ["sort"]


@pytest.mark.parametrize("name", [path for path, listed in LISTS.items() if listed.file])
async def test_the_file_is_in_the_order_that_was_asked_for(
    derlg: StorefrontClient, admin: StorefrontClient, clock: FrozenClock, name: str
) -> None:
    listed = LISTS[name]
    await listed.fill(derlg, 3, clock.now())
    newest, _total = await items(admin, listed)
    for sort, expected in (("newest", newest), ("oldest", newest[::-1])):
        answer = await admin.get(listed.path, params={"sort": sort, "format": "csv", "page": 2, "per_page": 1})
        assert answer.headers["content-disposition"] == f'attachment; filename="{listed.file}-2026-12-01.csv"'
        told = [row[listed.told_apart_by] for row in csv.DictReader(answer.text.removeprefix("\ufeff").splitlines())]
        assert [one for one in told if one in newest] == expected


async def test_refunds_as_a_file_say_what_they_are_for(
    derlg: StorefrontClient, admin: StorefrontClient, clock: FrozenClock
) -> None:
    await LISTS["/admin/refunds"].fill(derlg, 2, clock.now())
    answer = await admin.get("/admin/refunds", params={"is_open": "true"}, headers={"Accept": "text/csv"})
    row = next(csv.DictReader(answer.text.removeprefix("\ufeff").splitlines()))
    assert (row["purchase_kind"], row["customer_email"], row["amount"], row["status"]) == (
        "BOOKING", "x1", "1.00", "PENDING",
    )  # fmt: skip
    done = await admin.get("/admin/refunds", params={"is_open": "false", "format": "csv"})
    assert len(done.text.splitlines()) == 1
    exports = "SELECT actor_id, reference FROM audit_entries WHERE action = 'report.exported'"
    assert await derlg.rows(exports) == [{"actor_id": admin.user_id, "reference": "refunds"}] * 2
    traveler = await derlg.sign_in_as()
    assert (await traveler.get("/admin/refunds", params={"format": "csv"})).status_code == 403


async def test_a_page_reads_about_as_many_rows_as_it_shows(
    derlg: StorefrontClient, clock: FrozenClock, listed: Listed
) -> None:
    await listed.fill(derlg, 20_000, clock.now())
    async with derlg.database.read() as connection:
        for table in (listed.table, *listed.beside):
            await connection.execute(f"ANALYZE {table}")
        chosen: list[object] = [None] * listed.arguments
        if listed.table == "inbox":
            chosen = [datetime.min.replace(tzinfo=clock.now().tzinfo), clock.now(), None]
        asked = [20, 0, clock.now(), *[None] * 4] if listed.table == "bookings" else [*chosen, 20, 0]
        for sort, statement in listed.statements.items():
            [plan] = await connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", *asked)
            assert max(rows_read(plan["Plan"])) <= 50, sort


def rows_read(node: dict[str, Any]) -> list[int]:
    """By each step, but for what is only counted for the total."""
    if node.get("Subplan Name", "").startswith("InitPlan") and '"Limit"' not in json.dumps(node):
        return []
    own = node["Actual Rows"] + node.get("Rows Removed by Filter", 0) if "Relation Name" in node else 0
    return [own, *(count for child in node.get("Plans", []) for count in rows_read(child))]
