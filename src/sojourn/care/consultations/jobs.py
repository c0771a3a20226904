"""What happens after a consultation was booked, moved or cancelled: the room, the mails, both calendars."""

from uuid import UUID

from sojourn.care.consultations import calendar, closing, queries
from sojourn.care.consultations.effects import ANNOUNCE, announce
from sojourn.care.consultations.models import Status, Stored
from sojourn.care.consultations.reminders import send_reminders
from sojourn.care.consultations.sides import recipient_of, title_of
from sojourn.care.notifications.mails import ConsultationNews
from sojourn.care.notifications.models import CalendarInvite, CalendarMethod, Letter, Recipient
from sojourn.care.notifications.service import keep
from sojourn.platform.db.database import Connection, Row
from sojourn.platform.jobs.queue import Payload, enqueue
from sojourn.providers.meetings.port import Meeting
from sojourn.providers.work import JobKind, Timer, Work

BATCH = 100


async def announce_change(work: Work, payload: Payload) -> None:
    """Arrange the room with the vendor, then tell both sides. Nothing when a later change stands: it tells for itself.

    Raises MeetingsUnavailable for the queue to try again: nobody is told of a room that is not there.
    """
    consultation_id, sequence = UUID(payload["consultation_id"]), int(payload["sequence"])
    async with work.runtime.db.read() as connection:
        stored = await queries.get_stored(connection, consultation_id)
    if stored.sequence != sequence:
        return
    await _arrange_room(work, stored)
    async with work.runtime.db.unit_of_work() as tx:
        now_stored = await queries.lock_consultation(tx, consultation_id)
        if now_stored.sequence != sequence:
            # Its own job may have looked before the room was there.
            await enqueue(tx, announce(consultation_id, sequence=now_stored.sequence, is_moved=True))
            return
        await _tell(work, tx, now_stored, is_moved=payload["is_moved"])


async def _arrange_room(work: Work, stored: Stored) -> None:
    rooms = work.vendors.meetings
    if stored.status is Status.SCHEDULED and stored.meeting_link is None:
        room = await rooms.open(_meeting(stored))
        async with work.runtime.db.unit_of_work() as tx:
            await queries.set_room(
                tx, stored.id, link=room.link, provider=rooms.name, room_id=room.id, now=work.runtime.clock.now()
            )
    elif stored.meeting_id is None or stored.meeting_provider != rooms.name:
        return
    elif stored.status is Status.CANCELLED:
        await rooms.close(stored.meeting_id)
    elif stored.sequence:
        await rooms.move(stored.meeting_id, _meeting(stored))


def _meeting(stored: Stored) -> Meeting:
    return Meeting(
        key=str(stored.id), title=f"Consultation {stored.id}", starts_at=stored.scheduled_at, minutes=stored.duration
    )


async def _tell(work: Work, tx: Connection, stored: Stored, *, is_moved: bool) -> None:
    """A request is the consultant's news alone; everything else is both sides'."""
    parties = await queries.get_parties(tx, stored.id)
    if stored.status is Status.PENDING:
        await _keep(work, tx, parties, for_customer=False, news="REQUESTED")
        return
    news = "CANCELLED" if stored.status is Status.CANCELLED else "MOVED" if is_moved else "SCHEDULED"
    for for_customer in (True, False):
        await _keep(work, tx, parties, for_customer=for_customer, news=news)


async def _keep(work: Work, tx: Connection, parties: Row, *, for_customer: bool, news: str) -> None:
    to = recipient_of(parties, for_customer=for_customer)
    if to is None:
        return
    letter = Letter(
        context=_news(work, parties, for_customer=for_customer, news=news),
        to=to,
        subject_id=parties["id"],
        occasion=f"{parties['sequence']} {news}",
        calendar=None if news == "REQUESTED" else _invite(work, parties, to, for_customer=for_customer, news=news),
    )
    await keep(tx, letter, now=work.runtime.clock.now())


def _news(work: Work, parties: Row, *, for_customer: bool, news: str) -> ConsultationNews:
    is_over = news == "CANCELLED"
    session = "USED" if parties["is_session_used"] else "GIVEN_BACK"
    values = {
        "news": news,
        "starts_at": parties["scheduled_at"],
        "minutes": parties["duration"],
        "time_zone": parties["customer_zone" if for_customer else "consultant_zone"],
        "consultant_name" if for_customer else "customer_name": parties[_other(for_customer=for_customer)],
        "order_number": parties["order_number"],
        "service_title": title_of(parties, for_customer=for_customer),
        "note": parties["note"],
        "reason": parties["cancellation_reason"],
        "session": session if is_over and for_customer else None,
        "meeting_link": None if is_over else parties["meeting_link"],
        "consultation_url": f"{work.runtime.storefront.frontend_url}/consultations/{parties['id']}",
    }
    return ConsultationNews.model_validate(values)


def _other(*, for_customer: bool) -> str:
    return "consultant_name" if for_customer else "customer_name"


def _invite(work: Work, parties: Row, to: Recipient, *, for_customer: bool, news: str) -> CalendarInvite:
    method: CalendarMethod = "CANCEL" if news == "CANCELLED" else "REQUEST"
    text = calendar.invitation(
        entry_of(parties, other=_other(for_customer=for_customer)), method=method, attendee=to.email,
        storefront=work.runtime.storefront, language=to.language, now=work.runtime.clock.now(),
    )  # fmt: skip
    return CalendarInvite(method=method, text=text)


def entry_of(row: Row, *, other: str) -> calendar.Entry:
    """A consultation as calendars show it; `other` is the column that names the other side."""
    status = Status(row["status"])
    return calendar.Entry(
        id=row["id"],
        sequence=row["sequence"],
        starts_at=row["scheduled_at"],
        ends_at=row["ends_at"],
        status=status,
        title=title_of(row, for_customer=other == _other(for_customer=True)),
        order_number=row["order_number"],
        with_whom=row[other],
        link=None if status is Status.CANCELLED else row["meeting_link"],
    )


async def cancel_orphans(work: Work) -> None:
    """Consultations of cancelled orders go with them: their slots are free again, and both sides hear of it."""
    now = work.runtime.clock.now()
    async with work.runtime.db.read() as connection:
        orphans = await queries.list_orphans(connection, now=now, limit=BATCH)
    for consultation_id in orphans:
        async with work.runtime.db.unit_of_work() as tx:
            await closing.cancel_orphan(tx, consultation_id=consultation_id, now=now)


JOBS = (JobKind(name=ANNOUNCE, handler=announce_change),)
TIMERS = (
    Timer(
        name="consultations.cancel_orphans",
        cron="*/5 * * * *",
        title="every 5 minutes: consultations whose order was cancelled are cancelled",
        handler=cancel_orphans,
    ),
    Timer(
        name="consultations.send_reminders",
        cron="*/5 * * * *",
        title="every 5 minutes: both sides of a consultation that begins within the hour are reminded, once",
        handler=send_reminders,
    ),
)
