"""Deciding whether somebody is a student: by a person, or by a face engine that is sure. The pictures go with it."""

from datetime import date, datetime
from typing import Final
from uuid import UUID

import structlog

from sojourn.care.documents.links import make_link, write_token
from sojourn.care.documents.models import SignedLink
from sojourn.care.notifications.service import keep
from sojourn.care.student_discount import queries, rules
from sojourn.care.student_discount.errors import StudentCardUsed, VerificationClosed, VerificationNotFound
from sojourn.care.student_discount.letters import approval_letter, rejection_letter
from sojourn.care.student_discount.models import (
    Picture,
    StoredPicture,
    StudentDecisionIn,
    Verification,
    VerificationStatus,
)
from sojourn.care.student_discount.service import check_card
from sojourn.people.auth.access import Actor
from sojourn.platform.audit.trail import Act, ActorKind, record
from sojourn.platform.db.database import Connection
from sojourn.platform.http.context import SYSTEM_ORIGIN, Origin
from sojourn.platform.kit.clock import local_date
from sojourn.platform.storefront import Storefront
from sojourn.providers.storage.port import FileStore, StorageUnavailable

PURPOSE: Final = b"student:"
NOT_THE_SAME_FACE: Final = "The face on the card and the face in the picture do not look alike."

logger = structlog.get_logger(__name__)


async def decide(
    tx: Connection, *, verification_id: UUID, admin: Actor, body: StudentDecisionIn, storefront: Storefront,
    now: datetime, origin: Origin,
) -> list[str]:  # fmt: skip
    """A person approves or rejects. Returns the folders of the pictures, which are doomed.

    Raises VerificationNotFound, VerificationClosed (not waiting, or decided meanwhile), StudentCardUsed, InvalidInput.
    """
    verification = await _lock_waiting(tx, verification_id)
    if body.status is VerificationStatus.APPROVED:
        card_expires_on = body.card_expires_on or verification.card_expires_on
        check_card(card_expires_on, storefront=storefront, now=now)
        await _approve(tx, verification, card_expires_on, admin.user_id, storefront, now, origin)
    else:
        await _reject(tx, verification, body.reason or "", admin.user_id, storefront, now, origin)
    return verification.folders


async def decide_by_score(tx: Connection, *, verification_id: UUID, verdict: VerificationStatus, storefront: Storefront,
    now: datetime,
) -> list[str]:  # fmt: skip
    """What a face engine is sure of; nothing when somebody was faster, or when a person must look all the same."""
    try:
        verification = await _lock_waiting(tx, verification_id)
    except (VerificationClosed, VerificationNotFound):
        return []
    if verdict is VerificationStatus.REJECTED:
        await _reject(tx, verification, NOT_THE_SAME_FACE, None, storefront, now, SYSTEM_ORIGIN)
        return verification.folders
    today = local_date(now, storefront.time_zone)
    has_ended = not rules.is_card_plausible(verification.card_expires_on, today)
    if verdict is not VerificationStatus.APPROVED or has_ended:
        return []
    try:
        await _approve(tx, verification, verification.card_expires_on, None, storefront, now, SYSTEM_ORIGIN)
    except StudentCardUsed:
        return []
    return verification.folders


async def _lock_waiting(tx: Connection, verification_id: UUID) -> Verification:
    verification = await queries.lock_verification(tx, verification_id=verification_id)
    if verification.status is not VerificationStatus.PENDING_REVIEW:
        raise VerificationClosed(details={"status": verification.status.value})
    return verification


async def _approve(
    tx: Connection, verification: Verification, card_expires_on: date, staff_id: UUID | None, storefront: Storefront,
    now: datetime, origin: Origin,
) -> None:  # fmt: skip
    assert verification.card_digest is not None  # noqa: S101 - the table's check on what waits
    owner = await queries.take_card(tx, digest=verification.card_digest, user_id=verification.user_id, now=now)
    if owner != verification.user_id:
        raise StudentCardUsed
    expires_at = rules.valid_until(
        card_expires_on=card_expires_on, now=now, zone=storefront.time_zone, rules=storefront.students
    )
    await queries.approve(
        tx, verification_id=verification.id, expires_at=expires_at, card_expires_on=card_expires_on,
        staff_id=staff_id, now=now,
    )  # fmt: skip
    await _record(tx, "student.approved", verification, staff_id, now, origin, expires_at=expires_at.isoformat())
    to = await queries.get_recipient(tx, user_id=verification.user_id)
    letter = approval_letter(verification.id, to=to, expires_at=expires_at, storefront=storefront)
    await keep(tx, letter, now=now)


async def _reject(
    tx: Connection, verification: Verification, reason: str, staff_id: UUID | None, storefront: Storefront,
    now: datetime, origin: Origin,
) -> None:  # fmt: skip
    await queries.reject(tx, verification_id=verification.id, reason=reason, staff_id=staff_id, now=now)
    await _record(tx, "student.rejected", verification, staff_id, now, origin, reason=reason)
    to = await queries.get_recipient(tx, user_id=verification.user_id)
    await keep(tx, rejection_letter(verification.id, to=to, reason=reason, storefront=storefront), now=now)


async def _record(
    tx: Connection, action: str, verification: Verification, actor_id: UUID | None, now: datetime, origin: Origin,
    **detail: str,
) -> None:  # fmt: skip
    act = Act(
        action=action, subject_kind="STUDENT_VERIFICATION", subject_id=verification.id,
        actor_kind=ActorKind.USER if actor_id else ActorKind.SYSTEM, actor_id=actor_id,
        detail={"student_id": str(verification.user_id), **detail},
    )  # fmt: skip
    await record(tx, act, now=now, origin=origin)


async def remove_pictures(files: FileStore, folders: list[str]) -> None:
    """Remove decided pictures at once. What fails here is doomed, and goes with the next round of the timer."""
    for folder in folders:
        try:
            await files.remove(folder)
        except StorageUnavailable:
            logger.warning("a student's picture stays until the store answers", folder=folder)


def sign_link(
    verification: Verification, which: Picture, *, actor_id: UUID, address: str, secret: str, now: datetime
) -> SignedLink:
    """A link to one picture, good for five minutes. Raises VerificationClosed when there is none any more."""
    picture = verification.picture(which)
    if picture is None:
        raise VerificationClosed(details={"status": verification.status.value})
    link = make_link(owner_id=verification.id, actor_id=actor_id, part=which, now=now)
    token = write_token(link, secret=secret, purpose=PURPOSE)
    return SignedLink(
        url=f"{address}files/{token}", file_name=file_name(which, picture), mime_type=picture.mime_type,
        expires_at=link.expires_at,
    )  # fmt: skip


def file_name(which: Picture, picture: StoredPicture) -> str:
    return f"{which.lower().replace('_', '-')}.{'png' if picture.mime_type.endswith('png') else 'jpg'}"


async def open_picture(
    tx: Connection, *, verification_id: UUID, which: Picture, actor_id: UUID, now: datetime, origin: Origin
) -> StoredPicture | None:
    """The picture behind a link, its opening put on record; None when it is gone meanwhile."""
    verification = await queries.find_verification(tx, verification_id=verification_id)
    picture = verification.picture(which) if verification else None
    if verification is None or picture is None:
        return None
    await _record(tx, "student.picture_opened", verification, actor_id, now, origin, kind=which)
    return picture
