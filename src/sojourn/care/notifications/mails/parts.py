"""What every mail's context is made of.

A context is plain values, so that it can wait as JSON in a job row (`model_dump(mode="json")`) and be read back by
`read_context`. Money is Decimal with its currency, days are dates in the storefront's zone, links are absolute.
"""

import re
import unicodedata
from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, ClassVar, Final, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from sojourn.care.notifications.mails.kinds import MailKind


def one_line(text: str) -> str:
    """No line breaks (a subject is a header), no control or bidirectional override characters; break marks stay."""
    visible = "".join(" " if unicodedata.category(char) == "Cc" else char for char in text)
    return " ".join(_BIDI_OVERRIDES.sub("", visible).split())


_BIDI_OVERRIDES = re.compile("[\u202a-\u202e\u2066-\u2069]")
Text = Annotated[str, AfterValidator(one_line)]
# Nothing but http and https may become a link: a `javascript:` address must not reach a mail.
Link = Annotated[str, StringConstraints(pattern=r"^https?://[^\s<>\"]+$", max_length=2_000)]
Zone = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_+/-]{1,64}$")]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Percent = Annotated[int, Field(ge=0, le=100)]
Points = Annotated[int, Field(ge=0)]
People = Annotated[int, Field(ge=1)]
PurchaseStatus = Literal["PENDING", "CONFIRMED", "IN_PROGRESS", "COMPLETED", "CANCELLED"]
# The decline codes of the card networks a customer can act on; a provider's other codes are sent as OTHER.
PaymentFailure = Literal[
    "CARD_DECLINED",
    "INSUFFICIENT_FUNDS",
    "EXPIRED_CARD",
    "INCORRECT_CVC",
    "AUTHENTICATION_REQUIRED",
    "PROCESSING_ERROR",
    "OTHER",
]


@dataclass(frozen=True, kw_only=True)
class Brand:
    """The storefront as a mail shows it. `primary_color` is `#rrggbb`."""

    key: str
    name: str
    primary_color: str
    frontend_url: str
    support_email: str
    address_line: str
    time_zone: ZoneInfo


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """What every mail may carry: whom to greet, and the one-click way out of mails that nobody has to get."""

    recipient_name: str | None = None
    unsubscribe_url: str | None = None


@dataclass(frozen=True, kw_only=True)
class Pushed:
    """That a kind goes to its reader's devices as well.

    `preference` is the switch it obeys, None when it always comes. A tap opens the link in the field `link`, or the
    storefront itself. The title is the mail's heading, the text its `push` words, or its `intro`.
    """

    preference: str | None
    link: str | None = None


class _Plain(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class MailContext(_Plain, ABC):
    """One kind of mail.

    `mail_preference` is the switch of `users.preferences` the mail obeys; None when it is about a purchase or the
    account's security, and always comes. `push` says whether and how the same news goes to devices; `is_mailed` is
    false for what goes to devices alone.
    """

    kind: ClassVar[MailKind]
    mail_preference: ClassVar[str | None] = None
    is_mailed: ClassVar[bool] = True
    push: ClassVar[Pushed | None] = None

    @property
    def is_optional(self) -> bool:
        return self.mail_preference is not None

    @classmethod
    @abstractmethod
    def sample(cls) -> Self:
        """One as the engine would send it: what admins see before there is a real one, and what the tests render."""


class MailLine(_Plain):
    """One line of a price: `amount` is for all of `quantity`, negative for a discount."""

    description: Text
    quantity: int | None = None
    amount: Decimal


class BookingTerms(_Plain):
    """What a modification can change. Two of these are compared; only what differs is shown."""

    travel_date: date
    end_date: date | None = None
    people_count: People
    pickup_location: Text | None = None
    extras: tuple[Text, ...] = ()


SAMPLE_AT: Final = datetime(2026, 11, 5, 2, 30, tzinfo=UTC)
