"""What `care/consultations` may ask of whoever has rooms for video calls."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """`key` is ours and the same at every try; `minutes` from `starts_at`, UTC."""

    key: str
    title: str
    starts_at: datetime
    minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """Where to meet. `id` is the vendor's, None where there is nothing to move or close."""

    link: str
    id: str | None = None


class MeetingsUnavailable(Exception):
    """The vendor did not do it: network, throttling, or our account there. Try again later.

    `code` is stable: "meetings_unreachable", "meetings_http_401", "meetings_answer_unreadable".
    """

    is_retryable = True

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


class MeetingRooms(Protocol):
    @property
    def name(self) -> str:
        """Stable key stored with every room, e.g. "jitsi"."""
        ...

    def find_ready(self) -> Room | None:
        """A room that is there without asking anybody; None when it takes a call to `open`."""
        ...

    async def open(self, meeting: Meeting) -> Room:
        """A new room. Raises MeetingsUnavailable."""
        ...

    async def move(self, room_id: str, meeting: Meeting) -> None:
        """The meeting has another time. Raises MeetingsUnavailable."""
        ...

    async def close(self, room_id: str) -> None:
        """The meeting will not be; a room that is gone already is fine. Raises MeetingsUnavailable."""
        ...

    async def aclose(self) -> None: ...
