"""What happens to verifications by itself (docs/jobs.md)."""

from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

import structlog

from sojourn.care.notifications.service import keep
from sojourn.care.student_discount import decisions, queries, rules
from sojourn.care.student_discount.effects import COMPARE_FACES
from sojourn.care.student_discount.letters import ending_letter
from sojourn.care.student_discount.models import Picture, Verification, VerificationStatus
from sojourn.care.student_discount.service import PICTURE
from sojourn.platform.audit.trail import Act, ActorKind, record
from sojourn.platform.jobs.queue import Payload
from sojourn.providers.faces.port import FaceEngine, FacesUnavailable
from sojourn.providers.storage.port import FileMissing, FileStore, StorageUnavailable
from sojourn.providers.work import JobKind, Timer, Work

BATCH: Final = 200

logger = structlog.get_logger(__name__)


async def compare_faces(work: Work, payload: Payload) -> None:
    """Let a face engine look; it decides only what it is sure of. Without its answer a person decides."""
    verification_id, engine = UUID(payload["verification_id"]), work.vendors.faces
    async with work.runtime.db.read() as connection:
        verification = await queries.find_verification(connection, verification_id=verification_id)
    if engine is None or verification is None or verification.status is not VerificationStatus.PENDING_REVIEW:
        return
    similarity = await _score(engine, work.vendors.storage, verification)
    if similarity is None:
        return
    storefront, now = work.runtime.storefront, work.runtime.clock.now()
    async with work.runtime.db.unit_of_work() as tx:
        await queries.note_similarity(tx, verification_id=verification_id, similarity=similarity, now=now)
        verdict = rules.judge(similarity, storefront.students)
        folders = await decisions.decide_by_score(
            tx, verification_id=verification_id, verdict=verdict, storefront=storefront, now=now
        )
    await decisions.remove_pictures(work.vendors.storage, folders)


async def _score(engine: FaceEngine, files: FileStore, verification: Verification) -> Decimal | None:
    try:
        card, selfie = [await _read(files, verification, which) for which in (Picture.STUDENT_CARD, Picture.SELFIE)]
        return await engine.score(card, selfie)
    except (FacesUnavailable, FileMissing, StorageUnavailable):
        logger.exception("faces were not compared; a person decides", verification_id=str(verification.id))
        return None


async def _read(files: FileStore, verification: Verification, which: Picture) -> bytes:
    picture = verification.picture(which)
    if picture is None:
        raise FileMissing(which)
    stored = await files.open(f"{picture.folder}/{PICTURE}")
    return b"".join([chunk async for chunk in stored.chunks])


async def end_due(work: Work) -> None:
    """End what has run out, give up what was never submitted, remind of what ends soon."""
    now = work.runtime.clock.now()
    await _expire(work, now)
    done = BATCH
    while done == BATCH:
        async with work.runtime.db.unit_of_work() as tx:
            done = await queries.drop_left(tx, now=now, begun_before=now - rules.UNFINISHED_LIFE, limit=BATCH)
    await _remind(work, now)


async def _expire(work: Work, now: datetime) -> None:
    done = BATCH
    while done == BATCH:
        async with work.runtime.db.unit_of_work() as tx:
            ended = await queries.expire(tx, now=now, limit=BATCH)
            for verification_id, student_id in ended:
                act = Act(
                    action="student.expired", subject_kind="STUDENT_VERIFICATION", subject_id=verification_id,
                    actor_kind=ActorKind.SYSTEM, detail={"student_id": str(student_id)},
                )  # fmt: skip
                await record(tx, act, now=now)
        done = len(ended)


async def _remind(work: Work, now: datetime) -> None:
    storefront, done = work.runtime.storefront, BATCH
    while done == BATCH:
        async with work.runtime.db.unit_of_work() as tx:
            ending = await queries.list_to_remind(tx, now=now, months=storefront.students.remind_months, limit=BATCH)
            for one in ending:
                await keep(tx, ending_letter(one, storefront=storefront), now=now)
        done = len(ending)


JOBS = (JobKind(name=COMPARE_FACES, handler=compare_faces, max_attempts=3),)
TIMERS = (
    Timer(
        name="students.end_due",
        cron="10 * * * *",
        title="every hour: ends student discounts that have run out, reminds a month ahead, gives up what was left",
        handler=end_due,
    ),
)
