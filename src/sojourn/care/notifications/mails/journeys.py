"""Messages about travelling in the land, bought or not."""

from datetime import date
from typing import Self

from sojourn.care.notifications.mails.kinds import MailKind
from sojourn.care.notifications.mails.parts import Link, MailContext, Pushed, Text


class FestivalAlert(MailContext):
    """A festival begins in one to three days; its texts come in the recipient's language, from the catalogue.

    `is_confirmed` is false for days that were computed and not announced yet.
    """

    kind = MailKind.FESTIVAL_ALERT
    mail_preference = "is_festival_mail_wanted"
    push = Pushed(preference="is_festival_push_wanted", link="festival_url")
    festival_name: Text
    starts_on: date
    ends_on: date | None = None
    province: Text | None = None
    what_to_know: Text | None = None
    is_confirmed: bool
    festival_url: Link

    @classmethod
    def sample(cls) -> Self:
        return cls(
            festival_name="Water Festival (Bon Om Touk)",
            starts_on=date(2026, 11, 23),
            ends_on=date(2026, 11, 25),
            province="Phnom Penh",
            what_to_know="Boat races on the Tonle Sap by day, fireworks by night; the riverside is closed to cars.",
            is_confirmed=False,
            festival_url="https://travel.example/festivals/water-festival",
        )
