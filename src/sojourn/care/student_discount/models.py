"""Student verification: rows and wire."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints, ValidationInfo, field_validator

from sojourn.platform.kit.texts import Reason
from sojourn.platform.kit.wire import Day, PageIn, SortByTime, Wire

Institution = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=200)]


class VerificationStatus(StrEnum):
    """`EXPIRED`: the verification has run out, or was begun and never finished."""

    STARTED = "STARTED"
    PENDING_REVIEW = "PENDING_REVIEW"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"


class Picture(StrEnum):
    """The two pictures of a verification."""

    STUDENT_CARD = "STUDENT_CARD"
    SELFIE = "SELFIE"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPicture:
    """Where a picture lies; `digest` is the SHA-256 of what was sent."""

    folder: str
    mime_type: str
    digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """A row of `student_verifications`. After the decision the pictures are gone."""

    id: UUID
    user_id: UUID
    status: VerificationStatus
    institution: str
    card_expires_on: date
    card: StoredPicture | None
    selfie: StoredPicture | None
    card_digest: bytes | None
    created_at: datetime

    def picture(self, which: Picture) -> StoredPicture | None:
        return self.card if which is Picture.STUDENT_CARD else self.selfie

    @property
    def folders(self) -> list[str]:
        return [picture.folder for picture in (self.card, self.selfie) if picture is not None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is known of somebody before they start or submit."""

    is_student: bool
    student_expires_at: datetime | None
    submitted_at: tuple[datetime, ...]


class StartIn(Wire):
    """Where somebody studies, and the last day on which their card holds."""

    institution: Institution
    card_expires_on: Day


class PictureIn(Wire):
    """Which of the two pictures the part `file` is."""

    kind: Picture


class VerificationOut(Wire):
    """A verification as the student sees it."""

    id: UUID
    status: VerificationStatus
    institution: str
    card_expires_on: date
    has_student_card: bool
    has_selfie: bool
    rejection_reason: str | None
    submitted_at: datetime | None
    decided_at: datetime | None
    expires_at: datetime | None
    created_at: datetime


class StudentStatus(Wire):
    """Whether the discount is given now. `verification` is the latest one; `next_try_at` is set when none is left."""

    is_student: bool
    student_verified_at: datetime | None
    expires_at: datetime | None
    discount_percent: int
    tries_left: int
    next_try_at: datetime | None
    verification: VerificationOut | None


class Student(Wire):
    """Whose verification it is, for the desk."""

    id: UUID
    name: str
    email: str


class VerificationAtDesk(VerificationOut):
    """A verification as staff see it.

    `similarity` is what a face engine made of the two faces, where there is one; `same_card_elsewhere` counts other
    accounts that have handed in the very same picture.
    """

    student: Student
    similarity: Decimal | None
    same_card_elsewhere: int
    tries: int
    decided_by: UUID | None


class VerificationFilters(PageIn):
    status: VerificationStatus | None = None
    sort: SortByTime = SortByTime.OLDEST


class StudentDecisionIn(Wire):
    """`reason` tells the student what was wrong: required for, and only for, a rejection.

    `card_expires_on`: what the card says, where the student wrote something else; for an approval only.
    """

    status: Literal[VerificationStatus.APPROVED, VerificationStatus.REJECTED]
    reason: Reason | None = Field(None, validate_default=True)
    card_expires_on: Day | None = None

    @field_validator("reason")
    @classmethod
    def _fits_the_decision(cls, reason: str | None, info: ValidationInfo) -> str | None:
        if (reason is not None) != (info.data.get("status") is VerificationStatus.REJECTED):
            raise ValueError("is required for REJECTED, and for nothing else")
        return reason

    @field_validator("card_expires_on")
    @classmethod
    def _belongs_to_approvals(cls, day: date | None, info: ValidationInfo) -> date | None:
        if day is not None and info.data.get("status") is VerificationStatus.REJECTED:
            raise ValueError("belongs to APPROVED")
        return day
