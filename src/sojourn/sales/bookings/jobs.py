"""Bookings' timers (docs/jobs.md). None is needed for a right answer: they tidy, and complete what was travelled."""

from datetime import datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sojourn.platform.audit.trail import Act, ActorKind, record
from sojourn.platform.db.database import mirror_after_commit
from sojourn.platform.jobs.queue import NewJob, enqueue
from sojourn.platform.kit.clock import local_date
from sojourn.platform.redis.keys import booking_hold
from sojourn.platform.redis.port import Drop
from sojourn.platform.storefront import Module
from sojourn.providers.work import Timer, Work
from sojourn.sales import events
from sojourn.sales.bookings import changes_queries, queries
from sojourn.sales.bookings.models import BookingStatus
from sojourn.sales.effects import CANCEL_INTENT, REVIEW_INVITATION, effect
from sojourn.sales.loyalty import service as loyalty
from sojourn.sales.payments import queries as payments
from sojourn.sales.referrals import service as referrals

BATCH = 200
ASK_AT = time(10)
HOLD_EXPIRED = "HOLD_EXPIRED"


async def tidy_lapsed_holds(work: Work) -> None:
    """Lapsed holds become EXPIRED and their intents are cancelled, one transaction each."""
    now = work.runtime.clock.now()
    async with work.runtime.db.read() as connection:
        lapsed = await queries.list_lapsed(connection, now=now, limit=BATCH)
    for booking_id in lapsed:
        async with work.runtime.db.unit_of_work() as tx:
            booking = await queries.lock_booking(tx, booking_id=booking_id)
            if booking is None or not await queries.expire(tx, booking_id=booking_id, now=now):
                continue
            closed = await payments.close_open_payments(tx, purchase_ids=[booking_id], code="hold_expired", now=now)
            if booking.loyalty_points_used:
                await loyalty.release(tx, purchase_id=booking_id)
            act = Act(
                action="booking.expired", subject_kind="BOOKING", subject_id=booking_id, actor_kind=ActorKind.SYSTEM,
                amount=booking.total_usd, currency=booking.currency, reference=booking.booking_ref,
            )  # fmt: skip
            await record(tx, act, now=now)
            expired = events.booking_event(
                events.BOOKING_EXPIRED, user_id=booking.user_id, booking_id=booking_id, reference=booking.booking_ref,
                status=BookingStatus.CANCELLED, reason=HOLD_EXPIRED, at=now,
            )  # fmt: skip
            await enqueue(tx, expired, *(effect(CANCEL_INTENT, payment_id=payment_id) for payment_id in closed))
            mirror_after_commit(Drop(booking_hold(booking_id)))


async def complete_ended(work: Work) -> None:
    """Confirmed bookings whose last day is over are COMPLETED; their points can be spent."""
    now, storefront = work.runtime.clock.now(), work.runtime.storefront
    today = local_date(now, storefront.time_zone)
    async with work.runtime.db.read() as connection:
        ended = await queries.list_ended(connection, before=today, limit=BATCH)
    for booking_id in ended:
        async with work.runtime.db.unit_of_work() as tx:
            await queries.lock_booking(tx, booking_id=booking_id)
            if await queries.complete(tx, booking_id=booking_id, now=now):
                await referrals.note_completed(tx, purchase_id=booking_id, storefront=storefront, now=now)
                for purchase_id in (booking_id, *await changes_queries.list_ids(tx, booking_id=booking_id)):
                    await loyalty.mature(tx, purchase_id=purchase_id, now=now, rules=storefront.rules)
                if Module.REVIEWS in storefront.modules:
                    await enqueue(tx, _invitation(booking_id, now=now, zone=storefront.time_zone))


def _invitation(booking_id: UUID, *, now: datetime, zone: str) -> NewJob:
    """Asking for a review, at the next ten in the morning where the agency is: the day after the journey."""
    asked_at = datetime.combine(local_date(now, zone), ASK_AT, ZoneInfo(zone))
    if asked_at < now:
        asked_at += timedelta(days=1)
    return NewJob(kind=REVIEW_INVITATION, payload={"booking_id": booking_id}, after=asked_at - now)


TIMERS = (
    Timer(
        name="bookings.tidy_lapsed_holds", cron="*/5 * * * *", handler=tidy_lapsed_holds,
        title="Marks lapsed holds EXPIRED and cancels their intents; their stock was free already",
    ),
    Timer(
        name="bookings.complete_ended", cron="*/30 * * * *", handler=complete_ended,
        title="Completes bookings whose last day is over and lets their points mature",
    ),
)  # fmt: skip
