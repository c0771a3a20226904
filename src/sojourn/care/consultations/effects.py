"""What a consultation sets going."""

from typing import Final
from uuid import UUID

from sojourn.platform.jobs.queue import NewJob

ANNOUNCE: Final = "consultations.announce"  # consultation_id, sequence, is_moved


def announce(consultation_id: UUID, *, sequence: int, is_moved: bool = False) -> NewJob:
    """Arrange the room, then tell both sides and their calendars; `sequence` is what the change made it.

    `is_moved`: what stands is known already, and only its time is news.
    """
    payload = {"consultation_id": consultation_id, "sequence": sequence, "is_moved": is_moved}
    return NewJob(kind=ANNOUNCE, payload=payload)
