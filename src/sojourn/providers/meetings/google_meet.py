"""Google Meet, by the Meet REST API and a refresh token of the agency's own Workspace account.

The token needs the scope `https://www.googleapis.com/auth/meetings.space.created`.
"""

from sojourn.providers.meetings.http_api import MeetingApi, text_in
from sojourn.providers.meetings.port import Meeting, Room

TOKENS = "https://oauth2.googleapis.com/token"


class GoogleMeetRooms:
    """`MeetingRooms` over Google Meet: a space has no time of its own, and stands until it is forgotten there."""

    name = "google_meet"

    def __init__(
        self, *, client_id: str, client_secret: str, refresh_token: str,
        base_url: str = "https://meet.googleapis.com/v2", token_url: str = TOKENS,
    ) -> None:  # fmt: skip
        self._api = MeetingApi(
            base_url=base_url,
            token_url=token_url,
            grant={"grant_type": "refresh_token", "refresh_token": refresh_token},
            client_id=client_id,
            client_secret=client_secret,
        )

    def find_ready(self) -> Room | None:
        """Google must be asked for every space."""
        return None

    async def open(self, meeting: Meeting) -> Room:  # noqa: ARG002 - the port gives it
        # Trusted: the agency's own people and whom they let in; a stranger with the link knocks.
        opened = await self._api.call("POST", "/spaces", {"config": {"accessType": "TRUSTED"}})
        return Room(link=text_in(opened, "meetingUri"), id=text_in(opened, "name"))

    async def move(self, room_id: str, meeting: Meeting) -> None:
        """A space stands at any time."""

    async def close(self, room_id: str) -> None:
        """A space cannot be taken away; nobody is in it."""

    async def aclose(self) -> None:
        await self._api.aclose()
