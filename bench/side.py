"""What a run has to know of a side to measure it. The peer and we differ in nothing else."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.plan import SideKey


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of the two servers, ready to be started.

    `fill` makes the schema and the seeded rows in the empty database of that DSN; it runs once, every turn works on a
    copy. `command` is started in `folder` with `environment`, `DATABASE_URL` and `PORT`, and, for what has to be read
    anew each time, with `without_cache` as well.
    `bookings_sql` and `confirmed_sql` count the bookings, and those a webhook confirmed: what the writes have to show
    for themselves afterwards.
    """

    key: SideKey
    title: str
    command: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str]
    without_cache: Mapping[str, str]
    fill: Callable[[str], Awaitable[None]]
    bookings_sql: str
    confirmed_sql: str

    @property
    def seed_database(self) -> str:
        return f"bench_{self.key}_seed"

    @property
    def database(self) -> str:
        return f"bench_{self.key}"
