"""Being verified as a student: begun, handed in, submitted (rules, section 7)."""

from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from sojourn.care.documents.models import CheckedFile
from sojourn.care.documents.queries import doom
from sojourn.care.documents.rules import PDF
from sojourn.care.documents.service import UPLOAD_TIME
from sojourn.care.student_discount import queries, rules
from sojourn.care.student_discount.effects import COMPARE_FACES
from sojourn.care.student_discount.errors import (
    AlreadyVerified,
    PictureRequired,
    PicturesAlike,
    PicturesMissing,
    StudentCardUsed,
    TooManyTries,
    VerificationClosed,
    VerificationNotFound,
    VerificationPending,
)
from sojourn.care.student_discount.models import (
    Picture,
    Standing,
    StartIn,
    StoredPicture,
    Verification,
    VerificationStatus,
)
from sojourn.platform.audit.trail import Act, record
from sojourn.platform.db.database import Connection
from sojourn.platform.errors import InvalidInput, Unavailable
from sojourn.platform.http.context import Context, Origin
from sojourn.platform.http.dialect import RawJson
from sojourn.platform.jobs.queue import NewJob, enqueue
from sojourn.platform.kit.clock import local_date
from sojourn.platform.kit.ids import new_id
from sojourn.platform.storefront import Storefront, StudentRules
from sojourn.providers.storage.port import FileStore, StorageUnavailable

INSTANT: Final = "%Y-%m-%dT%H:%M:%SZ"
PICTURE: Final = "picture"  # the name of the one file in a picture's folder


async def status(connection: Connection, *, user_id: UUID, storefront: Storefront, now: datetime) -> RawJson:
    """Where somebody stands, in one statement, as JSON of `StudentStatus`."""
    students = storefront.students
    return await queries.get_status(
        connection, user_id=user_id, percent=storefront.rules.student_percent, tries=students.tries,
        days=students.tries_days, since=now - timedelta(days=students.tries_days), now=now,
    )  # fmt: skip


async def start(
    tx: Connection, *, user_id: UUID, body: StartIn, storefront: Storefront, now: datetime, origin: Origin
) -> UUID:
    """Begin a verification, or correct the one that was begun.

    Raises InvalidInput (a card that has ended), AlreadyVerified, TooManyTries, VerificationPending.
    """
    check_card(body.card_expires_on, storefront=storefront, now=now)
    standing = await _standing(tx, user_id, storefront.students, now)
    if standing.is_student and standing.student_expires_at is not None:
        renewable_at = rules.remind_at(standing.student_expires_at, storefront.students)
        if now < renewable_at:
            ends_at = standing.student_expires_at
            raise AlreadyVerified(
                details={"expires_at": f"{ends_at:{INSTANT}}", "renewable_at": f"{renewable_at:{INSTANT}}"}
            )
    _check_tries(standing, storefront.students, now)
    verification_id = await queries.start(
        tx, user_id=user_id, institution=body.institution, card_expires_on=body.card_expires_on, now=now
    )
    if verification_id is None:
        pending = await queries.find_pending(tx, user_id=user_id)
        raise VerificationPending(details={"verification_id": pending})
    act = Act(
        action="student.started", subject_kind="STUDENT_VERIFICATION", subject_id=verification_id, actor_id=user_id
    )
    await record(tx, act, now=now, origin=origin)
    return verification_id


def check_card(card_expires_on: date, *, storefront: Storefront, now: datetime) -> None:
    """Raises InvalidInput."""
    today = local_date(now, storefront.time_zone)
    if not rules.is_card_plausible(card_expires_on, today):
        message = f"must lie between today and {rules.LONGEST_CARD_YEARS} years ahead"
        raise InvalidInput.at("card_expires_on", message)


async def _standing(tx: Connection, user_id: UUID, students: StudentRules, now: datetime) -> Standing:
    since = now - timedelta(days=students.tries_days)
    return await queries.get_standing(tx, user_id=user_id, now=now, since=since)


def _check_tries(standing: Standing, students: StudentRules, now: datetime) -> None:
    waits_until = rules.next_try_at(standing.submitted_at, now, students)
    if waits_until is not None:
        raise TooManyTries(details={"next_try_at": f"{waits_until:{INSTANT}}"})


async def get_open(connection: Connection, *, verification_id: UUID, user_id: UUID) -> Verification:
    """One's own, as long as pictures may be put into it. Raises VerificationNotFound, VerificationClosed."""
    verification = await queries.get_verification(connection, verification_id=verification_id, user_id=user_id)
    _check_open(verification)
    return verification


def _check_open(verification: Verification) -> None:
    if verification.status is not VerificationStatus.STARTED:
        raise VerificationClosed(details={"status": verification.status.value})


async def keep_picture(
    ctx: Context, files: FileStore, *, user_id: UUID, verification_id: UUID, which: Picture, file: CheckedFile
) -> None:
    """Keep one of the two pictures, in place of an earlier one.

    Its file is doomed before it is written: whatever dies on the way leaves nothing behind.
    Raises PictureRequired, VerificationNotFound, VerificationClosed, Unavailable.
    """
    if file.mime_type == PDF:
        raise PictureRequired
    folder = f"{ctx.storefront.key}/students/{new_id()}"
    async with ctx.unit_of_work() as tx:
        await doom(tx, folder=folder, remove_after=ctx.now() + UPLOAD_TIME)
    try:
        await files.put(f"{folder}/{PICTURE}", file.content)
    except StorageUnavailable as fault:
        raise Unavailable from fault
    picture = StoredPicture(folder=folder, mime_type=file.mime_type, digest=file.digest)
    async with ctx.unit_of_work() as tx:
        await _lock_open(tx, verification_id, user_id)
        if not await queries.keep_picture(
            tx, verification_id=verification_id, which=which, picture=picture, now=ctx.now()
        ):
            raise Unavailable
        act = Act(
            action="student.picture_uploaded", subject_kind="STUDENT_VERIFICATION", subject_id=verification_id,
            actor_id=user_id, detail={"kind": which, "scan": file.scan_status},
        )  # fmt: skip
        await record(tx, act, now=ctx.now(), origin=ctx.origin)


async def _lock_open(tx: Connection, verification_id: UUID, user_id: UUID) -> Verification:
    verification = await _lock_own(tx, verification_id, user_id)
    _check_open(verification)
    return verification


async def _lock_own(tx: Connection, verification_id: UUID, user_id: UUID) -> Verification:
    verification = await queries.lock_verification(tx, verification_id=verification_id)
    if verification.user_id != user_id:
        raise VerificationNotFound
    return verification


async def submit(
    tx: Connection, *, user_id: UUID, verification_id: UUID, storefront: Storefront, has_face_engine: bool,
    now: datetime, origin: Origin,
) -> None:  # fmt: skip
    """Hand the two pictures over. Submitting twice is submitting once.

    Raises VerificationNotFound, VerificationClosed, PicturesMissing, PicturesAlike, StudentCardUsed,
    TooManyTries.
    """
    verification = await _lock_own(tx, verification_id, user_id)
    if verification.status is VerificationStatus.PENDING_REVIEW:
        return
    _check_open(verification)
    missing = [which.value for which in Picture if verification.picture(which) is None]
    if missing or verification.card is None:
        raise PicturesMissing(details={"missing": missing})
    if verification.selfie is not None and verification.selfie.digest == verification.card.digest:
        raise PicturesAlike
    owner = await queries.find_owner_of_card(tx, digest=verification.card.digest)
    if owner not in (None, user_id):
        raise StudentCardUsed
    _check_tries(await _standing(tx, user_id, storefront.students, now), storefront.students, now)
    await queries.submit(tx, verification_id=verification_id, now=now)
    act = Act(
        action="student.submitted", subject_kind="STUDENT_VERIFICATION", subject_id=verification_id, actor_id=user_id
    )
    await record(tx, act, now=now, origin=origin)
    if has_face_engine:
        await enqueue(tx, NewJob(kind=COMPARE_FACES, payload={"verification_id": verification_id}))
