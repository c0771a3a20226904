"""Zoom, by a server-to-server OAuth app of the agency's own account."""

from datetime import UTC

from sojourn.providers.meetings.http_api import MeetingApi, text_in
from sojourn.providers.meetings.port import Meeting, Room

SCHEDULED_MEETING = 2
TOKENS = "https://zoom.us/oauth/token"


def _times(meeting: Meeting) -> dict[str, object]:
    starts_at = meeting.starts_at.astimezone(UTC)
    return {"start_time": f"{starts_at:%Y-%m-%dT%H:%M:%SZ}", "duration": meeting.minutes, "timezone": "UTC"}


class ZoomRooms:
    """`MeetingRooms` over Zoom. A try that is repeated after a lost answer may leave an empty meeting there."""

    name = "zoom"

    def __init__(
        self, *, account_id: str, client_id: str, client_secret: str, base_url: str = "https://api.zoom.us/v2",
        token_url: str = TOKENS,
    ) -> None:  # fmt: skip
        self._api = MeetingApi(
            base_url=base_url,
            token_url=token_url,
            grant={"grant_type": "account_credentials", "account_id": account_id},
            client_id=client_id,
            client_secret=client_secret,
        )

    def find_ready(self) -> Room | None:
        """Zoom must be asked for every meeting."""
        return None

    async def open(self, meeting: Meeting) -> Room:
        body = {
            "topic": meeting.title,
            "type": SCHEDULED_MEETING,
            **_times(meeting),
            # Nobody gets in, nor listens, before the consultant lets them.
            "settings": {"waiting_room": True, "join_before_host": False},
        }
        opened = await self._api.call("POST", "/users/me/meetings", body)
        return Room(link=text_in(opened, "join_url"), id=text_in(opened, "id"))

    async def move(self, room_id: str, meeting: Meeting) -> None:
        await self._api.call("PATCH", f"/meetings/{room_id}", _times(meeting))

    async def close(self, room_id: str) -> None:
        await self._api.call("DELETE", f"/meetings/{room_id}", may_be_gone=True)

    async def aclose(self) -> None:
        await self._api.aclose()
