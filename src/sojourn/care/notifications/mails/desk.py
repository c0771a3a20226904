"""Mails to staff."""

from typing import Self

from pydantic import AwareDatetime

from sojourn.care.notifications.mails.kinds import MailKind
from sojourn.care.notifications.mails.parts import SAMPLE_AT, MailContext, Text


class StaffAlert(MailContext):
    """To staff, about something a person must look at; title and details are written by the engine, in English."""

    kind = MailKind.STAFF_ALERT
    title: Text
    details: tuple[Text, ...]
    raised_at: AwareDatetime

    @classmethod
    def sample(cls) -> Self:
        return cls(
            title="Paid but unconfirmed",
            details=("Payment 0192 of 363.10 USD", "Booking DL-ABCD3789"),
            raised_at=SAMPLE_AT,
        )
