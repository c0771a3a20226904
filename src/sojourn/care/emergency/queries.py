"""Every statement on `emergency_alerts`, but for its end with the account (`people/users/queries.py`)."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sojourn.care.emergency.errors import AlertNotFound
from sojourn.care.emergency.models import (
    Alert,
    AlertAtDesk,
    AlertFilters,
    AlertIn,
    AlertOut,
    AlertStatus,
    AlertTraveler,
    AlertType,
    Caller,
    Position,
)
from sojourn.care.notifications.models import Recipient
from sojourn.platform.db.database import Connection, Row
from sojourn.platform.i18n import Language
from sojourn.platform.kit.ids import new_id
from sojourn.platform.kit.wire import SortByTime

_COLUMNS = """a.id, a.user_id, a.alert_type, a.status, a.latitude, a.longitude, a.accuracy_m, a.positioned_at,
       a.province, a.message, a.repeats, a.level, a.escalates_at, a.created_at, a.acknowledged_at, a.acknowledged_by,
       a.resolved_at, a.resolved_by, a.resolution_note, a.cancelled_at"""
_CALLER = """u.name, u.email, u.phone, u.country, u.preferred_language AS language, u.emergency_contact_name,
       u.emergency_contact_phone"""
# Not the row in `users`: that one may be held for long by something slower than a call for help may wait.
_TAKE_TURN = "SELECT pg_advisory_xact_lock(hashtext('emergency'), hashtext($1::uuid::text))"
_FIND_RECENT = f"""
SELECT {_COLUMNS} FROM emergency_alerts a
 WHERE a.user_id = $1 AND a.status IN ('OPEN', 'ACKNOWLEDGED') AND a.raised_at > $2
 ORDER BY a.created_at DESC, a.id DESC LIMIT 1
"""
_INSERT = f"""
INSERT INTO emergency_alerts AS a (id, user_id, alert_type, latitude, longitude, accuracy_m, positioned_at, province,
                                   message, level, escalates_at, raised_at, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1, $10, $11, $11, $11)
RETURNING {_COLUMNS}
"""
# What was not said stays. $2 type, $3 to $5 position, $6 province, $7 message, $8 whether it is a repeat, $9 now.
_UPDATE = f"""
UPDATE emergency_alerts a
   SET alert_type = coalesce($2, a.alert_type), latitude = coalesce($3, a.latitude),
       longitude = coalesce($4, a.longitude),
       accuracy_m = CASE WHEN $3::float8 IS NULL THEN a.accuracy_m ELSE $5 END,
       positioned_at = CASE WHEN $3::float8 IS NULL THEN a.positioned_at ELSE $9 END,
       province = CASE WHEN $3::float8 IS NULL THEN a.province ELSE $6 END,
       message = coalesce($7, a.message), repeats = a.repeats + $8::boolean::integer,
       raised_at = CASE WHEN $8::boolean THEN $9 ELSE a.raised_at END, updated_at = $9
 WHERE a.id = $1
RETURNING {_COLUMNS}
"""
_FIND = f"SELECT {_COLUMNS} FROM emergency_alerts a WHERE a.id = $1"
_LOCK = f"{_FIND} FOR UPDATE"
_ACKNOWLEDGE = """
UPDATE emergency_alerts SET status = 'ACKNOWLEDGED', acknowledged_at = $2, acknowledged_by = $3, updated_at = $2
 WHERE id = $1
"""
_RESOLVE = """
UPDATE emergency_alerts
   SET status = 'RESOLVED', resolved_at = $2, resolved_by = $3, resolution_note = $4, updated_at = $2,
       acknowledged_at = coalesce(acknowledged_at, $2), acknowledged_by = coalesce(acknowledged_by, $3)
 WHERE id = $1
"""
_CANCEL = "UPDATE emergency_alerts SET status = 'CANCELLED', cancelled_at = $2, updated_at = $2 WHERE id = $1"
# One statement: of two who come at once, the second finds the next time already set.
_ESCALATE = """
UPDATE emergency_alerts
   SET level = level + 1, updated_at = $2,
       escalates_at = $2 + CASE WHEN level = 0 THEN $3::interval ELSE $4::interval END
 WHERE id = $1 AND status = 'OPEN' AND escalates_at <= $2
RETURNING level
"""
_LIST_DUE = """
SELECT id FROM emergency_alerts WHERE status = 'OPEN' AND escalates_at <= $1 ORDER BY escalates_at, id LIMIT $2
"""
_LIST_OWN = f"""
SELECT {_COLUMNS} FROM emergency_alerts a
 WHERE a.user_id = $1 ORDER BY a.created_at DESC, a.id DESC LIMIT $2 OFFSET $3
"""
_COUNT_OWN = "SELECT count(*) FROM emergency_alerts WHERE user_id = $1"
_ORDERS = {SortByTime.NEWEST: "a.created_at DESC, a.id DESC", SortByTime.OLDEST: "a.created_at, a.id"}
_LISTS_AT_DESK = {
    sort: f"""
WITH page AS (
    SELECT * FROM emergency_alerts a WHERE ($1::text IS NULL OR status = $1) ORDER BY {order} LIMIT $2 OFFSET $3
)
SELECT {_COLUMNS}, {_CALLER} FROM page a JOIN users u ON u.id = a.user_id ORDER BY {order}
"""
    for sort, order in _ORDERS.items()
}
_COUNT_AT_DESK = "SELECT count(*) FROM emergency_alerts WHERE ($1::text IS NULL OR status = $1)"
_GET_AT_DESK = f"SELECT {_COLUMNS}, {_CALLER} FROM emergency_alerts a JOIN users u ON u.id = a.user_id WHERE a.id = $1"
_GET_CALLER = f"SELECT u.id AS user_id, {_CALLER} FROM users u WHERE u.id = $1"
_LIST_ADMINS = """
SELECT id, email, name, preferred_language FROM users WHERE role = 'ADMIN' AND is_active ORDER BY id
"""
_FORGET_POSITIONS = """
UPDATE emergency_alerts SET latitude = NULL, longitude = NULL, accuracy_m = NULL, positioned_at = NULL, updated_at = $2
 WHERE id IN (SELECT id FROM emergency_alerts
               WHERE latitude IS NOT NULL AND coalesce(positioned_at, created_at) <= $1
               ORDER BY id LIMIT $3 FOR UPDATE SKIP LOCKED)
"""
_COUNT_POSITIONS = """
SELECT count(*) FILTER (WHERE coalesce(positioned_at, created_at) <= $1) AS due,
       count(*) FILTER (WHERE coalesce(positioned_at, created_at) > $1) AS young
  FROM emergency_alerts WHERE latitude IS NOT NULL
"""


def _alert(row: Row) -> Alert:
    values = {name: row[name] for name in Alert.__slots__}
    typed = {"alert_type": AlertType(row["alert_type"]), "status": AlertStatus(row["status"])}
    return Alert(**values | typed)


def _place(position: Position | None) -> tuple[float | None, float | None, float | None]:
    if position is None:
        return None, None, None
    return position.latitude, position.longitude, position.accuracy_m


async def take_turn(tx: Connection, *, user_id: UUID) -> None:
    """One call of a traveller after the other, until the transaction ends."""
    await tx.execute(_TAKE_TURN, user_id)


async def find_recent(connection: Connection, *, user_id: UUID, since: datetime) -> Alert | None:
    """The traveller's alert that is not ended and was raised, or repeated, after `since`."""
    row = await connection.fetchrow(_FIND_RECENT, user_id, since)
    return _alert(row) if row else None


async def insert_alert(
    tx: Connection, *, user_id: UUID, body: AlertIn, province: str | None, escalates_at: datetime, now: datetime
) -> Alert:
    """A new alert that the desk is being told of."""
    position = body.position
    row = await tx.fetchrow(
        _INSERT, new_id(), user_id, body.alert_type, *_place(position), now if position else None, province,
        body.message or None, escalates_at, now,
    )  # fmt: skip
    return _alert(row)


async def update_alert(
    tx: Connection, alert_id: UUID, *, alert_type: AlertType | None, position: Position | None, province: str | None,
    message: str | None, is_repeat: bool, now: datetime,
) -> Alert:  # fmt: skip
    """Write what was said now; what was not said stays."""
    row = await tx.fetchrow(_UPDATE, alert_id, alert_type, *_place(position), province, message, is_repeat, now)
    return _alert(row)


async def find_alert(connection: Connection, alert_id: UUID) -> Alert | None:
    row = await connection.fetchrow(_FIND, alert_id)
    return _alert(row) if row else None


async def get_own(connection: Connection, alert_id: UUID, *, user_id: UUID) -> Alert:
    """Raises `AlertNotFound`, also for somebody else's."""
    found = await find_alert(connection, alert_id)
    if found is None or found.user_id != user_id:
        raise AlertNotFound
    return found


async def lock_alert(tx: Connection, alert_id: UUID) -> Alert:
    """Raises `AlertNotFound`."""
    row = await tx.fetchrow(_LOCK, alert_id)
    if row is None:
        raise AlertNotFound
    return _alert(row)


async def acknowledge(tx: Connection, alert_id: UUID, *, by: UUID, now: datetime) -> None:
    await tx.execute(_ACKNOWLEDGE, alert_id, now, by)


async def resolve(tx: Connection, alert_id: UUID, *, by: UUID, note: str, now: datetime) -> None:
    await tx.execute(_RESOLVE, alert_id, now, by, note)


async def cancel(tx: Connection, alert_id: UUID, *, now: datetime) -> None:
    await tx.execute(_CANCEL, alert_id, now)


async def escalate(tx: Connection, alert_id: UUID, *, first: timedelta, every: timedelta, now: datetime) -> int | None:
    """One level further where it is time: the new level. None when it is not, or nobody needs to be told any more.
    The next one is due `first` after the first telling, `every` after any other."""
    level: int | None = await tx.fetchval(_ESCALATE, alert_id, now, first, every)
    return level


async def list_due(connection: Connection, *, now: datetime, limit: int) -> list[UUID]:
    """Alerts of which the desk must be told, the longest overdue first."""
    return [row["id"] for row in await connection.fetch(_LIST_DUE, now, limit)]


async def list_own(
    connection: Connection, *, user_id: UUID, limit: int, offset: int
) -> tuple[list[AlertOut], int]:  # fmt: skip
    """One page, newest first, and how many there are in all."""
    rows = await connection.fetch(_LIST_OWN, user_id, limit, offset)
    total: int = await connection.fetchval(_COUNT_OWN, user_id)
    return [AlertOut(**_alert(row).fields()) for row in rows], total


async def list_at_desk(connection: Connection, *, filters: AlertFilters) -> tuple[list[AlertAtDesk], int]:
    """One page, and how many there are in all."""
    rows = await connection.fetch(_LISTS_AT_DESK[filters.sort], filters.status, filters.per_page, filters.offset)
    total: int = await connection.fetchval(_COUNT_AT_DESK, filters.status)
    return [_at_desk(row) for row in rows], total


async def get_at_desk(connection: Connection, alert_id: UUID) -> AlertAtDesk:
    """Raises `AlertNotFound`."""
    row = await connection.fetchrow(_GET_AT_DESK, alert_id)
    if row is None:
        raise AlertNotFound
    return _at_desk(row)


def _at_desk(row: Row) -> AlertAtDesk:
    alert = _alert(row)
    more: dict[str, Any] = {name: row[name] for name in ("level", "acknowledged_by", "resolved_by", "resolution_note")}
    traveler = AlertTraveler(
        id=row["user_id"], name=row["name"], email=row["email"], phone=row["phone"], country=row["country"],
        preferred_language=Language(row["language"]), emergency_contact_name=row["emergency_contact_name"],
        emergency_contact_phone=row["emergency_contact_phone"],
    )  # fmt: skip
    return AlertAtDesk(
        **alert.fields(),
        **more,
        traveler=traveler,
        map_url=alert.map_url,
        escalates_at=alert.escalates_at if alert.status is AlertStatus.OPEN else None,
    )


async def get_caller(connection: Connection, user_id: UUID) -> Caller:
    """Raises LookupError for an account that never was."""
    row = await connection.fetchrow(_GET_CALLER, user_id)
    if row is None:
        raise LookupError(f"user {user_id} is gone")
    return Caller(**dict(row) | {"language": Language(row["language"])})


async def list_admins(connection: Connection) -> list[Recipient]:
    """The staff who are told of alerts."""
    return [
        Recipient(user_id=row["id"], email=row["email"], name=row["name"], language=Language(row["preferred_language"]))
        for row in await connection.fetch(_LIST_ADMINS)
    ]


async def forget_positions(tx: Connection, *, older_than: datetime, now: datetime, limit: int) -> int:
    """Forget where travellers were; how many positions went."""
    done = str(await tx.execute(_FORGET_POSITIONS, older_than, now, limit))
    return int(done.removeprefix("UPDATE "))


async def count_positions(connection: Connection, *, older_than: datetime) -> tuple[int, int]:
    """How many positions would go now, and how many stay."""
    row = await connection.fetchrow(_COUNT_POSITIONS, older_than)
    assert row is not None  # noqa: S101 - an aggregate always answers
    return row["due"], row["young"]
