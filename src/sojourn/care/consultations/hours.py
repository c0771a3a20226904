"""When consultants are there, and what of it is still free."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sojourn.care.consultations import hours_queries, queries
from sojourn.care.consultations.errors import ConsultantNotFound
from sojourn.care.consultations.hours_queries import Consultant, Taken
from sojourn.care.consultations.models import (
    MAX_SLOT_DAYS,
    ConsultantHours,
    HoursIn,
    OverrideIn,
    Slot,
    Slots,
    SlotsIn,
    Whose,
)
from sojourn.care.consultations.rules import free_starts
from sojourn.people.auth.access import Actor
from sojourn.people.roles import Role
from sojourn.platform.audit.trail import Act, record
from sojourn.platform.db.database import Connection
from sojourn.platform.errors import InvalidInput, NotAllowed
from sojourn.platform.http.context import Origin
from sojourn.platform.kit.clock import local_date
from sojourn.platform.storefront import ConsultationRules, Storefront

DAY = timedelta(days=1)


def owner_of(whose: Whose, actor: Actor) -> UUID:
    """Whose hours a path names: consultants have their own, admins may see to anybody's. Raises NotAllowed."""
    user_id = actor.user_id if whose == "me" else whose
    if actor.is_admin or (actor.role is Role.CONSULTANT and user_id == actor.user_id):
        return user_id
    raise NotAllowed


async def read_hours(
    connection: Connection, *, user_id: UUID, storefront: Storefront, now: datetime
) -> ConsultantHours:
    """A consultant's week, and the dates that differ from yesterday on. Raises ConsultantNotFound."""
    since = now.date() - DAY
    found = await hours_queries.find_hours(connection, user_id=user_id, since=since, default_zone=storefront.time_zone)
    if found is None:
        raise ConsultantNotFound
    return found


async def set_week(
    tx: Connection, *, user_id: UUID, actor: Actor, body: HoursIn, now: datetime, origin: Origin
) -> None:
    """Put a week in place of the one that stood. What is booked stays booked. Raises ConsultantNotFound."""
    name = await hours_queries.lock_consultant(tx, user_id=user_id)
    if name is None:
        raise ConsultantNotFound
    await hours_queries.set_week(tx, user_id=user_id, name=name, time_zone=body.time_zone, weekly=body.weekly, now=now)
    await _note(tx, "consultant.hours_set", user_id, actor=actor, detail=body.model_dump(mode="json"), now=now,
                origin=origin)  # fmt: skip


async def set_override(
    tx: Connection, *, user_id: UUID, day: date, actor: Actor, body: OverrideIn, now: datetime, origin: Origin
) -> None:
    """Let one date differ. Raises ConsultantNotFound (also for who has no hours yet)."""
    if not await hours_queries.set_override(tx, user_id=user_id, day=day, override=body):
        raise ConsultantNotFound
    detail = {"day": day.isoformat(), **body.model_dump(mode="json")}
    await _note(tx, "consultant.override_set", user_id, actor=actor, detail=detail, now=now, origin=origin)


async def unset_override(
    tx: Connection, *, user_id: UUID, day: date, actor: Actor, now: datetime, origin: Origin
) -> None:
    """Let one date be like the week again; one that is already stays so."""
    if await hours_queries.unset_override(tx, user_id=user_id, day=day):
        detail = {"day": day.isoformat()}
        await _note(tx, "consultant.override_unset", user_id, actor=actor, detail=detail, now=now, origin=origin)


async def _note(
    tx: Connection, action: str, user_id: UUID, *, actor: Actor, detail: Mapping[str, object], now: datetime,
    origin: Origin,
) -> None:  # fmt: skip
    act = Act(action=action, subject_kind="USER", subject_id=user_id, actor_id=actor.user_id, detail=detail)
    await record(tx, act, now=now, origin=origin)


async def list_slots(
    connection: Connection, *, actor: Actor, asked: SlotsIn, storefront: Storefront, now: datetime
) -> Slots:
    """Free times, soonest first; on equal times by consultant's name.

    Raises InvalidInput, OrderNotFound, ConsultantNotFound (no such consultant, or without hours).
    """
    _check_days(asked)
    only = await _consultant_asked_for(connection, asked, actor)
    zone = ZoneInfo(asked.zone or storefront.time_zone)
    consultants = await hours_queries.list_consultants(
        connection, first=asked.from_day - DAY, last=asked.to_day + DAY, only=only
    )
    if only is not None and not consultants:
        raise ConsultantNotFound
    taken = await hours_queries.list_taken(
        connection, consultants=consultants, first=asked.from_day, last=asked.to_day, now=now
    )
    rules = storefront.consultations
    items = [
        _slot(start, consultant, zone, rules)
        for consultant in consultants
        for start in _free(consultant, taken[consultant.id], asked, now=now, rules=rules)
        if asked.from_day <= local_date(start, zone.key) <= asked.to_day
    ]
    items.sort(key=lambda slot: (slot.starts_at, slot.consultant_name, slot.consultant_id))
    return Slots(zone=zone.key, duration=rules.minutes, items=items)


def _check_days(asked: SlotsIn) -> None:
    if not timedelta(0) <= asked.to_day - asked.from_day < MAX_SLOT_DAYS * DAY:
        raise InvalidInput.at("to", f"must lie 0 to {MAX_SLOT_DAYS - 1} days after `from`")
    if asked.from_day.year < 2000 or asked.to_day.year > 2200:
        raise InvalidInput.at("from", "is not a day that can be booked")
    if (asked.consultant_id is None) == (asked.order_id is None):
        raise InvalidInput.at("order_id", "send either `order_id` or `consultant_id`")


async def _consultant_asked_for(connection: Connection, asked: SlotsIn, actor: Actor) -> UUID | None:
    if asked.order_id is None:
        return asked.consultant_id
    return await queries.get_consultant_of_order(connection, order_id=asked.order_id, actor=actor)


def _free(
    consultant: Consultant, taken: Taken, asked: SlotsIn, *, now: datetime, rules: ConsultationRules
) -> Sequence[datetime]:
    """A day of the reader's is parts of up to three of the consultant's."""
    first, days = asked.from_day - DAY, (asked.to_day - asked.from_day).days + 3
    zone = consultant.calendar.zone.key
    return free_starts(
        consultant.calendar, [first + number * DAY for number in range(days)], taken=taken.steps,
        sessions=Counter(local_date(start, zone) for start in taken.starts), now=now, rules=rules,
    )  # fmt: skip


def _slot(start: datetime, consultant: Consultant, zone: ZoneInfo, rules: ConsultationRules) -> Slot:
    return Slot(
        starts_at=start,
        ends_at=start + timedelta(minutes=rules.minutes),
        local_starts_at=start.astimezone(zone).isoformat(timespec="minutes"),
        consultant_id=consultant.id,
        consultant_name=consultant.name,
    )
