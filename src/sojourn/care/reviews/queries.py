"""Every statement on `reviews`, and the ratings that follow from them.

A review is locked first, then its subject's row in the catalogue.
"""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sojourn.care.reviews.errors import ReviewNotFound
from sojourn.care.reviews.models import (
    Booked,
    DeskReviewFilters,
    Histogram,
    OwnReview,
    Review,
    ReviewAtDesk,
    ReviewFilters,
    ReviewOut,
    ReviewSort,
    ReviewStatus,
    Subject,
    shortened,
)
from sojourn.catalog.values import find_id
from sojourn.platform.db.database import Connection, Row
from sojourn.platform.i18n import Language
from sojourn.platform.kit.ids import new_id
from sojourn.platform.kit.wire import SortByTime

TABLES: Final = {Subject.TRIP: "trips", Subject.HOTEL: "hotels", Subject.VEHICLE: "vehicles", Subject.GUIDE: "guides"}
_ORDERS: Final = {
    ReviewSort.NEWEST: "r.created_at DESC, r.id",
    ReviewSort.HIGHEST: "r.rating DESC, r.created_at DESC, r.id",
    ReviewSort.LOWEST: "r.rating, r.created_at DESC, r.id",
}
_GET_BOOKED = """
SELECT b.id, b.user_id, b.status, b.trip_id, h.hotel_id, b.vehicle_id, b.guide_id
  FROM bookings b LEFT JOIN hotel_rooms h ON h.id = b.hotel_room_id WHERE b.id = $1
"""
_INSERT = """
INSERT INTO reviews (id, booking_id, user_id, subject_kind, subject_id, rating, title, text, language, status,
                     created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)
ON CONFLICT ON CONSTRAINT reviews_once DO NOTHING RETURNING id
"""
_FIND_FOR_BOOKING = "SELECT id FROM reviews WHERE booking_id = $1 AND subject_kind = $2"
_LOCK = """
SELECT id, booking_id, user_id, subject_kind AS subject, subject_id, rating, title, text, language, status, created_at
  FROM reviews WHERE id = $1 FOR UPDATE
"""
_UPDATE = """
UPDATE reviews SET rating = $2, title = $3, text = $4, language = $5, status = $6, updated_at = $7 WHERE id = $1
"""
_DELETE = "DELETE FROM reviews WHERE id = $1"
_MODERATE = """
UPDATE reviews SET status = $2, hidden_reason = $3, moderated_by = $4, moderated_at = $5 WHERE id = $1
"""
_REPLY = "UPDATE reviews SET reply = $2, replied_by = $3, replied_at = $4 WHERE id = $1"
_REPORT = """
WITH reported AS (
    INSERT INTO review_reports (review_id, user_id, reason, created_at) VALUES ($1, $2, $3, $4)
    ON CONFLICT DO NOTHING RETURNING review_id
)
UPDATE reviews r SET report_count = report_count + 1 FROM reported WHERE r.id = reported.review_id
RETURNING r.report_count
"""
_LOCK_SUBJECT = {kind: f"SELECT id FROM {table} WHERE id = $1 FOR NO KEY UPDATE" for kind, table in TABLES.items()}
_RERATE = {
    kind: f"""
UPDATE {table} SET review_count = counted.number, avg_rating = counted.average
  FROM (SELECT count(*)::integer AS number, round(avg(rating), 2) AS average FROM reviews
         WHERE subject_kind = '{kind.value}' AND subject_id = $1 AND status = 'PUBLISHED') AS counted
 WHERE id = $1
"""
    for kind, table in TABLES.items()
}
_FIND_SUBJECT = {
    kind: f"SELECT id FROM {table} WHERE (id = $1 OR slug = $2) AND is_active" for kind, table in TABLES.items()
}
_PUBLIC = """r.id, r.rating, r.title, r.text, r.language, u.name, u.deleted_at, b.travel_date, r.reply, r.replied_at,
       r.created_at, r.updated_at"""
_OWN = f"{_PUBLIC}, r.booking_id, r.subject_kind AS subject, r.subject_id, r.status, r.hidden_reason"
_AT_DESK = f"""{_OWN}, b.booking_ref, r.user_id, r.moderated_by, r.moderated_at, r.report_count,
       ARRAY(SELECT p.reason FROM review_reports p WHERE p.review_id = r.id ORDER BY p.created_at, p.user_id LIMIT 20)
           AS report_reasons"""
_JOINS = "JOIN users u ON u.id = r.user_id JOIN bookings b ON b.id = r.booking_id"
_OF_SUBJECT = """r.subject_kind = $1 AND r.subject_id = $2 AND r.status = 'PUBLISHED'
   AND ($3::integer IS NULL OR r.rating = $3) AND ($4::text IS NULL OR r.language = $4)"""
_LIST_PUBLISHED = {
    sort: f"SELECT {_PUBLIC} FROM reviews r {_JOINS} WHERE {_OF_SUBJECT} ORDER BY {order} LIMIT $5 OFFSET $6"
    for sort, order in _ORDERS.items()
}
_COUNT_PUBLISHED = f"SELECT count(*) FROM reviews r WHERE {_OF_SUBJECT}"
_HISTOGRAM = """
SELECT round(avg(rating), 2)::float8 AS avg_rating, count(*) AS review_count,
       count(*) FILTER (WHERE rating = 1) AS one, count(*) FILTER (WHERE rating = 2) AS two,
       count(*) FILTER (WHERE rating = 3) AS three, count(*) FILTER (WHERE rating = 4) AS four,
       count(*) FILTER (WHERE rating = 5) AS five
  FROM reviews WHERE subject_kind = $1 AND subject_id = $2 AND status = 'PUBLISHED'
"""
_GET_OWN = f"SELECT {_OWN} FROM reviews r {_JOINS} WHERE r.id = $1 AND r.user_id = $2"
_LIST_OWN = f"""
SELECT {_OWN} FROM reviews r {_JOINS} WHERE r.user_id = $1 ORDER BY r.created_at DESC, r.id LIMIT $2 OFFSET $3
"""
_COUNT_OWN = "SELECT count(*) FROM reviews WHERE user_id = $1"
_GET_AT_DESK = f"SELECT {_AT_DESK} FROM reviews r {_JOINS} WHERE r.id = $1"
_FOR_DESK = "($1::text IS NULL OR r.status = $1) AND ($2::boolean IS NULL OR (r.report_count > 0) = $2)"
_LISTS_AT_DESK = {
    sort: f"SELECT {_AT_DESK} FROM reviews r {_JOINS} WHERE {_FOR_DESK} ORDER BY {order} LIMIT $3 OFFSET $4"
    for sort, order in {
        SortByTime.NEWEST: "r.created_at DESC, r.id", SortByTime.OLDEST: "r.created_at, r.id DESC",
    }.items()
}  # fmt: skip
_COUNT_AT_DESK = f"SELECT count(*) FROM reviews r WHERE {_FOR_DESK}"


def _public(row: Row) -> dict[str, Any]:
    names = ("id", "rating", "title", "text", "travel_date", "reply", "replied_at", "created_at", "updated_at")
    author = None if row["deleted_at"] else shortened(row["name"])
    return {name: row[name] for name in names} | {"language": Language(row["language"]), "author_name": author}


def _placed(row: Row) -> dict[str, Any]:
    names = ("booking_id", "subject_id", "hidden_reason")
    typed = {"subject": Subject(row["subject"]), "status": ReviewStatus(row["status"])}
    return _public(row) | {name: row[name] for name in names} | typed


def _own(row: Row, life: timedelta) -> OwnReview:
    return OwnReview(**_placed(row), changeable_until=row["created_at"] + life)


def _at_desk(row: Row) -> ReviewAtDesk:
    names = (
        "booking_ref", "user_id", "moderated_by", "moderated_at", "report_count", "report_reasons",
    )  # fmt: skip
    return ReviewAtDesk(**_placed(row), **{name: row[name] for name in names})


async def find_booked(connection: Connection, booking_id: UUID) -> Booked | None:
    """What the booking is of."""
    row = await connection.fetchrow(_GET_BOOKED, booking_id)
    return Booked(**dict(row)) if row else None


async def insert_review(
    tx: Connection, *, booked: Booked, subject: Subject, rating: int, title: str | None, text: str | None,
    language: Language, status: ReviewStatus, now: datetime,
) -> UUID | None:  # fmt: skip
    """The new review's id; None when this part of the booking has one."""
    written: UUID | None = await tx.fetchval(
        _INSERT, new_id(), booked.id, booked.user_id, subject, booked.subjects[subject], rating, title, text, language,
        status, now,
    )  # fmt: skip
    return written


async def find_for_booking(connection: Connection, *, booking_id: UUID, subject: Subject) -> UUID | None:
    found: UUID | None = await connection.fetchval(_FIND_FOR_BOOKING, booking_id, subject)
    return found


async def lock_review(tx: Connection, review_id: UUID) -> Review:
    """Raises `ReviewNotFound`."""
    row = await tx.fetchrow(_LOCK, review_id)
    if row is None:
        raise ReviewNotFound
    typed: dict[str, Any] = {
        "subject": Subject(row["subject"]),
        "language": Language(row["language"]),
        "status": ReviewStatus(row["status"]),
    }
    return Review(**dict(row) | typed)


async def update_review(tx: Connection, review: Review, *, now: datetime) -> None:
    """Write what the author may change of `review`, and its status."""
    await tx.execute(_UPDATE, review.id, review.rating, review.title, review.text, review.language, review.status, now)


async def delete_review(tx: Connection, review_id: UUID) -> None:
    await tx.execute(_DELETE, review_id)


async def moderate(
    tx: Connection, review_id: UUID, *, status: ReviewStatus, reason: str | None, by: UUID, now: datetime
) -> None:
    await tx.execute(_MODERATE, review_id, status, reason, by, now)


async def reply(tx: Connection, review_id: UUID, *, text: str, by: UUID, now: datetime) -> None:
    await tx.execute(_REPLY, review_id, text, by, now)


async def report(tx: Connection, review_id: UUID, *, by: UUID, reason: str, now: datetime) -> int | None:
    """How many readers object now; None when this one did before."""
    count: int | None = await tx.fetchval(_REPORT, review_id, by, reason, now)
    return count


async def rerate(tx: Connection, *, subject: Subject, subject_id: UUID) -> None:
    """Count what is published anew. Under the subject's lock, and in a statement that begins behind it: whoever came
    first is seen."""
    await tx.execute(_LOCK_SUBJECT[subject], subject_id)
    await tx.execute(_RERATE[subject], subject_id)


async def find_subject(connection: Connection, *, subject: Subject, id_or_slug: str) -> UUID | None:
    """What is on offer by that id or slug."""
    found: UUID | None = await connection.fetchval(_FIND_SUBJECT[subject], find_id(id_or_slug), id_or_slug)
    return found


async def list_published(
    connection: Connection, *, subject: Subject, subject_id: UUID, filters: ReviewFilters
) -> tuple[list[ReviewOut], int]:
    """One page, and how many there are in all."""
    asked = (subject, subject_id, filters.rating, filters.language)
    rows = await connection.fetch(_LIST_PUBLISHED[filters.sort], *asked, filters.per_page, filters.offset)
    total: int = await connection.fetchval(_COUNT_PUBLISHED, *asked)
    return [ReviewOut(**_public(row)) for row in rows], total


async def get_histogram(connection: Connection, *, subject: Subject, subject_id: UUID) -> Histogram:
    row = await connection.fetchrow(_HISTOGRAM, subject, subject_id)
    assert row is not None  # noqa: S101 - an aggregate always answers
    return Histogram(**dict(row))


async def get_own(connection: Connection, review_id: UUID, *, user_id: UUID, life: timedelta) -> OwnReview:
    """Raises `ReviewNotFound`, also for somebody else's."""
    row = await connection.fetchrow(_GET_OWN, review_id, user_id)
    if row is None:
        raise ReviewNotFound
    return _own(row, life)


async def list_own(
    connection: Connection, *, user_id: UUID, life: timedelta, limit: int, offset: int
) -> tuple[list[OwnReview], int]:
    """One page, newest first, and how many there are in all."""
    rows = await connection.fetch(_LIST_OWN, user_id, limit, offset)
    total: int = await connection.fetchval(_COUNT_OWN, user_id)
    return [_own(row, life) for row in rows], total


async def get_at_desk(connection: Connection, review_id: UUID) -> ReviewAtDesk:
    """Raises `ReviewNotFound`."""
    row = await connection.fetchrow(_GET_AT_DESK, review_id)
    if row is None:
        raise ReviewNotFound
    return _at_desk(row)


async def list_at_desk(connection: Connection, *, filters: DeskReviewFilters) -> tuple[list[ReviewAtDesk], int]:
    """One page, and how many there are in all."""
    asked = (filters.status, filters.is_reported)
    rows = await connection.fetch(_LISTS_AT_DESK[filters.sort], *asked, filters.per_page, filters.offset)
    total: int = await connection.fetchval(_COUNT_AT_DESK, *asked)
    return [_at_desk(row) for row in rows], total
