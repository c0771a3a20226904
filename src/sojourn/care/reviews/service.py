"""Reviews: written by those who have travelled, looked at by the desk, counted as they stand (docs/reviews.md)."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from sojourn.care.reviews import queries
from sojourn.care.reviews.errors import (
    AlreadyReviewed,
    BookingNotCompleted,
    OwnReview,
    ReviewNotFound,
    ReviewSettled,
)
from sojourn.care.reviews.models import (
    Booked,
    ModerationIn,
    Review,
    ReviewIn,
    ReviewPatch,
    ReviewStatus,
    Subject,
)
from sojourn.people.auth.access import Actor
from sojourn.platform.audit.trail import Act, record
from sojourn.platform.db.database import Connection
from sojourn.platform.db.listen import CATALOGUE_CHANGED, notify
from sojourn.platform.errors import InvalidInput
from sojourn.platform.http.context import Origin
from sojourn.platform.i18n import Language
from sojourn.platform.jobs.queue import enqueue
from sojourn.platform.storefront import ReviewRules
from sojourn.sales.bookings.errors import BookingNotFound
from sojourn.sales.bookings.models import BookingStatus
from sojourn.sales.effects import staff_alert

REPORTED = "Readers object to a review"


async def write(
    tx: Connection, *, user_id: UUID, body: ReviewIn, language: Language, rules: ReviewRules, now: datetime,
    origin: Origin,
) -> UUID:  # fmt: skip
    """A new review; counted at once unless the desk looks first.

    Raises `BookingNotFound` (also for somebody else's), `BookingNotCompleted`, `InvalidInput` for a part that was not
    booked, `AlreadyReviewed`.
    """
    booked = await queries.find_booked(tx, body.booking_id)
    if booked is None or booked.user_id != user_id:
        raise BookingNotFound
    if booked.status != BookingStatus.COMPLETED:
        raise BookingNotCompleted(details={"status": booked.status})
    subject = _subject(booked, body.subject)
    status = ReviewStatus.PENDING if rules.needs_approval else ReviewStatus.PUBLISHED
    review_id = await queries.insert_review(
        tx, booked=booked, subject=subject, rating=body.rating, title=body.title, text=body.text,
        language=body.language or language, status=status, now=now,
    )  # fmt: skip
    if review_id is None:
        there = await queries.find_for_booking(tx, booking_id=booked.id, subject=subject)
        raise AlreadyReviewed(details={"review_id": str(there)})
    if status is ReviewStatus.PUBLISHED:
        await _rerate(tx, subject, booked.subjects[subject])
    await _record(tx, "written", review_id, actor_id=user_id, now=now, origin=origin)
    return review_id


async def change(
    tx: Connection, *, review_id: UUID, user_id: UUID, patch: ReviewPatch, rules: ReviewRules, now: datetime,
    origin: Origin,
) -> None:  # fmt: skip
    """Write what was sent. What the desk looks at first, it looks at again; what is hidden stays hidden.

    Raises `ReviewNotFound` and `ReviewSettled`.
    """
    before = await _lock_own(tx, review_id, user_id=user_id, rules=rules, now=now)
    status = before.status
    if rules.needs_approval and status is ReviewStatus.PUBLISHED:
        status = ReviewStatus.PENDING
    after = replace(before, **patch.model_dump(exclude_unset=True), status=status)
    await queries.update_review(tx, after, now=now)
    if before.status is ReviewStatus.PUBLISHED:
        await _rerate(tx, before.subject, before.subject_id)
    await _record(tx, "changed", review_id, actor_id=user_id, now=now, origin=origin)


async def delete(
    tx: Connection, *, review_id: UUID, user_id: UUID, rules: ReviewRules, now: datetime, origin: Origin
) -> None:
    """Take it back. Raises `ReviewNotFound` and `ReviewSettled`."""
    review = await _lock_own(tx, review_id, user_id=user_id, rules=rules, now=now)
    await queries.delete_review(tx, review_id)
    if review.status is ReviewStatus.PUBLISHED:
        await _rerate(tx, review.subject, review.subject_id)
    await _record(tx, "deleted", review_id, actor_id=user_id, now=now, origin=origin)


async def report(tx: Connection, *, review_id: UUID, user_id: UUID, reason: str, now: datetime) -> None:
    """A reader objects; the desk is told of the first. Again by the same reader changes nothing.

    Raises `ReviewNotFound`, also for one that is not published, and `OwnReview`.
    """
    review = await queries.lock_review(tx, review_id)
    if review.user_id == user_id:
        raise OwnReview
    if review.status is not ReviewStatus.PUBLISHED:
        raise ReviewNotFound
    if await queries.report(tx, review_id, by=user_id, reason=reason, now=now) == 1:
        await enqueue(tx, staff_alert(REPORTED, subject_id=review_id, details={"review": review_id, "reason": reason}))


async def moderate(
    tx: Connection, *, review_id: UUID, admin: Actor, body: ModerationIn, now: datetime, origin: Origin
) -> None:
    """The desk publishes or hides it. Raises `ReviewNotFound`."""
    review = await queries.lock_review(tx, review_id)
    await queries.moderate(tx, review_id, status=body.status, reason=body.reason, by=admin.user_id, now=now)
    if ReviewStatus.PUBLISHED in (review.status, body.status):
        await _rerate(tx, review.subject, review.subject_id)
    verb = "published" if body.status is ReviewStatus.PUBLISHED else "hidden"
    await _record(tx, verb, review_id, actor_id=admin.user_id, now=now, origin=origin)


async def reply(
    tx: Connection, *, review_id: UUID, admin: Actor, text: str, now: datetime, origin: Origin
) -> None:  # fmt: skip
    """The agency answers. Raises `ReviewNotFound`."""
    await queries.lock_review(tx, review_id)
    await queries.reply(tx, review_id, text=text, by=admin.user_id, now=now)
    await notify(tx, CATALOGUE_CHANGED)
    await _record(tx, "replied", review_id, actor_id=admin.user_id, now=now, origin=origin)


def _subject(booked: Booked, asked: Subject | None) -> Subject:
    if asked is not None and asked not in booked.subjects:
        raise InvalidInput.at("subject", "was not part of this booking")
    return asked or next(iter(booked.subjects))


async def _lock_own(
    tx: Connection, review_id: UUID, *, user_id: UUID, rules: ReviewRules, now: datetime
) -> Review:  # fmt: skip
    review = await queries.lock_review(tx, review_id)
    if review.user_id != user_id:
        raise ReviewNotFound
    if now >= review.created_at + timedelta(days=rules.change_days):
        raise ReviewSettled(details={"days": rules.change_days})
    return review


async def _rerate(tx: Connection, subject: Subject, subject_id: UUID) -> None:
    await queries.rerate(tx, subject=subject, subject_id=subject_id)
    await notify(tx, CATALOGUE_CHANGED)


async def _record(
    tx: Connection, verb: str, review_id: UUID, *, actor_id: UUID, now: datetime, origin: Origin
) -> None:  # fmt: skip
    act = Act(action=f"review.{verb}", subject_kind="REVIEW", subject_id=review_id, actor_id=actor_id)
    await record(tx, act, now=now, origin=origin)
