"""What calendars read, down to the bytes (RFC 5545, 5546)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from icalendar import Calendar

from sojourn.care.consultations.calendar import Entry, feed, invitation
from sojourn.care.consultations.models import Status
from sojourn.platform.i18n import Language
from sojourn.storefronts.holyone import STOREFRONT

ID = UUID("0199a000-0000-7000-8000-000000000001")
NOW = datetime(2027, 3, 20, 8, 15, 30, 999, tzinfo=UTC)
START = datetime(2027, 3, 28, 7, 0, tzinfo=UTC)  # 09:00 in Paris, the day its clock goes forward
ENTRY = Entry(
    id=ID,
    sequence=0,
    starts_at=START,
    ends_at=START + timedelta(minutes=30),
    status=Status.SCHEDULED,
    title="Visa, hotel; and \\ more\nBEGIN:VALARM",
    order_number="HT-2026-000001",
    with_whom="Chan Sophea",
    link="https://meet.jit.si/sojourn-0123456789abcdef0123456789abcdef01234567",
)


def written(entry: Entry = ENTRY, language: Language = Language.EN, method: str = "REQUEST") -> str:
    return invitation(
        entry, method="CANCEL" if method == "CANCEL" else "REQUEST", attendee="dara@example.com",
        storefront=STOREFRONT, language=language, now=NOW,
    )  # fmt: skip


def unfolded(text: str) -> list[str]:
    return text.replace("\r\n ", "").split("\r\n")


def test_lines_end_in_crlf_and_are_folded_at_75_octets() -> None:
    for language in Language:
        text = written(replace(ENTRY, title="ការិយាល័យទិដ្ឋាការ " * 8), language)
        assert text.endswith("END:VCALENDAR\r\n")
        assert text.replace("\r\n", "").isprintable()
        assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))


def test_what_an_invitation_says() -> None:
    lines = unfolded(written())
    for line in (
        "VERSION:2.0",
        "METHOD:REQUEST",
        "UID:consultation-0199a000-0000-7000-8000-000000000001@holyonetravels.com",
        "SEQUENCE:0",
        "DTSTAMP:20270320T081530Z",
        "DTSTART:20270328T070000Z",
        "DTEND:20270328T073000Z",
        "STATUS:CONFIRMED",
        'ORGANIZER;CN="Holyone Travels":mailto:orders@holyonetravels.com',
        f"LOCATION:{ENTRY.link}",
        f"URL:{ENTRY.link}",
    ):
        assert line in lines
    [attendee] = [line for line in lines if line.startswith("ATTENDEE")]
    assert attendee.endswith(":mailto:dara@example.com")
    assert lines.count("BEGIN:VEVENT") == 1


def test_text_is_escaped_and_opens_nothing() -> None:
    lines = unfolded(written())
    assert "SUMMARY:Consultation: Visa\\, hotel\\; and \\\\ more\\nBEGIN:VALARM (HT-2026-000001)" in lines
    assert "BEGIN:VALARM" not in lines
    [event] = Calendar.from_ical(written()).walk("VEVENT")
    assert event["SUMMARY"] == f"Consultation: {ENTRY.title} (HT-2026-000001)"


def test_a_change_keeps_the_uid_and_counts_on() -> None:
    later = START + timedelta(days=1)
    moved = replace(ENTRY, sequence=1, starts_at=later, ends_at=later + timedelta(minutes=30))
    gone = replace(moved, sequence=2, status=Status.CANCELLED, link=None)
    texts = [written(), written(moved), written(gone, method="CANCEL")]
    events = [Calendar.from_ical(text).walk("VEVENT")[0] for text in texts]
    assert len({event["UID"] for event in events}) == 1
    assert [event["SEQUENCE"] for event in events] == [0, 1, 2]
    assert [Calendar.from_ical(text)["METHOD"] for text in texts] == ["REQUEST", "REQUEST", "CANCEL"]
    assert (events[2]["STATUS"], "LOCATION" in events[2]) == ("CANCELLED", False)
    assert events[1].decoded("DTSTART") == later


def test_a_feed_of_many() -> None:
    others = [replace(ENTRY, id=UUID(int=n), status=Status.PENDING) for n in range(3)]
    text = feed([ENTRY, *others], storefront=STOREFRONT, language=Language.ZH, now=NOW).decode()
    calendar = Calendar.from_ical(text)
    assert calendar["METHOD"] == "PUBLISH"
    assert [event["STATUS"] for event in calendar.walk("VEVENT")] == ["CONFIRMED", *["TENTATIVE"] * 3]
    assert "X-WR-CALNAME:咨询 - Holyone Travels" in unfolded(text)
    assert "REFRESH-INTERVAL;VALUE=DURATION:PT1H" in unfolded(text)
    empty = feed([], storefront=STOREFRONT, language=Language.EN, now=NOW)
    assert Calendar.from_ical(empty).walk("VEVENT") == []
