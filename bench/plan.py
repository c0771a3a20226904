"""What is measured, and what has to be reached (docs/benchmarks.md)."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

SideKey = Literal["peer", "ours"]
Script = Literal["r1", "r2", "r3", "w1", "w2"]

# Both sides verify the same tokens and the same signatures, so the load generator needs no login.
JWT_SECRET = "bench-secret-0123456789abcdef0123456789abcdef"
WEBHOOK_SECRET = "whsec_bench"

# The rows both databases hold; the peer's sql/seed.sql makes them, and ours has to match.
SEEDED_BOOKINGS = 60_000
TOKEN_USERS = 200
CONNECTIONS = 32
POOL_SIZE = 10
P95_LIMIT_MS = 50
MEMORY_TARGET = 1 / 3
BARE_ASGI_TARGET = 0.6

# The settings of the one PostgreSQL both sides use, one after the other.
POSTGRES_SETTINGS = {
    "shared_buffers": "1GB",
    "work_mem": "16MB",
    "wal_buffers": "16MB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "30min",
    "random_page_cost": "1.1",
    "jit": "off",
    "synchronous_commit": "on",
    "fsync": "on",
}


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One wrk script and how many times the peer's rate we want.

    `is_from_database`: every answer has to come from PostgreSQL; a write shows it by its row. `has_cache`: the server
    may keep answers; for a list that our cache would keep too it is started without, for the peer reads it anew each
    time.
    """

    script: Script
    title: str
    target_ratio: float
    is_from_database: bool
    has_cache: bool = True


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(script="r1", title="list 20 trips", target_ratio=4, is_from_database=True, has_cache=False),
    Endpoint(script="r2", title="cached list", target_ratio=10, is_from_database=False),
    Endpoint(script="r3", title="my bookings", target_ratio=4, is_from_database=True),
    Endpoint(script="w1", title="create booking", target_ratio=3, is_from_database=False),
    Endpoint(script="w2", title="webhook", target_ratio=3, is_from_database=False),
)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What the command line asked for.

    `seconds` is the length of one measurement, `warm_up_seconds` of the unmeasured run before each of them,
    `rounds` how often each side has its turn, `only` the one side to measure where it is not both.
    """

    seconds: int
    warm_up_seconds: int
    rounds: int
    only: SideKey | None
    peer_dir: Path
    result_path: Path
