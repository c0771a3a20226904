"""Our side: the DerLg storefront in one process, started the way `sojourn serve` starts it anywhere."""

import asyncio
import sys
from pathlib import Path

import asyncpg

from bench.plan import JWT_SECRET, POOL_SIZE, WEBHOOK_SECRET
from bench.processes import clean_environment
from bench.side import Side
from sojourn.platform.db import migrate

_HERE = Path(__file__).resolve().parent
_SEED = _HERE / "seed.sql"
_FILLED = "users, trips, trip_cards, resources, bookings, claims, price_lines, payments"
# Asked on every call all the same, never reached.
_NO_LIMIT = "1000000000"


def prepare() -> Side:
    """Describe our server. Limits are raised by settings; no code path is left out."""
    return Side(
        key="ours",
        title="Sojourn",
        command=(str(Path(sys.executable).parent / "sojourn"), "serve"),
        folder=_HERE.parent,
        environment={
            **clean_environment(),
            "SOJOURN_ENVIRONMENT": "production",
            "SOJOURN_STOREFRONTS": "derlg",
            "DATABASE_POOL_SIZE": str(POOL_SIZE),
            "JWT_ACCESS_SECRET": JWT_SECRET,
            "JWT_REFRESH_SECRET": JWT_SECRET[::-1],
            "RESEND_API_KEY": "re_bench",
            "STRIPE_SECRET_KEY": "sk_test_bench",
            "STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET,
            "MAX_OPEN_HOLDS": _NO_LIMIT,
            "RATE_LIMIT_CATALOG": _NO_LIMIT,
            "RATE_LIMIT_DEFAULT": _NO_LIMIT,
            "RATE_LIMIT_PAYMENTS": _NO_LIMIT,
        },
        without_cache={"RESPONSE_CACHE": "off"},
        fill=_fill,
        bookings_sql="SELECT count(*) FROM bookings",
        confirmed_sql="SELECT count(*) FROM bookings WHERE status = 'CONFIRMED'",
    )


async def _fill(dsn: str) -> None:
    # Alembic starts an event loop of its own.
    await asyncio.to_thread(migrate.upgrade, dsn)
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(_SEED.read_text())
        # Alone: a script of several statements is one transaction, and VACUUM runs in none. Only what was filled: a
        # table that was analysed while it was empty is planned for as one that stays empty.
        await connection.execute(f"VACUUM ANALYZE {_FILLED}")
    finally:
        await connection.close()
