"""Mails about bookings of trips."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from sojourn.care.notifications import sources
from sojourn.care.notifications.mails import (
    BookingCancelled,
    BookingModified,
    BookingReminder,
    BookingTerms,
    MailContext,
    ReviewInvitation,
)
from sojourn.care.notifications.models import Letter
from sojourn.care.notifications.service import BATCH, keep
from sojourn.platform.db.database import Connection, Row
from sojourn.platform.jobs.queue import Payload
from sojourn.platform.storefront import Storefront
from sojourn.providers.work import Work
from sojourn.sales.bookings.models import BookingStatus

UNPAID = "UNPAID"
REMIND_FROM = 9  # o'clock, on the storefront's clock, the day before (rules, section 10)
# Who was not reminded the day before still is on the day itself, until then: later the journey has begun.
REMIND_UNTIL = 12


async def booking_cancelled(work: Work, payload: Payload) -> None:
    """The end of a booking, with what comes back. A customer who drops an unpaid hold is told nothing new."""
    async with work.runtime.db.unit_of_work() as tx:
        booking = await sources.get_booking(tx, UUID(payload["booking_id"]))
        act = await sources.get_act(tx, booking["id"], "booking.cancelled")
        tier, by_agency = act["detail"]["tier"], bool(act["detail"]["by_agency"])
        if tier == UNPAID and not by_agency:
            return
        returned, taken_back = await sources.get_points_moved(tx, booking["id"])
        context = BookingCancelled(
            booking_ref=booking["booking_ref"],
            title=booking["title"],
            cancelled_by="AGENCY" if by_agency else "CUSTOMER",
            refund_percent=act["detail"].get("percent", percent_of_tier(tier, booking["cancellation_policy"])),
            fees_kept=booking["non_refundable_usd"] + fixed_fee_of_tier(tier, booking["cancellation_policy"]),
            refund_amount=act["amount"],
            currency=booking["currency"],
            points_returned=returned,
            points_taken_back=taken_back,
        )
        await keep(tx, booking_letter(booking, context), now=work.runtime.clock.now())


def percent_of_tier(tier: str, policy: Mapping[str, Any]) -> int:
    """The percentage behind a tier's name: one of the booking's own policy, or one of the law's."""
    for step in policy["tiers"]:
        if tier == f">= {step['min_hours_before']} h":
            return int(step["refund_percent"])
    return 100 if tier in ("AGENCY", "GRACE") else 0


def fixed_fee_of_tier(tier: str, policy: Mapping[str, Any]) -> Decimal:
    """What a tier of the booking's own policy keeps besides its percentage; the law's tiers keep nothing."""
    steps = (step for step in policy["tiers"] if tier == f">= {step['min_hours_before']} h")
    return next((Decimal(step.get("fixed_fee", 0)) for step in steps), Decimal(0))


async def booking_modified(work: Work, payload: Payload) -> None:
    """What changed and what it cost or brought; one mail a version."""
    before, after = payload["before"], payload["after"]
    async with work.runtime.db.unit_of_work() as tx:
        booking = await sources.get_booking(tx, UUID(payload["booking_id"]))
        context = BookingModified(
            booking_ref=booking["booking_ref"],
            trip_title=booking["title"],
            before=_terms(before),
            after=_terms(after),
            price_difference=await _charged_or_refunded(tx, booking["id"], before, after),
            currency=booking["currency"],
            booking_url=booking_url(work.runtime.storefront, booking),
        )
        await keep(tx, booking_letter(booking, context, occasion=str(payload["version"])), now=work.runtime.clock.now())


def _terms(summary: Mapping[str, Any]) -> BookingTerms:
    return BookingTerms.model_validate({name: summary[name] for name in ("travel_date", "end_date", "people_count")})


async def _charged_or_refunded(
    tx: Connection, booking_id: UUID, before: Mapping[str, Any], after: Mapping[str, Any]
) -> Decimal:
    """A dearer trip was charged in full; of a cheaper one only what the policy gives comes back, as a negative."""
    difference = Decimal(after["total"]) - Decimal(before["total"])
    if difference >= 0:
        return difference
    return -await sources.get_modification_refund(tx, booking_id, {"before": before, "after": after})


async def send_reminders(work: Work) -> None:
    """Once for each confirmed booking that travels tomorrow, from nine in the morning on the storefront's clock.

    Runs every hour, so that nobody is forgotten after downtime, nor whoever books for tomorrow at noon. Who travels
    today and was not reminded yesterday, because nothing ran or the booking came too late, is until noon, at any hour;
    whoever's journey began before that hears nothing.
    """
    now = work.runtime.clock.now()
    local = now.astimezone(ZoneInfo(work.runtime.storefront.time_zone))
    today = local.date()
    if local.hour < REMIND_UNTIL:
        await _remind(work, travel_date=today, day="TODAY", now=now)
    if local.hour >= REMIND_FROM:
        await _remind(work, travel_date=today + timedelta(days=1), day="TOMORROW", now=now)


async def _remind(work: Work, *, travel_date: date, day: Literal["TODAY", "TOMORROW"], now: datetime) -> None:
    is_done = False
    while not is_done:
        async with work.runtime.db.unit_of_work() as tx:
            waiting = await sources.list_to_remind(tx, travel_date=travel_date, limit=BATCH)
            for booking_id in waiting:
                booking = await sources.get_booking(tx, booking_id)
                await keep(tx, booking_letter(booking, _reminder(work.runtime.storefront, booking, day)), now=now)
        is_done = len(waiting) < BATCH


def _reminder(storefront: Storefront, booking: Row, day: Literal["TODAY", "TOMORROW"]) -> BookingReminder:
    return BookingReminder(
        day=day,
        booking_ref=booking["booking_ref"],
        trip_title=booking["title"],
        travel_date=booking["travel_date"],
        people_count=booking["people_count"],
        pickup_location=booking["pickup_location"],
        meeting_point=booking["meeting_point"],
        booking_url=booking_url(storefront, booking),
    )


async def review_invitation(work: Work, payload: Payload) -> None:
    """After a journey, once a booking: how was it? Whoever has said it, or does not want to be asked, is not."""
    async with work.runtime.db.unit_of_work() as tx:
        booking = await sources.get_booking(tx, UUID(payload["booking_id"]))
        if booking["status"] != BookingStatus.COMPLETED or await sources.is_reviewed(tx, booking["id"]):
            return
        context = ReviewInvitation(
            booking_ref=booking["booking_ref"],
            trip_title=booking["title"],
            travel_date=booking["travel_date"],
            review_url=f"{booking_url(work.runtime.storefront, booking)}/review",
        )
        await keep(tx, booking_letter(booking, context), now=work.runtime.clock.now())


def booking_url(storefront: Storefront, booking: Row) -> str:
    return f"{storefront.frontend_url}/bookings/{booking['id']}"


def booking_letter(booking: Row, context: MailContext, *, occasion: str = "", invoice_id: UUID | None = None) -> Letter:
    return Letter(
        context=context,
        to=sources.customer_of(booking),
        subject_id=booking["id"],
        occasion=occasion,
        invoice_id=invoice_id,
    )
