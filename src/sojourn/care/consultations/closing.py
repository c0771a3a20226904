"""How a consultation goes on after it was booked: approved, cancelled, held, missed; and what is noted of it."""

from datetime import datetime
from uuid import UUID

from sojourn.care.consultations import queries
from sojourn.care.consultations.effects import announce
from sojourn.care.consultations.errors import ConsultationClosed, TooEarly
from sojourn.care.consultations.models import OPEN, Status, Stored
from sojourn.care.consultations.rules import no_show_from, uses_session_when_cancelled
from sojourn.care.consultations.service import note_act
from sojourn.people.auth.access import Actor
from sojourn.platform.audit.trail import Act, ActorKind, record
from sojourn.platform.db.database import Connection
from sojourn.platform.errors import NotAllowed
from sojourn.platform.http.context import Origin
from sojourn.platform.jobs.queue import enqueue
from sojourn.platform.storefront import ConsultationRules
from sojourn.providers.meetings.port import MeetingRooms
from sojourn.sales.inventory import queries as inventory

WAIVABLE = frozenset({Status.CANCELLED, Status.NO_SHOW})


async def cancel(
    tx: Connection, *, consultation_id: UUID, actor: Actor, reason: str | None, rules: ConsultationRules,
    now: datetime, origin: Origin,
) -> None:  # fmt: skip
    """Cancel and free the slot. A customer who does it later than 24 h before loses the session; staff never take it.

    Raises ConsultationNotFound, ConsultationClosed (for the customer also once it has begun).
    """
    stored = await queries.lock_visible(tx, consultation_id=consultation_id, actor=actor)
    by_staff = stored.user_id != actor.user_id
    if stored.status not in OPEN or (not by_staff and stored.scheduled_at <= now):
        raise ConsultationClosed(details={"status": stored.status.value})
    is_used = uses_session_when_cancelled(
        stored.status, starts_at=stored.scheduled_at, by_staff=by_staff, now=now, rules=rules
    )
    detail = {"by_staff": by_staff, "is_session_used": is_used, "reason": reason}
    await note_act(tx, "consultation.cancelled", stored, actor=actor, now=now, origin=origin, detail=detail)
    await _end(tx, stored, reason=reason, is_session_used=is_used, now=now)


async def _end(tx: Connection, stored: Stored, *, reason: str | None, is_session_used: bool, now: datetime) -> None:
    await queries.cancel(tx, stored.id, reason=reason, is_session_used=is_session_used, now=now)
    await inventory.release(tx, purchase_id=stored.id, now=now)
    await enqueue(tx, announce(stored.id, sequence=stored.sequence + 1))


async def cancel_orphan(tx: Connection, *, consultation_id: UUID, now: datetime) -> None:
    """The order was cancelled: its consultation goes with it. Nothing when it is closed already."""
    stored = await queries.lock_consultation(tx, consultation_id)
    if stored.status not in OPEN:
        return
    act = Act(
        action="consultation.cancelled", subject_kind="CONSULTATION", subject_id=stored.id,
        actor_kind=ActorKind.SYSTEM, detail={"order_id": str(stored.order_id), "cause": "ORDER_CANCELLED"},
    )  # fmt: skip
    await record(tx, act, now=now)
    await _end(tx, stored, reason=None, is_session_used=False, now=now)


async def _lock_for_staff(tx: Connection, consultation_id: UUID, actor: Actor) -> Stored:
    """Nobody is staff in their own case."""
    stored = await queries.lock_visible(tx, consultation_id=consultation_id, actor=actor)
    if stored.user_id == actor.user_id:
        raise NotAllowed
    return stored


async def approve(
    tx: Connection, *, consultation_id: UUID, actor: Actor, rooms: MeetingRooms, now: datetime, origin: Origin
) -> None:
    """Say yes to a request. Raises ConsultationNotFound, ConsultationClosed (not waiting), NotAllowed."""
    stored = await _lock_for_staff(tx, consultation_id, actor)
    if stored.status is not Status.PENDING:
        raise ConsultationClosed(details={"status": stored.status.value})
    room = rooms.find_ready()
    await queries.approve(
        tx, stored.id, link=room.link if room else None, provider=rooms.name if room else None, now=now
    )
    await note_act(tx, "consultation.approved", stored, actor=actor, now=now, origin=origin, detail={})
    await enqueue(tx, announce(stored.id, sequence=stored.sequence))


async def complete(tx: Connection, *, consultation_id: UUID, actor: Actor, now: datetime, origin: Origin) -> None:
    """It was held. Raises ConsultationNotFound, ConsultationClosed, TooEarly (before it begins), NotAllowed."""
    await _settle(tx, consultation_id, Status.COMPLETED, actor=actor, opens=None, now=now, origin=origin)


async def mark_no_show(
    tx: Connection, *, consultation_id: UUID, actor: Actor, rules: ConsultationRules, now: datetime, origin: Origin
) -> None:
    """The customer did not come; the session is used. Raises as `complete`; too early is before 15 minutes after."""
    await _settle(tx, consultation_id, Status.NO_SHOW, actor=actor, opens=rules, now=now, origin=origin)


async def _settle(
    tx: Connection, consultation_id: UUID, status: Status, *, actor: Actor, opens: ConsultationRules | None,
    now: datetime, origin: Origin,
) -> None:  # fmt: skip
    stored = await _lock_for_staff(tx, consultation_id, actor)
    if stored.status is not Status.SCHEDULED:
        raise ConsultationClosed(details={"status": stored.status.value})
    possible_from = no_show_from(stored.scheduled_at, opens) if opens else stored.scheduled_at
    if now < possible_from:
        raise TooEarly(details={"possible_from": possible_from.isoformat()})
    await queries.set_status(tx, stored.id, status, now=now)
    action = f"consultation.{status.value.lower()}"
    await note_act(tx, action, stored, actor=actor, now=now, origin=origin, detail={})


async def waive(tx: Connection, *, consultation_id: UUID, actor: Actor, now: datetime, origin: Origin) -> None:
    """Give a session back that a late cancellation or a no-show has used. Once given back, nothing changes.

    Raises ConsultationNotFound, ConsultationClosed (any other status), NotAllowed.
    """
    stored = await _lock_for_staff(tx, consultation_id, actor)
    if stored.status not in WAIVABLE:
        raise ConsultationClosed(details={"status": stored.status.value})
    if not stored.is_session_used:
        return
    await queries.give_session_back(tx, stored.id, now=now)
    await note_act(tx, "consultation.session_given_back", stored, actor=actor, now=now, origin=origin, detail={})


async def write_notes(
    tx: Connection, *, consultation_id: UUID, actor: Actor, notes: str, now: datetime, origin: Origin
) -> None:
    """Keep the consultant's notes in place of those before. Raises ConsultationNotFound, NotAllowed."""
    stored = await _lock_for_staff(tx, consultation_id, actor)
    await queries.set_notes(tx, stored.id, notes=notes, now=now)
    # That something was written, not what: notes may hold what a customer said in confidence.
    await note_act(tx, "consultation.noted", stored, actor=actor, now=now, origin=origin, detail={})
