"""Calls for help (rules, section 11): raised, repeated, followed, called off; acknowledged and resolved by the desk."""

from datetime import datetime, timedelta
from uuid import UUID

from sojourn.care.emergency import queries
from sojourn.care.emergency.contacts import contacts_for_alert, read_directory
from sojourn.care.emergency.effects import News, call_webhook, event, tell
from sojourn.care.emergency.errors import AlertClosed, AlertNotFound
from sojourn.care.emergency.models import Alert, AlertIn, AlertPatch, AlertStatus, AlertWithContacts, Position
from sojourn.people.auth.access import Actor
from sojourn.platform.audit.trail import Act, ActorKind, record
from sojourn.platform.db.database import Connection
from sojourn.platform.http.context import SYSTEM_ORIGIN, Origin
from sojourn.platform.i18n import Language
from sojourn.platform.jobs.queue import enqueue
from sojourn.platform.storefront import Storefront
from sojourn.sales.effects import staff_alert

CALLED_OFF = "A call for help was called off"


async def raise_alert(
    tx: Connection, *, user_id: UUID, body: AlertIn, storefront: Storefront, now: datetime, origin: Origin
) -> Alert:
    """Keep a call for help and have the desk told of it; one that repeats another within seconds becomes part of it."""
    rules = storefront.emergency
    await queries.take_turn(tx, user_id=user_id)
    since = now - timedelta(seconds=rules.repeat_seconds)
    recent = await queries.find_recent(tx, user_id=user_id, since=since)
    if recent is not None:
        return await queries.update_alert(
            tx, recent.id, alert_type=body.alert_type if "alert_type" in body.model_fields_set else None,
            position=body.position, province=_province(storefront, body.position), message=body.message or None,
            is_repeat=True, now=now,
        )  # fmt: skip
    first = timedelta(seconds=rules.escalate_after_seconds)
    alert = await queries.insert_alert(
        tx, user_id=user_id, body=body, province=_province(storefront, body.position), escalates_at=now + first, now=now
    )
    await _record(tx, "raised", alert.id, actor_id=user_id, now=now, origin=origin)
    await enqueue(tx, *tell(alert.id, level=1, again_in=first))
    return alert


async def follow(
    tx: Connection, *, alert_id: UUID, user_id: UUID, patch: AlertPatch, storefront: Storefront, now: datetime
) -> Alert:
    """The traveller has moved, or has more to say. Raises `AlertNotFound` and `AlertClosed`."""
    await _lock_own(tx, alert_id, user_id=user_id)
    return await queries.update_alert(
        tx, alert_id, alert_type=None, position=patch.position, province=_province(storefront, patch.position),
        message=patch.message or None, is_repeat=False, now=now,
    )  # fmt: skip


async def call_off(
    tx: Connection, *, alert_id: UUID, user_id: UUID, now: datetime, origin: Origin
) -> Alert:  # fmt: skip
    """The traveller is safe; the desk hears of it. Raises `AlertNotFound` and `AlertClosed`."""
    alert = await _lock_own(tx, alert_id, user_id=user_id)
    caller = await queries.get_caller(tx, user_id)
    await queries.cancel(tx, alert_id, now=now)
    await _record(tx, "cancelled", alert_id, actor_id=user_id, now=now, origin=origin)
    details = {"traveller": caller.name, "phone": caller.phone or "unknown", "alert": alert_id}
    await enqueue(
        tx,
        staff_alert(CALLED_OFF, subject_id=alert_id, details=details),
        call_webhook(alert_id, News.CANCELLED, level=alert.level),
        event(News.CANCELLED, user_id=user_id, alert_id=alert_id, status=AlertStatus.CANCELLED, at=now),
    )
    return await queries.get_own(tx, alert_id, user_id=user_id)


async def acknowledge(tx: Connection, *, alert_id: UUID, admin: Actor, now: datetime, origin: Origin) -> None:
    """Somebody looks after it: nobody is told any more. Again by the same person changes nothing.

    Raises `AlertNotFound`, and `AlertClosed` when somebody else was faster or it has ended.
    """
    alert = await queries.lock_alert(tx, alert_id)
    if alert.status is AlertStatus.ACKNOWLEDGED and alert.acknowledged_by == admin.user_id:
        return
    if alert.status is not AlertStatus.OPEN:
        raise AlertClosed(details={"status": alert.status.value})
    await queries.acknowledge(tx, alert_id, by=admin.user_id, now=now)
    await _record(tx, "acknowledged", alert_id, actor_id=admin.user_id, now=now, origin=origin)
    await _announce(tx, alert, News.ACKNOWLEDGED, AlertStatus.ACKNOWLEDGED, now)


async def resolve(
    tx: Connection, *, alert_id: UUID, admin: Actor, note: str, now: datetime, origin: Origin
) -> None:  # fmt: skip
    """It is over; `note` says what was done. Raises `AlertNotFound` and `AlertClosed`."""
    alert = await queries.lock_alert(tx, alert_id)
    if alert.is_ended:
        raise AlertClosed(details={"status": alert.status.value})
    await queries.resolve(tx, alert_id, by=admin.user_id, note=note, now=now)
    await _record(tx, "resolved", alert_id, actor_id=admin.user_id, now=now, origin=origin)
    await _announce(tx, alert, News.RESOLVED, AlertStatus.RESOLVED, now)


async def escalate(tx: Connection, *, alert_id: UUID, storefront: Storefront, now: datetime) -> int | None:
    """Have the desk told once more, if it is time and nobody has acknowledged the alert: the level reached."""
    rules = storefront.emergency
    first, every = (timedelta(seconds=s) for s in (rules.escalate_after_seconds, rules.escalate_every_seconds))
    level = await queries.escalate(tx, alert_id, first=first, every=every, now=now)
    if level is None:
        return None
    await _record(tx, "escalated", alert_id, actor_id=None, now=now, origin=SYSTEM_ORIGIN, detail={"level": level})
    await enqueue(tx, *tell(alert_id, level=level, again_in=first if level == 1 else every))
    return level


async def with_contacts(
    connection: Connection, alert: Alert, *, storefront: Storefront, language: Language
) -> AlertWithContacts:
    """The alert and whom to ring."""
    caller = await queries.get_caller(connection, alert.user_id)
    contacts = contacts_for_alert(
        read_directory(storefront.catalogue), alert_type=alert.alert_type, province=alert.province,
        position=alert.position, country=caller.country, language=language,
    )  # fmt: skip
    return AlertWithContacts(**alert.fields(), contacts=contacts)


async def _lock_own(tx: Connection, alert_id: UUID, *, user_id: UUID) -> Alert:
    alert = await queries.lock_alert(tx, alert_id)
    if alert.user_id != user_id:
        raise AlertNotFound
    if alert.is_ended:
        raise AlertClosed(details={"status": alert.status.value})
    return alert


async def _announce(tx: Connection, alert: Alert, news: News, status: AlertStatus, now: datetime) -> None:
    await enqueue(
        tx,
        call_webhook(alert.id, news, level=alert.level),
        event(news, user_id=alert.user_id, alert_id=alert.id, status=status, at=now),
    )


async def _record(
    tx: Connection, verb: str, alert_id: UUID, *, actor_id: UUID | None, now: datetime, origin: Origin,
    detail: dict[str, int] | None = None,
) -> None:  # fmt: skip
    act = Act(
        action=f"emergency.{verb}", subject_kind="EMERGENCY_ALERT", subject_id=alert_id, actor_id=actor_id,
        actor_kind=ActorKind.SYSTEM if actor_id is None else ActorKind.USER, detail=detail or {},
    )  # fmt: skip
    await record(tx, act, now=now, origin=origin)


def _province(storefront: Storefront, position: Position | None) -> str | None:
    province = read_directory(storefront.catalogue).find_nearest(position)
    return province.key if province else None
