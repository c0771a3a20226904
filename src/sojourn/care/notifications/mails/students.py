"""Mails about the student discount."""

from datetime import date
from typing import Annotated, Self

from pydantic import Field

from sojourn.care.notifications.mails.kinds import MailKind
from sojourn.care.notifications.mails.parts import Link, MailContext, Text

Percent = Annotated[int, Field(ge=1, le=100)]


class StudentApproved(MailContext):
    """`valid_until` is the day on which it ends, in the storefront's zone."""

    kind = MailKind.STUDENT_APPROVED
    percent: Percent
    valid_until: date

    @classmethod
    def sample(cls) -> Self:
        return cls(percent=10, valid_until=date(2027, 9, 30))


class StudentRejected(MailContext):
    """`reason` is what staff wrote."""

    kind = MailKind.STUDENT_REJECTED
    reason: Text
    retry_url: Link

    @classmethod
    def sample(cls) -> Self:
        return cls(reason="The card cannot be read.", retry_url="https://travel.example/student-discount")


class StudentEnding(MailContext):
    kind = MailKind.STUDENT_ENDING
    percent: Percent
    valid_until: date
    renew_url: Link

    @classmethod
    def sample(cls) -> Self:
        return cls(percent=10, valid_until=date(2027, 9, 30), renew_url="https://travel.example/student-discount")
