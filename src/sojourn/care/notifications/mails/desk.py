"""Mails to staff."""

from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, Field

from sojourn.care.notifications.mails.kinds import MailKind
from sojourn.care.notifications.mails.parts import SAMPLE_AT, Link, MailContext, Pushed, Text


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


class EmergencyAlert(MailContext):
    """To staff: a traveller calls for help. `level` counts how many times they are told, `link` is the place on a map;
    that field is forgotten with the first outcome, and the position with it."""

    kind = MailKind.EMERGENCY_ALERT
    push = Pushed(preference=None, link="alert_url")
    alert_type: Literal["SOS", "MEDICAL", "THEFT", "LOST", "ACCIDENT", "OTHER"]
    level: Annotated[int, Field(ge=1)]
    raised_at: AwareDatetime
    traveler_name: Text
    traveler_phone: Text | None = None
    emergency_contact: Text | None = None
    province: Text | None = None
    message: Text | None = None
    link: Link | None = None
    alert_url: Link

    @classmethod
    def sample(cls) -> Self:
        return cls(
            alert_type="MEDICAL",
            level=2,
            raised_at=SAMPLE_AT,
            traveler_name="Anna Berg",
            traveler_phone="+49 151 23456789",
            emergency_contact="Jonas Berg, +49 151 98765432",
            province="Siem Reap",
            message="Fell from the stairs of the temple, cannot walk.",
            link="https://www.google.com/maps/search/?api=1&query=13.412500,103.867000",
            alert_url="https://travel.example/admin/emergency/1",
        )
