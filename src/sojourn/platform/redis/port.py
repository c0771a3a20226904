"""What features may ask of the memory that processes share, whether Redis stands behind it or not."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Protocol

# For so long Redis is not asked again.
PAUSE_SECONDS: Final = 3.0


class RedisAway(Exception):
    """Redis did not answer, or was not asked because it did not answer just now."""


class Cache(Protocol):
    """Text by key, for a while. It may forget anything at any time: the truth is in PostgreSQL or at a vendor.

    Keys are the documented ones (`keys.py`), without the storefront's prefix. No method raises because Redis is away.
    """

    async def get(self, key: str) -> str | None:
        """What was set last, or None."""
        ...

    async def set(self, key: str, value: str, ttl: timedelta) -> None:
        """Keep `value` for `ttl` (whole seconds, at least one)."""
        ...

    async def delete(self, key: str) -> None:
        """Forget the key at once."""
        ...


@dataclass(frozen=True, slots=True)
class Put:
    """Have a key say `value` for `seconds` from now."""

    key: str
    value: str
    seconds: int


@dataclass(frozen=True, slots=True)
class Drop:
    """Have a key say nothing any more."""

    key: str


@dataclass(frozen=True, slots=True)
class Raise:
    """Have a key say `number` for `seconds` from now, unless it says a higher one: the last to arrive may be late."""

    key: str
    number: int
    seconds: int


Change = Put | Drop | Raise
