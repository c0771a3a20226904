"""Every statement on student verifications. The verification's row is locked first, then the student's in `users`."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sojourn.care.student_discount.errors import VerificationNotFound
from sojourn.care.student_discount.models import (
    Picture,
    Standing,
    StoredPicture,
    Verification,
    VerificationFilters,
    VerificationStatus,
)
from sojourn.platform.db.database import Connection, Row
from sojourn.platform.http.dialect import RawJson
from sojourn.platform.i18n import Language
from sojourn.platform.kit.ids import new_id
from sojourn.platform.kit.wire import SortByTime

# What was begun and not submitted is begun anew; what waits for a decision is left alone.
_START = """
INSERT INTO student_verifications AS v (id, user_id, institution, card_expires_on, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $5)
ON CONFLICT (user_id) WHERE status IN ('STARTED', 'PENDING_REVIEW')
   DO UPDATE SET institution = excluded.institution, card_expires_on = excluded.card_expires_on,
                 updated_at = excluded.updated_at
         WHERE v.status = 'STARTED'
RETURNING v.id
"""
_STANDING = """
SELECT u.is_student AND (u.student_expires_at IS NULL OR u.student_expires_at > $2) AS is_student,
       u.student_expires_at,
       ARRAY(SELECT v.submitted_at FROM student_verifications v
              WHERE v.user_id = u.id AND v.submitted_at > $3) AS submitted_at
  FROM users u WHERE u.id = $1
"""
_FIND_PENDING = "SELECT id FROM student_verifications WHERE user_id = $1 AND status = 'PENDING_REVIEW'"
_ROW = """SELECT id, user_id, status, institution, card_expires_on, card_folder, card_type, card_digest, selfie_folder,
       selfie_type, selfie_digest, created_at
  FROM student_verifications WHERE id = $1"""
_FIND = _ROW
_LOCK = f"{_ROW} FOR UPDATE"


# Takes the new file back from its doom, and dooms the one in whose place it comes.
def _keep(name: str) -> str:
    return f"""
WITH spared AS (
    DELETE FROM doomed_files WHERE folder = $2 RETURNING folder
), replaced AS (
    INSERT INTO doomed_files (folder, remove_after)
    SELECT v.{name}_folder, $5 FROM student_verifications v CROSS JOIN spared
     WHERE v.id = $1 AND v.{name}_folder IS NOT NULL
)
UPDATE student_verifications v
   SET {name}_folder = spared.folder, {name}_type = $3, {name}_digest = $4, updated_at = $5
  FROM spared WHERE v.id = $1
RETURNING v.id
"""


_KEEP_CARD = _keep("card")
_KEEP_SELFIE = _keep("selfie")
_OWNER_OF_CARD = "SELECT user_id FROM student_cards WHERE digest = $1"
_SUBMIT = """
UPDATE student_verifications SET status = 'PENDING_REVIEW', submitted_at = $2, updated_at = $2 WHERE id = $1
"""
_NOTE_SIMILARITY = "UPDATE student_verifications SET similarity = $2, updated_at = $3 WHERE id = $1"
# Answers the card's owner: this one, or who came before.
_TAKE_CARD = """
INSERT INTO student_cards AS c (digest, user_id, taken_at) VALUES ($1, $2, $3)
ON CONFLICT (digest) DO UPDATE SET user_id = c.user_id RETURNING c.user_id
"""
# The decision in one statement: its pictures are doomed, an earlier approval gives way to a later one.
_APPROVE = """
WITH decided AS (
    SELECT id, user_id, card_folder, selfie_folder FROM student_verifications WHERE id = $1
), doomed AS (
    INSERT INTO doomed_files (folder, remove_after)
    SELECT folder, $2 FROM decided CROSS JOIN LATERAL (VALUES (card_folder), (selfie_folder)) AS f (folder)
), older AS (
    UPDATE student_verifications v SET status = 'EXPIRED', updated_at = $2 FROM decided
     WHERE v.user_id = decided.user_id AND v.status = 'APPROVED' AND v.id <> $1
), student AS (
    UPDATE users u SET is_student = true, student_verified_at = $2, student_expires_at = $3, updated_at = $2
      FROM decided WHERE u.id = decided.user_id
)
UPDATE student_verifications v
   SET status = 'APPROVED', decided_by = $4, decided_at = $2, expires_at = $3, card_expires_on = $5, updated_at = $2,
       card_folder = NULL, card_type = NULL, selfie_folder = NULL, selfie_type = NULL
 WHERE v.id = $1
"""
_REJECT = """
WITH doomed AS (
    INSERT INTO doomed_files (folder, remove_after)
    SELECT folder, $2 FROM student_verifications
     CROSS JOIN LATERAL (VALUES (card_folder), (selfie_folder)) AS f (folder) WHERE id = $1
)
UPDATE student_verifications
   SET status = 'REJECTED', decided_by = $4, decided_at = $2, rejection_reason = $3, updated_at = $2,
       card_folder = NULL, card_type = NULL, selfie_folder = NULL, selfie_type = NULL
 WHERE id = $1
"""
_EXPIRE = """
WITH due AS (
    SELECT id, user_id FROM student_verifications WHERE status = 'APPROVED' AND expires_at <= $1
     ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED
), ended AS (
    UPDATE student_verifications v SET status = 'EXPIRED', updated_at = $1 FROM due WHERE v.id = due.id
), former AS (
    UPDATE users u SET is_student = false, updated_at = $1 FROM due
     WHERE u.id = due.user_id AND u.student_expires_at <= $1
)
SELECT id, user_id FROM due
"""
# Nobody waits for what was begun and left, nor for somebody who has gone.
_DROP_LEFT = """
WITH due AS (
    SELECT v.id, v.user_id, v.card_folder, v.selfie_folder
      FROM student_verifications v JOIN users u ON u.id = v.user_id
     WHERE v.status = 'STARTED' AND v.updated_at <= $2
        OR v.status IN ('STARTED', 'PENDING_REVIEW') AND u.deleted_at IS NOT NULL
     ORDER BY v.id LIMIT $3 FOR UPDATE OF v SKIP LOCKED
), doomed AS (
    INSERT INTO doomed_files (folder, remove_after)
    SELECT f.folder, $1 FROM due CROSS JOIN LATERAL (VALUES (card_folder), (selfie_folder)) AS f (folder)
     WHERE f.folder IS NOT NULL
)
UPDATE student_verifications v
   SET status = 'EXPIRED', updated_at = $1, card_folder = NULL, card_type = NULL, selfie_folder = NULL,
       selfie_type = NULL
  FROM due WHERE v.id = due.id
RETURNING v.id
"""
_REMIND = """
WITH due AS (
    SELECT v.id FROM student_verifications v
     WHERE v.status = 'APPROVED' AND v.reminded_at IS NULL AND v.expires_at > $1
       AND v.expires_at - make_interval(months => $2) <= $1
       AND v.expires_at - make_interval(months => $2) > v.decided_at
     ORDER BY v.id LIMIT $3 FOR UPDATE SKIP LOCKED
), told AS (
    UPDATE student_verifications v SET reminded_at = $1 FROM due WHERE v.id = due.id
    RETURNING v.id, v.user_id, v.expires_at
)
SELECT told.id, told.expires_at, u.id AS user_id, u.email, u.name, u.preferred_language AS language
  FROM told JOIN users u ON u.id = told.user_id AND u.deleted_at IS NULL
"""
_RECIPIENT = "SELECT id AS user_id, email, name, preferred_language AS language FROM users WHERE id = $1"
_WIRE = """v.id, v.status, v.institution, v.card_expires_on, v.card_folder IS NOT NULL AS has_student_card,
       v.selfie_folder IS NOT NULL AS has_selfie, v.rejection_reason, iso(v.submitted_at) AS submitted_at,
       iso(v.decided_at) AS decided_at, iso(v.expires_at) AS expires_at, iso(v.created_at) AS created_at"""
_GET_OWN = f"""
SELECT row_to_json(shown)::text FROM (
    SELECT {_WIRE} FROM student_verifications v WHERE v.id = $1 AND v.user_id = $2) shown
"""
# $2 now, $3 the start of the window for tries, $4 the percentage, $5 tries, $6 days of the window.
_STATUS = f"""
WITH me AS (
    SELECT u.id, u.is_student AND (u.student_expires_at IS NULL OR u.student_expires_at > $2) AS is_student,
           u.student_verified_at, u.student_expires_at
      FROM users u WHERE u.id = $1
), tries AS (
    SELECT count(*)::integer AS count, (array_agg(submitted_at ORDER BY submitted_at DESC))[$5::integer] AS oldest
      FROM student_verifications WHERE user_id = $1 AND submitted_at > $3
)
SELECT json_build_object(
           'is_student', me.is_student,
           'student_verified_at', CASE WHEN me.is_student THEN iso(me.student_verified_at) END,
           'expires_at', CASE WHEN me.is_student THEN iso(me.student_expires_at) END,
           'discount_percent', $4::integer, 'tries_left', greatest($5::integer - tries.count, 0),
           'next_try_at', CASE WHEN tries.count >= $5 THEN iso(tries.oldest + make_interval(days => $6)) END,
           'verification', (SELECT row_to_json(shown) FROM (
                SELECT {_WIRE} FROM student_verifications v WHERE v.user_id = $1
                 ORDER BY v.created_at DESC, v.id DESC LIMIT 1) shown))::text
  FROM me CROSS JOIN tries
"""
_AT_DESK = f"""{_WIRE}, json_build_object('id', u.id, 'name', u.name, 'email', u.email) AS student,
       v.similarity::text AS similarity,
       (SELECT count(DISTINCT o.user_id) FROM student_verifications o
         WHERE o.card_digest = v.card_digest AND o.user_id <> v.user_id)::integer AS same_card_elsewhere,
       (SELECT count(*) FROM student_verifications t
         WHERE t.user_id = v.user_id AND t.submitted_at IS NOT NULL)::integer AS tries, v.decided_by"""
_GET_AT_DESK = f"""
SELECT row_to_json(shown)::text FROM (
    SELECT {_AT_DESK} FROM student_verifications v JOIN users u ON u.id = v.user_id WHERE v.id = $1) shown
"""
_ORDERS = {SortByTime.NEWEST: "v.created_at DESC, v.id DESC", SortByTime.OLDEST: "v.created_at, v.id"}
LISTS = {
    sort: f"""
WITH page AS (
    SELECT * FROM student_verifications v WHERE ($1::text IS NULL OR status = $1)
     ORDER BY {order} LIMIT $2 OFFSET $3
)
SELECT (SELECT count(*) FROM student_verifications WHERE ($1::text IS NULL OR status = $1)) AS total,
       (SELECT coalesce(json_agg(shown), '[]')::text FROM (
            SELECT {_AT_DESK} FROM page v JOIN users u ON u.id = v.user_id ORDER BY {order}) shown) AS items
"""
    for sort, order in _ORDERS.items()
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """An approval that ends soon, and whose it is."""

    id: UUID
    expires_at: datetime
    user_id: UUID
    email: str
    name: str
    language: Language


def _verification(row: Row) -> Verification:
    return Verification(
        id=row["id"], user_id=row["user_id"], status=VerificationStatus(row["status"]), institution=row["institution"],
        card_expires_on=row["card_expires_on"], card=_picture(row, "card"), selfie=_picture(row, "selfie"),
        card_digest=row["card_digest"], created_at=row["created_at"],
    )  # fmt: skip


def _picture(row: Row, name: str) -> StoredPicture | None:
    if row[f"{name}_folder"] is None:
        return None
    return StoredPicture(folder=row[f"{name}_folder"], mime_type=row[f"{name}_type"], digest=row[f"{name}_digest"])


async def start(
    tx: Connection, *, user_id: UUID, institution: str, card_expires_on: date, now: datetime
) -> UUID | None:
    """Begin a verification, or correct the one that was begun. None while one waits for its decision."""
    started: UUID | None = await tx.fetchval(_START, new_id(), user_id, institution, card_expires_on, now)
    return started


async def get_standing(connection: Connection, *, user_id: UUID, now: datetime, since: datetime) -> Standing:
    """Whether somebody is a student now, and when they have submitted after `since`."""
    row = await connection.fetchrow(_STANDING, user_id, now, since)
    assert row is not None  # noqa: S101 - who is signed in has an account
    return Standing(**dict(row) | {"submitted_at": tuple(row["submitted_at"])})


async def find_pending(connection: Connection, *, user_id: UUID) -> UUID | None:
    """The verification that waits for its decision."""
    found: UUID | None = await connection.fetchval(_FIND_PENDING, user_id)
    return found


async def find_verification(connection: Connection, *, verification_id: UUID) -> Verification | None:
    row = await connection.fetchrow(_FIND, verification_id)
    return _verification(row) if row else None


async def get_verification(connection: Connection, *, verification_id: UUID, user_id: UUID) -> Verification:
    """One's own. Raises VerificationNotFound."""
    found = await find_verification(connection, verification_id=verification_id)
    if found is None or found.user_id != user_id:
        raise VerificationNotFound
    return found


async def lock_verification(tx: Connection, *, verification_id: UUID) -> Verification:
    """Raises VerificationNotFound."""
    row = await tx.fetchrow(_LOCK, verification_id)
    if row is None:
        raise VerificationNotFound
    return _verification(row)


async def keep_picture(
    tx: Connection, *, verification_id: UUID, which: Picture, picture: StoredPicture, now: datetime
) -> bool:
    """Put a picture in its place. False when its file was given up meanwhile."""
    statement = _KEEP_CARD if which is Picture.STUDENT_CARD else _KEEP_SELFIE
    kept = await tx.fetchval(statement, verification_id, picture.folder, picture.mime_type, picture.digest, now)
    return kept is not None


async def find_owner_of_card(connection: Connection, *, digest: bytes) -> UUID | None:
    """Whose account this card has verified."""
    owner: UUID | None = await connection.fetchval(_OWNER_OF_CARD, digest)
    return owner


async def submit(tx: Connection, *, verification_id: UUID, now: datetime) -> None:
    await tx.execute(_SUBMIT, verification_id, now)


async def note_similarity(tx: Connection, *, verification_id: UUID, similarity: Decimal, now: datetime) -> None:
    await tx.execute(_NOTE_SIMILARITY, verification_id, similarity, now)


async def take_card(tx: Connection, *, digest: bytes, user_id: UUID, now: datetime) -> UUID:
    """The card verifies this account from now on, unless it has verified another. Returns whose it is."""
    owner: UUID = await tx.fetchval(_TAKE_CARD, digest, user_id, now)
    return owner


async def approve(
    tx: Connection, *, verification_id: UUID, expires_at: datetime, card_expires_on: date, staff_id: UUID | None,
    now: datetime,
) -> None:  # fmt: skip
    """The account is a student's until `expires_at`; the pictures are doomed."""
    await tx.execute(_APPROVE, verification_id, now, expires_at, staff_id, card_expires_on)


async def reject(tx: Connection, *, verification_id: UUID, reason: str, staff_id: UUID | None, now: datetime) -> None:
    """The pictures are doomed."""
    await tx.execute(_REJECT, verification_id, now, reason, staff_id)


async def expire(tx: Connection, *, now: datetime, limit: int) -> list[tuple[UUID, UUID]]:
    """End approvals whose time is over: (verification, student), at most `limit`."""
    return [(row["id"], row["user_id"]) for row in await tx.fetch(_EXPIRE, now, limit)]


async def drop_left(tx: Connection, *, now: datetime, begun_before: datetime, limit: int) -> int:
    """Give up what was begun before `begun_before` and never submitted, and what erased accounts have left."""
    return len(await tx.fetch(_DROP_LEFT, now, begun_before, limit))


async def list_to_remind(tx: Connection, *, now: datetime, months: int, limit: int) -> list[Ending]:
    """Approvals that end within `months`, each once; they count as announced from here on."""
    rows = await tx.fetch(_REMIND, now, months, limit)
    return [Ending(**dict(row) | {"language": Language(row["language"])}) for row in rows]


async def get_recipient(connection: Connection, *, user_id: UUID) -> dict[str, Any]:
    """Who is to be told: `user_id, email, name, language`."""
    row = await connection.fetchrow(_RECIPIENT, user_id)
    assert row is not None  # noqa: S101 - verifications refer to accounts
    return dict(row)


async def get_own(connection: Connection, *, verification_id: UUID, user_id: UUID) -> RawJson:
    """One's own verification as JSON of `VerificationOut`. Raises VerificationNotFound."""
    body = await connection.fetchval(_GET_OWN, verification_id, user_id)
    if body is None:
        raise VerificationNotFound
    return RawJson(body.encode())


async def get_status(
    connection: Connection, *, user_id: UUID, percent: int, tries: int, days: int, since: datetime, now: datetime
) -> RawJson:
    """As JSON of `StudentStatus`: `tries` since `since`, in a window of `days`."""
    body: str = await connection.fetchval(_STATUS, user_id, now, since, percent, tries, days)
    return RawJson(body.encode())


async def get_at_desk(connection: Connection, *, verification_id: UUID) -> RawJson:
    """As JSON of `VerificationAtDesk`. Raises VerificationNotFound."""
    body = await connection.fetchval(_GET_AT_DESK, verification_id)
    if body is None:
        raise VerificationNotFound
    return RawJson(body.encode())


async def list_at_desk(connection: Connection, *, filters: VerificationFilters) -> RawJson:
    """One page, as JSON of `VerificationAtDesk`."""
    row = await connection.fetchrow(LISTS[filters.sort], filters.status, filters.per_page, filters.offset)
    assert row is not None  # noqa: S101 - scalars always answer
    return RawJson(row["items"].encode(), page=filters.page, per_page=filters.per_page, total=row["total"])
