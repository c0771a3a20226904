"""Booking a consultation and moving it. The slot is stock: taken last, under its own lock (docs/consultations.md)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sojourn.care.consultations import hours_queries, queries
from sojourn.care.consultations.effects import announce
from sojourn.care.consultations.errors import (
    ConsultantNotFound,
    ConsultationClosed,
    NoMovesLeft,
    NoSessionsLeft,
    OrderNotOpen,
    SlotNotOffered,
    SlotTaken,
    TooLateToMove,
)
from sojourn.care.consultations.hours_queries import Consultant
from sojourn.care.consultations.models import (
    OPEN,
    BookableOrder,
    ConsultationIn,
    Status,
    Stored,
)
from sojourn.care.consultations.rules import is_in_time, is_on_grid, occupied_minutes, why_not_offered
from sojourn.people.auth.access import Actor
from sojourn.platform.audit.trail import Act, record
from sojourn.platform.db.database import Connection
from sojourn.platform.errors import InvalidInput
from sojourn.platform.http.context import Origin
from sojourn.platform.jobs.queue import enqueue
from sojourn.platform.kit.clock import local_date, start_of_day
from sojourn.platform.kit.ids import new_id
from sojourn.platform.storefront import ConsultationRules, Storefront
from sojourn.providers.meetings.port import MeetingRooms
from sojourn.sales.inventory import queries as inventory
from sojourn.sales.inventory.errors import SoldOut
from sojourn.sales.inventory.models import Claim
from sojourn.sales.orders.models import OrderStatus
from sojourn.sales.purchases import PurchaseKind

# A package that is done with keeps the sessions that were paid for.
PAID = frozenset({OrderStatus.CONFIRMED, OrderStatus.IN_PROGRESS, OrderStatus.COMPLETED})


async def book(
    tx: Connection, *, actor: Actor, body: ConsultationIn, storefront: Storefront, rooms: MeetingRooms, now: datetime,
    origin: Origin,
) -> UUID:  # fmt: skip
    """Book one of an order's sessions, for the customer or by staff. Returns the consultation's id.

    Staff are free of notice, horizon and hours, never of a slot that is taken. Raises OrderNotFound, OrderNotOpen,
    NoSessionsLeft, ConsultantNotFound, SlotNotOffered, SlotTaken, InvalidInput.
    """
    rules = storefront.consultations
    order = await queries.lock_order(tx, order_id=body.order_id, actor=actor)
    _check_order(order)
    by_staff = order.user_id != actor.user_id
    consultant = await _consultant(tx, _consultant_of(order, body.consultant_id), body.starts_at)
    _check_offered(body.starts_at, consultant, by_staff=by_staff, now=now, rules=rules)
    is_request = rules.needs_approval and not by_staff
    room = None if is_request else rooms.find_ready()
    stored = Stored(
        id=new_id(), order_id=order.id, consultant_id=consultant.id, user_id=order.user_id,
        resource_id=consultant.resource_id, scheduled_at=body.starts_at, duration=rules.minutes,
        status=Status.PENDING if is_request else Status.SCHEDULED, moves=0, sequence=0, is_session_used=True,
        meeting_link=room.link if room else None, meeting_provider=rooms.name if room else None, meeting_id=None,
    )  # fmt: skip
    await queries.insert_consultation(
        tx, stored=stored, time_zone=body.zone or storefront.time_zone, note=body.note, now=now
    )
    await note_act(
        tx, "consultation.booked", stored, actor=actor, now=now, origin=origin,
        detail={"starts_at": body.starts_at.isoformat(), "status": stored.status.value, "by_staff": by_staff},
    )  # fmt: skip
    await enqueue(tx, announce(stored.id, sequence=0))
    await _take_slot(tx, stored, consultant.calendar.zone, by_staff=by_staff, now=now, rules=rules)
    return stored.id


def _check_order(order: BookableOrder) -> None:
    if order.status not in PAID:
        raise OrderNotOpen(details={"status": order.status})
    if order.used >= order.included:
        raise NoSessionsLeft(details={"included": order.included})


def _consultant_of(order: BookableOrder, asked: UUID | None) -> UUID:
    consultant_id = order.consultant_id or asked
    if consultant_id is None:
        raise InvalidInput.at("consultant_id", "this order has no consultant yet: send the one of a free slot")
    if asked not in (None, consultant_id):
        raise InvalidInput.at("consultant_id", "is not the consultant of this order")
    return consultant_id


async def _consultant(tx: Connection, consultant_id: UUID, at: datetime) -> Consultant:
    day = at.astimezone(UTC).date()
    found = await hours_queries.list_consultants(tx, first=day, last=day, only=consultant_id)
    if not found:
        raise ConsultantNotFound
    return found[0]


def _check_offered(
    starts_at: datetime, consultant: Consultant, *, by_staff: bool, now: datetime, rules: ConsultationRules
) -> None:
    if not is_on_grid(starts_at, rules):
        raise SlotNotOffered(details={"reason": "GRID"})
    if by_staff:
        if starts_at <= now:
            raise InvalidInput.at("starts_at", "must be in the future")
        return
    reason = why_not_offered(starts_at, consultant.calendar, now=now, rules=rules)
    if reason is not None:
        raise SlotNotOffered(details={"reason": reason})


async def _take_slot(
    tx: Connection, stored: Stored, zone: ZoneInfo, *, by_staff: bool, now: datetime, rules: ConsultationRules
) -> None:
    """Claim the time and the buffer after it; then, the stock being locked, count the day."""
    claims = [
        Claim(resource_id=stored.resource_id, day=step.date(), minute=step.hour * 60 + step.minute, quantity=1)
        for step in occupied_minutes(stored.scheduled_at, rules)
    ]
    try:
        await inventory.take(
            tx, kind=PurchaseKind.CONSULTATION, purchase_id=stored.id, claims=claims, expires_at=None, now=now
        )
    except SoldOut:
        raise SlotTaken from None
    if by_staff:
        return
    day = local_date(stored.scheduled_at, zone.key)
    count = await queries.count_between(
        tx, consultant_id=stored.consultant_id, since=start_of_day(day, zone.key),
        until=start_of_day(day + timedelta(days=1), zone.key),
    )  # fmt: skip
    if count > rules.max_a_day:
        raise SlotNotOffered(details={"reason": "FULL_DAY"})


async def move(
    tx: Connection, *, consultation_id: UUID, actor: Actor, starts_at: datetime, rules: ConsultationRules,
    now: datetime, origin: Origin,
) -> None:  # fmt: skip
    """Put a consultation on another time. A customer may do it twice, and until 24 h before; staff always.

    The same time again changes nothing. Raises ConsultationNotFound, ConsultationClosed, TooLateToMove, NoMovesLeft,
    ConsultantNotFound, SlotNotOffered, SlotTaken, InvalidInput.
    """
    stored = await queries.lock_visible(tx, consultation_id=consultation_id, actor=actor)
    if stored.status not in OPEN:
        raise ConsultationClosed(details={"status": stored.status.value})
    if starts_at == stored.scheduled_at:
        return
    by_staff = stored.user_id != actor.user_id
    if not by_staff:
        _check_may_move(stored, now=now, rules=rules)
    consultant = await _consultant(tx, stored.consultant_id, starts_at)
    _check_offered(starts_at, consultant, by_staff=by_staff, now=now, rules=rules)
    await queries.move(tx, stored.id, starts_at=starts_at, moves=0 if by_staff else 1, now=now)
    detail = {"from": stored.scheduled_at.isoformat(), "to": starts_at.isoformat(), "by_staff": by_staff}
    await note_act(tx, "consultation.moved", stored, actor=actor, now=now, origin=origin, detail=detail)
    await enqueue(tx, announce(stored.id, sequence=stored.sequence + 1, is_moved=True))
    moved = replace(stored, scheduled_at=starts_at)
    await _take_slot(tx, moved, consultant.calendar.zone, by_staff=by_staff, now=now, rules=rules)


def _check_may_move(stored: Stored, *, now: datetime, rules: ConsultationRules) -> None:
    if not is_in_time(stored.scheduled_at, now, rules):
        raise TooLateToMove(details={"hours": rules.change_hours})
    if stored.moves >= rules.max_moves:
        raise NoMovesLeft(details={"limit": rules.max_moves})


async def note_act(
    tx: Connection, action: str, stored: Stored, *, actor: Actor, now: datetime, origin: Origin,
    detail: Mapping[str, object],
) -> None:  # fmt: skip
    """The trail of one step in a consultation's life."""
    act = Act(
        action=action, subject_kind="CONSULTATION", subject_id=stored.id, actor_id=actor.user_id,
        detail={"order_id": str(stored.order_id), **detail},
    )  # fmt: skip
    await record(tx, act, now=now, origin=origin)
