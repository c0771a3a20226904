"""What `care/notifications` may ask of a push service."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from sojourn.platform.jobs.queue import TryLater


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingPush:
    """One message to one app on one device.

    `key` is what the device knows it by: a second one with the same key takes the first one's place on the screen and
    is not shown beside it. `link` is opened by a tap. `data` is for the app itself, never shown.
    """

    token: str
    title: str
    body: str
    link: str
    data: Mapping[str, str]
    key: str


class PushRefused(Exception):
    """Permanent: the message itself will never be taken."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class DeadToken(PushRefused):
    """Permanent, and the device's own: the app is gone from it, or its token is none of ours. Forget it."""


class PushUnavailable(TryLater):
    """Network, throttling, our account or the service's own fault: try again, not before `after` when that is said."""

    def __init__(self, message: str, *, code: str, after: timedelta | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.after = after


class PushSender(Protocol):
    @property
    def name(self) -> str:
        """Stable key stored with every sent push, e.g. "fcm"."""
        ...

    async def send(self, push: OutgoingPush) -> str:
        """Hand the message over; the service's id for it. Raises PushRefused, DeadToken, PushUnavailable."""
        ...

    async def aclose(self) -> None: ...
