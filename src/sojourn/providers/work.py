"""What background work is made of: handlers, their kinds and their timers. The worker registers them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sojourn.platform.http.context import Runtime
from sojourn.platform.jobs.queue import Payload
from sojourn.providers.vendors import Vendors


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
    """Work on a schedule. `cron` is read in UTC; `title` says it in words for the desk and docs/jobs.md."""

    name: str
    cron: str
    title: str
    handler: Callable[[Work], Awaitable[None]]
