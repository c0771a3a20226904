"""Reviews: rows and wire."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, ValidationInfo, field_validator, model_validator

from sojourn.catalog.values import LanguageName
from sojourn.platform.i18n import Language
from sojourn.platform.kit.texts import Line, Paragraph, Reason
from sojourn.platform.kit.wire import PageIn, SortByTime, Wire


class Subject(StrEnum):
    """What a review is about: one part of a booking."""

    TRIP = "TRIP"
    HOTEL = "HOTEL"
    VEHICLE = "VEHICLE"
    GUIDE = "GUIDE"


class ReviewStatus(StrEnum):
    """`PENDING`: the desk has not looked yet; only `PUBLISHED` ones are read and counted."""

    PENDING = "PENDING"
    PUBLISHED = "PUBLISHED"
    HIDDEN = "HIDDEN"


class ReviewSort(StrEnum):
    NEWEST = "newest"
    HIGHEST = "highest"
    LOWEST = "lowest"


Rating = Annotated[int, Field(ge=1, le=5)]


class ReviewIn(Wire):
    """What one thinks of a booking whose journey is over. `subject` says which part of it is meant; without it the
    trip, else the one thing that was booked. `language` is that of the text; without it that of the request."""

    booking_id: UUID
    subject: Subject | None = None
    rating: Rating
    title: Line | None = None
    text: Paragraph | None = None
    language: LanguageName | None = None


class ReviewPatch(Wire):
    """What is to change; what is left out stays, and null empties a text."""

    rating: Rating | None = None
    title: Line | None = None
    text: Paragraph | None = None
    language: LanguageName | None = None

    @model_validator(mode="after")
    def _never_empty(self) -> "ReviewPatch":
        for name in ("rating", "language"):
            if name in self.model_fields_set and getattr(self, name) is None:
                raise ValueError(f"{name} must not be empty")
        return self


class ReviewOut(Wire):
    """A review as everybody reads it. `author_name` is shortened, and null when the account is gone; `reply` is the
    agency's answer."""

    id: UUID
    rating: int
    title: str | None
    text: str | None
    language: Language
    author_name: str | None
    travel_date: date
    reply: str | None
    replied_at: datetime | None
    created_at: datetime
    updated_at: datetime


class OwnReview(ReviewOut):
    """A review as its author sees it. `hidden_reason` is what the desk wrote; `changeable_until` is when it settles."""

    booking_id: UUID
    subject: Subject
    subject_id: UUID
    status: ReviewStatus
    hidden_reason: str | None
    changeable_until: datetime


class ReviewAtDesk(ReviewOut):
    """A review as the desk sees it; `report_count` is how many readers object, `report_reasons` what they wrote."""

    booking_id: UUID
    booking_ref: str
    user_id: UUID
    subject: Subject
    subject_id: UUID
    status: ReviewStatus
    hidden_reason: str | None
    moderated_by: UUID | None
    moderated_at: datetime | None
    report_count: int
    report_reasons: list[str]


class Histogram(Wire):
    """How many published reviews gave each rating. `avg_rating` has two decimals, and is null without any."""

    avg_rating: float | None
    review_count: int
    one: int
    two: int
    three: int
    four: int
    five: int


class ReviewFilters(PageIn):
    sort: ReviewSort = ReviewSort.NEWEST
    rating: Rating | None = None
    language: LanguageName | None = None


class DeskReviewFilters(PageIn):
    """`is_reported`: those that readers object to, or those that nobody does."""

    status: ReviewStatus | None = None
    is_reported: bool | None = None
    sort: SortByTime = SortByTime.NEWEST


class ModerationIn(Wire):
    """`reason` is required for, and only for, hiding; the author reads it."""

    status: Literal[ReviewStatus.PUBLISHED, ReviewStatus.HIDDEN]
    reason: Reason | None = Field(None, validate_default=True)

    @field_validator("reason")
    @classmethod
    def _fits_the_decision(cls, reason: str | None, info: ValidationInfo) -> str | None:
        if (reason is not None) != (info.data.get("status") is ReviewStatus.HIDDEN):
            raise ValueError("is required for HIDDEN, and for nothing else")
        return reason


class ReplyIn(Wire):
    """The agency's answer; a new one takes the place of the last."""

    text: Paragraph


class ReportIn(Wire):
    """Why one objects to a review."""

    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """Of a booking, what reviews are about."""

    id: UUID
    user_id: UUID
    status: str
    trip_id: UUID | None
    hotel_id: UUID | None
    vehicle_id: UUID | None
    guide_id: UUID | None

    @property
    def subjects(self) -> dict[Subject, UUID]:
        """Its parts, the one that is meant without a word first."""
        parts = {
            Subject.TRIP: self.trip_id, Subject.HOTEL: self.hotel_id, Subject.VEHICLE: self.vehicle_id,
            Subject.GUIDE: self.guide_id,
        }  # fmt: skip
        return {kind: part for kind, part in parts.items() if part is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """A row of `reviews`, as acts need it."""

    id: UUID
    booking_id: UUID
    user_id: UUID
    subject: Subject
    subject_id: UUID
    rating: int
    title: str | None
    text: str | None
    language: Language
    status: ReviewStatus
    created_at: datetime


def shortened(name: str) -> str:
    """A name as strangers read it: `Sok Dara` is `Sok D.` to them."""
    first, *others = name.split() or [""]
    return f"{first} {others[-1][0]}." if others else first
