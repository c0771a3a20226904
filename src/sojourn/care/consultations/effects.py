"""What a consultation sets going."""

from typing import Final
from uuid import UUID

from sojourn.platform.jobs.queue import NewJob

ANNOUNCE: Final = "consultations.announce"  # consultation_id, sequence


def announce(consultation_id: UUID, *, sequence: int) -> NewJob:
    """Arrange the room, then tell both sides and their calendars; `sequence` is what the change made it."""
    return NewJob(kind=ANNOUNCE, payload={"consultation_id": consultation_id, "sequence": sequence})
