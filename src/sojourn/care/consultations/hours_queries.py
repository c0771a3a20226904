"""Every statement on consultants' hours, and on what is taken of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sojourn.care.consultations.models import ConsultantHours, DayHours, Override, OverrideIn, Weekday
from sojourn.care.consultations.rules import Calendar
from sojourn.platform.db.database import Connection, Row
from sojourn.platform.kit.ids import new_id

_LOCK_CONSULTANT = "SELECT name FROM users WHERE id = $1 AND role = 'CONSULTANT' AND is_active FOR SHARE"
# Whoever has hours is stock: one at a time.
_INSERT_RESOURCE = """
INSERT INTO resources (id, kind, owner_id, name, capacity, created_at) VALUES ($1, 'APPOINTMENT', $2, $3, 1, $4)
ON CONFLICT (kind, owner_id) DO UPDATE SET name = excluded.name
RETURNING id
"""
_SET_WEEK = """
INSERT INTO consultant_hours (user_id, resource_id, time_zone, weekly, updated_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (user_id) DO UPDATE
   SET time_zone = excluded.time_zone, weekly = excluded.weekly, updated_at = excluded.updated_at
"""
_SET_OVERRIDE = """
INSERT INTO consultant_overrides (user_id, day, hours, reason) SELECT user_id, $2, $3, $4 FROM consultant_hours
 WHERE user_id = $1
ON CONFLICT (user_id, day) DO UPDATE SET hours = excluded.hours, reason = excluded.reason
RETURNING day
"""
_UNSET_OVERRIDE = "DELETE FROM consultant_overrides WHERE user_id = $1 AND day = $2 RETURNING day"
_FIND_WEEK = """
SELECT u.id AS consultant_id, u.name AS consultant_name, h.time_zone, h.weekly
  FROM users u LEFT JOIN consultant_hours h ON h.user_id = u.id
 WHERE u.id = $1 AND u.role = 'CONSULTANT'
"""
_LIST_OVERRIDES = """
SELECT user_id, day, hours, reason FROM consultant_overrides
 WHERE user_id = ANY ($1) AND day BETWEEN $2 AND $3 ORDER BY user_id, day
"""
_LIST_CALENDARS = """
SELECT h.user_id, u.name, h.resource_id, h.time_zone, h.weekly
  FROM consultant_hours h JOIN users u ON u.id = h.user_id AND u.is_active AND u.role = 'CONSULTANT'
 WHERE $1::uuid IS NULL OR h.user_id = $1 ORDER BY u.name, h.user_id
"""
_LIST_TAKEN = """
SELECT resource_id, day, minute FROM claims
 WHERE resource_id = ANY ($1) AND day BETWEEN $2 AND $3 AND released_at IS NULL
   AND (expires_at IS NULL OR expires_at > $4)
"""
_LIST_SESSIONS = """
SELECT consultant_id, scheduled_at FROM consultations
 WHERE consultant_id = ANY ($1) AND scheduled_at >= $2 AND scheduled_at < $3 AND status <> 'CANCELLED'
"""
FAR = date(9999, 12, 31)


@dataclass(frozen=True, slots=True, kw_only=True)
class Consultant:
    """An active consultant with hours."""

    id: UUID
    name: str
    resource_id: UUID
    calendar: Calendar


@dataclass(frozen=True, slots=True)
class Taken:
    """What is claimed of a consultant's time in grid steps, UTC, and when their sessions begin."""

    steps: frozenset[datetime]
    starts: tuple[datetime, ...]


async def lock_consultant(tx: Connection, *, user_id: UUID) -> str | None:
    """The name of an active consultant, who stays one until the transaction ends."""
    name: str | None = await tx.fetchval(_LOCK_CONSULTANT, user_id)
    return name


async def set_week(
    tx: Connection, *, user_id: UUID, name: str, time_zone: str, weekly: Mapping[Weekday, Sequence[DayHours]],
    now: datetime,
) -> None:  # fmt: skip
    """Put a week in place of the one that stood; the first one makes the consultant bookable."""
    resource_id = await tx.fetchval(_INSERT_RESOURCE, new_id(), user_id, name, now)
    stored = {day.value: _as_json(hours) for day, hours in weekly.items() if hours}
    await tx.execute(_SET_WEEK, user_id, resource_id, time_zone, stored, now)


async def set_override(tx: Connection, *, user_id: UUID, day: date, override: OverrideIn) -> bool:
    """False when the consultant has no hours to differ from."""
    arguments = (user_id, day, _as_json(override.hours), override.reason)
    return await tx.fetchval(_SET_OVERRIDE, *arguments) is not None


async def unset_override(tx: Connection, *, user_id: UUID, day: date) -> bool:
    """False when that day did not differ."""
    return await tx.fetchval(_UNSET_OVERRIDE, user_id, day) is not None


async def find_hours(
    connection: Connection, *, user_id: UUID, since: date, default_zone: str
) -> ConsultantHours | None:
    """A consultant's hours, empty when none were ever set. None for who is no consultant."""
    row = await connection.fetchrow(_FIND_WEEK, user_id)
    if row is None:
        return None
    overrides = await connection.fetch(_LIST_OVERRIDES, [user_id], since, FAR)
    return ConsultantHours(
        consultant_id=row["consultant_id"],
        consultant_name=row["consultant_name"],
        time_zone=row["time_zone"] or default_zone,
        weekly={day: _hours(row["weekly"][day]) for day in Weekday if day in (row["weekly"] or {})},
        overrides=[Override(day=o["day"], hours=_hours(o["hours"]), reason=o["reason"]) for o in overrides],
    )


async def list_consultants(
    connection: Connection, *, first: date, last: date, only: UUID | None = None
) -> list[Consultant]:
    """Active consultants with their hours on the days around `first` to `last`."""
    rows = await connection.fetch(_LIST_CALENDARS, only)
    beyond = timedelta(days=1)
    overrides = await connection.fetch(_LIST_OVERRIDES, [row["user_id"] for row in rows], first - beyond, last + beyond)
    return [_consultant(row, [o for o in overrides if o["user_id"] == row["user_id"]]) for row in rows]


def _consultant(row: Row, overrides: Sequence[Row]) -> Consultant:
    calendar = Calendar(
        zone=ZoneInfo(row["time_zone"]),
        weekly={Weekday(day): _hours(hours) for day, hours in row["weekly"].items()},
        overrides={o["day"]: _hours(o["hours"]) for o in overrides},
    )
    return Consultant(id=row["user_id"], name=row["name"], resource_id=row["resource_id"], calendar=calendar)


async def list_taken(
    connection: Connection, *, consultants: Sequence[Consultant], first: date, last: date, now: datetime
) -> dict[UUID, Taken]:
    """What is taken of each consultant's time on the UTC days around `first` to `last`, by the consultant's id."""
    since, until = first - timedelta(days=2), last + timedelta(days=2)
    claims = await connection.fetch(_LIST_TAKEN, [c.resource_id for c in consultants], since, until, now)
    sessions = await connection.fetch(_LIST_SESSIONS, [c.id for c in consultants], _midnight(since), _midnight(until))
    return {
        c.id: Taken(
            frozenset(_instant(row) for row in claims if row["resource_id"] == c.resource_id),
            tuple(row["scheduled_at"] for row in sessions if row["consultant_id"] == c.id),
        )
        for c in consultants
    }


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _instant(claim: Row) -> datetime:
    return _midnight(claim["day"]) + timedelta(minutes=claim["minute"])


def _as_json(hours: Sequence[DayHours]) -> list[dict[str, Any]]:
    return [entry.model_dump() for entry in hours]


def _hours(stored: Sequence[Mapping[str, Any]]) -> list[DayHours]:
    return [DayHours.model_validate(entry) for entry in stored]
