"""Orders that were paid before there were cases get theirs from a migration."""

import asyncio

from tests.conftest import StartSystem
from tests.features.orders.conftest import Shop
from tests.support.client import read

from sojourn.people.roles import Role
from sojourn.platform.db.migrate import downgrade, upgrade

_AS_BEFORE = """
UPDATE orders SET stage_key = NULL, stage_started_at = NULL, stage_promised_on = NULL, refund_stage = $2 WHERE id = $1
"""
STAGES = [
    {"key": key, "title": {"en": key.title()}, "refundStage": stage, "promisedDays": 2}
    for key, stage in (("intake", "NOT_STARTED"), ("plan", "IN_REVIEW"), ("review", "IN_REVIEW"), ("lodged", "LODGED"))
]


async def test_open_orders_without_a_case_get_one(start_system: StartSystem, sandbox: str) -> None:
    async with start_system() as system:
        shop = Shop(await system.holyone.sign_in_as(Role.ADMIN), sandbox)
        for slug, kind in (("professional", "MAIN"), ("guide", "DIGITAL")):
            path = f"/services/{await shop.sell(slug, kind, fee='99.00')}"
            read(await shop.office.patch(path, json={"stages": STAGES}))
        customer = await system.holyone.sign_in_as()
        new, begun, guide = [await shop.paid(customer, slug) for slug in ("professional", "professional", "guide")]
        unpaid = await shop.order(customer)
        async with customer.database.read() as connection:
            for order, stage in ((new, "NOT_STARTED"), (begun, "IN_REVIEW"), (guide, "NOT_STARTED")):
                await connection.execute(_AS_BEFORE, order["id"], stage)
        dsn = system.dsns["holyone"]
        await asyncio.to_thread(downgrade, dsn, "0031")
        await asyncio.to_thread(upgrade, dsn)
        cases = {order["id"]: read(await customer.get(f"/orders/{order['id']}"))["case"] for order in (new, begun)}
        assert [case["stage"] for case in cases.values()] == ["intake", "plan"]
        assert cases[new["id"]]["startedAt"] == new["confirmedAt"]
        assert cases[new["id"]]["promisedOn"] is None, "nothing was promised of it"
        for order in (guide, unpaid):
            assert read(await customer.get(f"/orders/{order['id']}"))["case"] is None
