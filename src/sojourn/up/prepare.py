"""What a storefront's database holds before anybody can shop there."""

import asyncio
from collections.abc import Callable

from sojourn.catalog.loading import LoadReport, load_catalogue
from sojourn.people.staff.bootstrap import DemoAccount, ensure_demo_accounts
from sojourn.platform.db.database import Database
from sojourn.platform.db.faults import DATABASE_FAULTS, explain
from sojourn.platform.db.migrate import upgrade
from sojourn.platform.kit.clock import SystemClock
from sojourn.platform.storefront import Storefront
from sojourn.up.environment import UpRefused


def prepare(storefront: Storefront, dsn: str, report: Callable[[str], None]) -> list[DemoAccount]:
    """Bring the database of `storefront` up to date, with its starting catalogue and an account per role.

    It may be done again and again. Raises CatalogueInvalid when a data file is not right, MigrationFailed, and
    UpRefused when the database fails otherwise.
    """
    report("migrations")
    upgrade(dsn)
    report("catalogue and demo accounts")
    try:
        loaded, accounts = asyncio.run(_fill(storefront, dsn))
    except DATABASE_FAULTS as fault:
        told = explain(fault)
        if told is None:
            raise
        raise UpRefused(f"The catalogue of {storefront.name} could not be loaded: {told}") from fault
    report(f"catalogue: {loaded.added} added, {loaded.changed} changed, {loaded.kept} as they were")
    return accounts


async def _fill(storefront: Storefront, dsn: str) -> tuple[LoadReport, list[DemoAccount]]:
    database = await Database.connect(dsn, size=1)
    now = SystemClock().now()
    try:
        loaded = await load_catalogue(database, storefront, now=now)
        return loaded, await ensure_demo_accounts(database, storefront, now=now)
    finally:
        await database.close()
