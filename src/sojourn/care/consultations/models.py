"""Consultations: a customer and a consultant at one time, in one room."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from importlib.resources import files
from itertools import pairwise
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from sojourn.platform.http.files import Exportable
from sojourn.platform.kit.texts import Paragraph, Reason, on_lines
from sojourn.platform.kit.wire import Day, Instant, PageIn, Wire

MAX_SLOT_DAYS = 62
# Read from the package, which is the same on every machine; looking through the system's own takes a second.
_KNOWN_ZONES = frozenset((files("tzdata") / "zones").read_text(encoding="utf-8").split()) - {"Factory"}
_CLOCK = re.compile(r"([01]\d|2[0-3]):(00|15|30|45)|24:00")


class Status(StrEnum):
    """`PENDING` waits for the agency's yes; both it and `SCHEDULED` block their slot."""

    PENDING = "PENDING"
    SCHEDULED = "SCHEDULED"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"
    NO_SHOW = "NO_SHOW"


OPEN = frozenset({Status.PENDING, Status.SCHEDULED})


class Weekday(StrEnum):
    MONDAY = "MONDAY"
    TUESDAY = "TUESDAY"
    WEDNESDAY = "WEDNESDAY"
    THURSDAY = "THURSDAY"
    FRIDAY = "FRIDAY"
    SATURDAY = "SATURDAY"
    SUNDAY = "SUNDAY"


def _known_zone(name: str) -> str:
    if name not in _KNOWN_ZONES:
        raise ValueError("must be an IANA time zone, such as Asia/Phnom_Penh")
    return name


def _on_the_clock(text: str) -> str:
    if not _CLOCK.fullmatch(text):
        raise ValueError("must be a quarter of an hour, such as 09:00 or 17:30; the end of the day is 24:00")
    return text


ZoneName = Annotated[str, StringConstraints(max_length=64), AfterValidator(_known_zone)]
WallClock = Annotated[str, AfterValidator(_on_the_clock)]
Notes = Annotated[str, StringConstraints(strip_whitespace=True, max_length=10_000), AfterValidator(on_lines)]
Whose = Literal["me"] | UUID


def _minute(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


class DayHours(Wire):
    """From `starts` to `ends` on the wall clock of the consultant, half-open."""

    starts: WallClock
    ends: WallClock

    @property
    def start_minute(self) -> int:
        return _minute(self.starts)

    @property
    def end_minute(self) -> int:
        return _minute(self.ends)

    @model_validator(mode="after")
    def _forward(self) -> "DayHours":
        if self.start_minute >= self.end_minute:
            raise ValueError("ends must be later than starts")
        return self


def _apart(hours: list[DayHours]) -> list[DayHours]:
    ordered = sorted(hours, key=lambda entry: entry.start_minute)
    for before, after in pairwise(ordered):
        if before.end_minute > after.start_minute:
            raise ValueError("hours of one day must not overlap")
    return ordered


HoursOfDay = Annotated[list[DayHours], Field(max_length=8), AfterValidator(_apart)]


class HoursIn(Wire):
    """A consultant's week, in place of the one that stood. A day that is left out is free of consultations."""

    time_zone: ZoneName
    weekly: dict[Weekday, HoursOfDay]


class OverrideIn(Wire):
    """A date that differs from the week; no hours: closed."""

    hours: HoursOfDay
    reason: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] | None = None


class Override(OverrideIn):
    day: date


class ConsultantHours(Wire):
    """A consultant's week and what differs from it, from yesterday on. Without hours nothing is offered."""

    consultant_id: UUID
    consultant_name: str
    time_zone: str
    weekly: dict[Weekday, list[DayHours]]
    overrides: list[Override]


class SlotsIn(Wire):
    """`from` and `to` are days in `zone` (default: the storefront's), both included, at most 62 of them.

    Either `order_id` (its consultant, or all of them while it has none) or `consultant_id`.
    """

    from_day: Day = Field(alias="from")
    to_day: Day = Field(alias="to")
    consultant_id: UUID | None = None
    order_id: UUID | None = None
    zone: ZoneName | None = None


class Slot(Wire):
    """A free time. `local_starts_at` is the same instant on the clock of the zone that was asked for."""

    starts_at: datetime
    ends_at: datetime
    local_starts_at: str
    consultant_id: UUID
    consultant_name: str


class Slots(Wire):
    zone: str
    duration: int
    items: list[Slot]


class ConsultationIn(Wire):
    """`consultant_id` is needed only while the order has no consultant. `zone` is the one mails tell the time in."""

    order_id: UUID
    starts_at: Instant
    consultant_id: UUID | None = None
    note: Paragraph | None = None
    zone: ZoneName | None = None


class MoveIn(Wire):
    starts_at: Instant


class ConsultationCancelIn(Wire):
    reason: Reason | None = None


class NotesIn(Wire):
    """The consultant's own notes: staff read them, the customer does not. Empty: none."""

    notes: Notes


class ConsultationSort(StrEnum):
    LATEST = "latest"
    EARLIEST = "earliest"


class ConsultationFilters(Exportable, PageIn):
    """`from` and `to` bound the start, half-open. Customers and consultants see their own whatever they ask for."""

    status: Status | None = None
    order_id: UUID | None = None
    consultant_id: UUID | None = None
    user_id: UUID | None = None
    from_moment: Instant | None = Field(None, alias="from")
    to_moment: Instant | None = Field(None, alias="to")
    sort: ConsultationSort = ConsultationSort.LATEST


class Consultation(Wire):
    """One consultation. `duration` in minutes. `notes` are the consultant's and null for the customer.

    `meeting_link` is null until it is confirmed and the room is open, and after it was cancelled.
    """

    id: UUID
    order_id: UUID
    order_number: str
    service_title: str
    consultant_id: UUID
    consultant_name: str
    user_id: UUID
    customer_name: str
    scheduled_at: datetime
    ends_at: datetime
    duration: int
    time_zone: str
    status: Status
    meeting_link: str | None
    note: str | None
    notes: str | None
    moves_left: int
    is_session_used: bool
    cancellation_reason: str | None
    created_at: datetime
    updated_at: datetime


class CalendarFeed(Wire):
    """`url` opens the calendar without a sign-in: keep it to yourself. A new one revokes the old."""

    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A consultation as the use cases need it. `duration` in minutes; `sequence` counts what calendars were told."""

    id: UUID
    order_id: UUID
    consultant_id: UUID
    user_id: UUID
    resource_id: UUID
    scheduled_at: datetime
    duration: int
    status: Status
    moves: int
    sequence: int
    is_session_used: bool
    meeting_link: str | None
    meeting_provider: str | None
    meeting_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BookableOrder:
    """What an order says of consultations, locked."""

    id: UUID
    user_id: UUID
    status: str
    consultant_id: UUID | None
    included: int
    used: int
