"""Figures are looked at all day, over years of sales: they read narrow indexes, not the wide rows of the orders.

Measured once on 50,000 orders and 60,000 payments; here the plans are held to it, which a busy machine cannot upset.
"""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from tests.conftest import StartSystem
from tests.features.analytics.books import at
from tests.features.analytics.grown import grow
from tests.support.client import StorefrontClient, read

from sojourn.desk.analytics.figures import FIGURES, OVERVIEW
from sojourn.desk.analytics.people_queries import CONSULTANTS, CUSTOMERS, ConsultantSort, CustomerSort
from sojourn.desk.analytics.periods import EARLIEST, LATEST
from sojourn.desk.analytics.queries import _STATS, REVENUE
from sojourn.people.roles import Role
from sojourn.platform.db.database import Connection

ALWAYS = (EARLIEST, LATEST)
LATELY = (at("2026-11-01 00:00"), at("2026-12-02 00:00"))
NOW = datetime(2026, 12, 1, 3, 0, tzinfo=UTC)
ZONE = "Asia/Phnom_Penh"
VIEWS: dict[str, tuple[str, tuple[object, ...]]] = {
    "stats": (_STATS, (*ALWAYS, False, NOW, "USD", 5)),
    "stats of a month": (_STATS, (*LATELY, False, NOW, "USD", 5)),
    "revenue": (REVENUE, (*ALWAYS, False, "year", ZONE, True, None, None)),
    "revenue of a month": (REVENUE, (*LATELY, False, "day", ZONE, False, None, None)),
    "figures": (OVERVIEW, (*ALWAYS, False, NOW, "USD")),
    "consultants": (CONSULTANTS[ConsultantSort.BUSIEST], (*ALWAYS, None, None, None, 20, 0)),
    **{f"customers by {sort}": (CUSTOMERS[sort], (False, "USD", None, None, None, 20, 0)) for sort in CustomerSort},
}


def read_from_end_to_end(plan: dict[str, Any]) -> Iterator[str]:
    if plan["Node Type"] == "Seq Scan":
        yield plan["Relation Name"]
    for child in plan.get("Plans", []):
        yield from read_from_end_to_end(child)


def fetched_one_by_one(plan: dict[str, Any]) -> Iterator[str]:
    if plan["Node Type"] == "Index Scan":
        yield plan["Relation Name"]
    for child in plan.get("Plans", []):
        yield from fetched_one_by_one(child)


async def plan_of(
    connection: Connection, statement: str, arguments: tuple[object, ...], *,
    how: Callable[[dict[str, Any]], Iterator[str]] = read_from_end_to_end,
) -> set[str]:  # fmt: skip
    plan = await connection.fetchval(f"EXPLAIN (FORMAT JSON) {statement}", *arguments)
    tree = (json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]
    return set(how(tree))


async def test_no_view_reads_the_orders_from_end_to_end(start_system: StartSystem) -> None:
    # On databases of its own: what hundreds of other tests left in the shared one's pages sways the planner.
    async with start_system() as system:
        await _hold_the_plans(system.holyone, await system.holyone.sign_in_as(Role.ADMIN))


async def _hold_the_plans(holyone: StorefrontClient, office: StorefrontClient) -> None:
    await grow(holyone)
    async with holyone.database.read() as connection:
        read_whole = {name: await plan_of(connection, *view) for name, view in VIEWS.items()}
    assert {name: tables & {"orders", "order_events"} for name, tables in read_whole.items()} == {
        name: set() for name in VIEWS
    }
    lately = {name: tables for name, tables in read_whole.items() if name.endswith("of a month")}
    assert {name: tables & {"payments"} for name, tables in lately.items()} == {name: set() for name in lately}
    async with holyone.database.read() as connection:
        one_by_one = await plan_of(connection, *VIEWS["figures"], how=fetched_one_by_one)
    assert "orders" not in one_by_one, "as many look-ups as there were orders ever"
    # The control: without the index that the figures were given, the orders are read whole.
    async with holyone.database.read() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("DROP INDEX orders_created_at")
        assert "orders" in await plan_of(connection, *VIEWS["stats"])
        await transaction.rollback()
    figures = read(await office.get("/admin/figures"))["figures"]
    assert len(figures) == len(FIGURES) + 1
