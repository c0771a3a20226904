"""What calendars are told: invitations by mail (RFC 5546, 6047) and a feed to subscribe to.

Every time is written in UTC, so no calendar has to know our zones; each shows it on its reader's own clock. A
consultation keeps its UID for life, and its SEQUENCE goes up with every change.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit
from uuid import UUID

from sojourn.care.consultations.models import Status
from sojourn.care.notifications.models import CalendarMethod
from sojourn.platform.i18n import Language
from sojourn.platform.kit.lazily import lazily
from sojourn.platform.storefront import Storefront

if TYPE_CHECKING:
    import icalendar
else:
    icalendar = lazily("icalendar")

SUMMARIES: Final = {
    Language.EN: "Consultation: {title} ({order_number})",
    Language.KM: "ការពិគ្រោះយោបល់៖ {title} ({order_number})",
    Language.ZH: "咨询：{title}（{order_number}）",
}
CALENDAR_NAMES: Final = {
    Language.EN: "Consultations - {brand}",
    Language.KM: "ការពិគ្រោះយោបល់ - {brand}",
    Language.ZH: "咨询 - {brand}",
}
_STATUSES = {Status.PENDING: "TENTATIVE", Status.CANCELLED: "CANCELLED"}
REFRESH = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One consultation as a calendar shows it. `with_whom` is the other side; times UTC."""

    id: UUID
    sequence: int
    starts_at: datetime
    ends_at: datetime
    status: Status
    title: str
    order_number: str
    with_whom: str
    link: str | None


def uid_of(consultation_id: UUID, storefront: Storefront) -> str:
    """The same for life, and nobody else's."""
    return f"consultation-{consultation_id}@{urlsplit(storefront.frontend_url).hostname}"


def invitation(
    entry: Entry, *, method: CalendarMethod, attendee: str, storefront: Storefront, language: Language, now: datetime
) -> str:
    """What goes with a mail to `attendee`: REQUEST for a new or another time, CANCEL to take it away."""
    event = _event(entry, storefront=storefront, language=language, now=now)
    name, address = parseaddr(storefront.mail_from)
    organizer = icalendar.vCalAddress(f"mailto:{address}")
    organizer.params["CN"] = icalendar.vText(name or storefront.name)
    event.add("organizer", organizer)
    guest = icalendar.vCalAddress(f"mailto:{attendee}")
    guest.params["ROLE"] = icalendar.vText("REQ-PARTICIPANT")
    guest.params["PARTSTAT"] = icalendar.vText("ACCEPTED")  # they or the agency chose the time already
    guest.params["RSVP"] = icalendar.vText("FALSE")
    event.add("attendee", guest)
    calendar = _calendar(storefront, method=method)
    calendar.add_component(event)
    written: bytes = calendar.to_ical()
    return written.decode()


def feed(entries: Iterable[Entry], *, storefront: Storefront, language: Language, now: datetime) -> bytes:
    """Everything in somebody's calendar, for subscribing to."""
    calendar = _calendar(storefront, method="PUBLISH")
    calendar.add("x-wr-calname", CALENDAR_NAMES[language].format(brand=storefront.name))
    calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    for entry in entries:
        calendar.add_component(_event(entry, storefront=storefront, language=language, now=now))
    written: bytes = calendar.to_ical()
    return written


def _calendar(storefront: Storefront, *, method: str) -> "icalendar.Calendar":
    calendar = icalendar.Calendar()
    calendar.add("prodid", f"-//{storefront.legal_name}//Sojourn//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", method)
    return calendar


def _event(entry: Entry, *, storefront: Storefront, language: Language, now: datetime) -> "icalendar.Event":
    event = icalendar.Event()
    event.add("uid", uid_of(entry.id, storefront))
    event.add("sequence", entry.sequence)
    event.add("dtstamp", now.astimezone(UTC))
    event.add("dtstart", entry.starts_at.astimezone(UTC))
    event.add("dtend", entry.ends_at.astimezone(UTC))
    event.add("summary", SUMMARIES[language].format(title=entry.title, order_number=entry.order_number))
    event.add("status", _STATUSES.get(entry.status, "CONFIRMED"))
    lines = [entry.with_whom, f"{storefront.frontend_url}/consultations/{entry.id}"]
    if entry.link is not None:
        event.add("location", entry.link)
        event.add("url", icalendar.vUri(entry.link))
        lines.insert(1, entry.link)
    event.add("description", "\n".join(lines))
    return event
