"""What background work is made of: handlers, their kinds and their timers. The worker registers them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from sojourn.platform.http.context import Runtime
from sojourn.platform.jobs.queue import Payload
from sojourn.platform.storefront import Storefront
from sojourn.providers.vendors import Vendors

UTC: Final = "UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a handler may use: the storefront it works for and its vendors."""

    runtime: Runtime
    vendors: Vendors


@dataclass(frozen=True, slots=True, kw_only=True)
class JobKind:
    """How a kind of job is done. Handlers load by id, re-check, act, and may run twice."""

    name: str
    handler: Callable[[Work, Payload], Awaitable[None]]
    max_attempts: int = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """Work on a schedule; `title` says it in words for the desk and docs/jobs.md.

    `cron` is read in UTC, as whatever runs every few minutes or hours should be; with `is_local` on the storefront's
    own clock, as whatever runs at an hour of the day should be.
    """

    name: str
    cron: str
    title: str
    handler: Callable[[Work], Awaitable[None]]
    is_local: bool = False

    def zone(self, storefront: Storefront) -> str:
        """The zone that `cron` is read in."""
        return storefront.time_zone if self.is_local else UTC
