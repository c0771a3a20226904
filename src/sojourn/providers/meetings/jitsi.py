"""Jitsi: a room is there as soon as somebody enters it, so its name is all there is to it."""

import secrets

from sojourn.providers.meetings.port import Meeting, Room

# 160 bits: whoever has not been told the name does not find the room.
NAME_BYTES = 20


class JitsiRooms:
    """`MeetingRooms` on a Jitsi server, ours or the public one. Needs no key and makes no call."""

    name = "jitsi"

    def __init__(self, *, base_url: str) -> None:
        self._base_url = base_url.rstrip("/")

    def find_ready(self) -> Room:
        return Room(link=f"{self._base_url}/sojourn-{secrets.token_hex(NAME_BYTES)}")

    async def open(self, meeting: Meeting) -> Room:  # noqa: ARG002 - the port gives it
        """As good as any other: nothing in a room's name tells of its meeting."""
        return self.find_ready()

    async def move(self, room_id: str, meeting: Meeting) -> None:
        """The room stands at any time."""

    async def close(self, room_id: str) -> None:
        """An empty room is no room."""

    async def aclose(self) -> None:
        """Nothing is kept open."""
