"""What `care/emergency` may ask of the agency's alarm."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol


class AlarmUnavailable(Exception):
    """No answer in time, or one that is not 2xx: try again under the same id."""


class Alarm(Protocol):
    async def sound(self, message_id: str, *, kind: str, data: Mapping[str, Any], at: datetime) -> None:
        """Deliver one message; `message_id` is the same each time it is tried. Raises AlarmUnavailable."""
        ...

    async def aclose(self) -> None: ...
