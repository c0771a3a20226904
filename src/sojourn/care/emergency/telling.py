"""Telling the desk: by mail, on the devices of its admins, and over the agency's own webhook."""

from typing import Any
from uuid import UUID

from sojourn.care.devices.queries import list_targets_of
from sojourn.care.emergency import queries
from sojourn.care.emergency.contacts import read_directory
from sojourn.care.emergency.effects import News
from sojourn.care.emergency.models import Alert, AlertStatus, Caller
from sojourn.care.notifications.mails import EmergencyAlert
from sojourn.care.notifications.models import Channel, Outgoing, Recipient
from sojourn.care.notifications.queries import insert_many
from sojourn.care.notifications.service import enqueue_deliveries
from sojourn.platform.db.database import Connection
from sojourn.platform.i18n import Language
from sojourn.platform.jobs.queue import Payload
from sojourn.platform.storefront import Storefront
from sojourn.providers.work import Work


async def tell(work: Work, payload: Payload) -> None:
    """Tell the desk of an alert for the `level`-th time. From the second on not when somebody has acknowledged it
    meanwhile; of the first always: who calls off at once may have to."""
    alert_id, level = UUID(payload["alert_id"]), int(payload["level"])
    now, storefront = work.runtime.clock.now(), work.runtime.storefront
    async with work.runtime.db.unit_of_work() as tx:
        alert = await queries.find_alert(tx, alert_id)
        if alert is None or (level > 1 and alert.status is not AlertStatus.OPEN):
            return
        caller = await queries.get_caller(tx, alert.user_id)
        context = _letter(alert, caller, level=level, storefront=storefront)
        kept = await insert_many(
            tx, await _readers(tx, level=level, storefront=storefront), contexts=dict.fromkeys(Language, context),
            subject_id=alert.id, occasion=str(level), now=now,
        )  # fmt: skip
        await enqueue_deliveries(tx, kept)


async def _readers(tx: Connection, *, level: int, storefront: Storefront) -> list[Outgoing]:
    """Support by mail and every admin's devices; from the second time on admins and the further contacts by mail."""
    admins = await queries.list_admins(tx)
    addresses = [storefront.support_email, *(storefront.emergency.escalation_emails if level > 1 else ())]
    mailed = [Recipient(user_id=None, email=email, name=None, language=Language.EN) for email in addresses]
    mailed += admins if level > 1 else []
    mails = [Outgoing(channel=Channel.MAIL, to=to, recipient=to.email, language=to.language) for to in mailed]
    by_id = {admin.user_id: admin for admin in admins}
    pushes = [
        Outgoing(
            channel=Channel.PUSH,
            to=by_id[target.user_id],
            recipient=str(target.device_id),
            language=target.language or by_id[target.user_id].language,
        )
        for target in await list_targets_of(tx, [admin_id for admin_id in by_id if admin_id])
    ]
    return mails + pushes


def _letter(alert: Alert, caller: Caller, *, level: int, storefront: Storefront) -> EmergencyAlert:
    return EmergencyAlert(
        alert_type=alert.alert_type.value,
        level=level,
        raised_at=alert.created_at,
        traveler_name=caller.name,
        traveler_phone=caller.phone,
        emergency_contact=_contact_of(caller),
        province=_province(alert, storefront),
        message=alert.message or None,
        link=alert.map_url,
        alert_url=f"{storefront.frontend_url}/admin/emergency/{alert.id}",
    )


def _province(alert: Alert, storefront: Storefront) -> str | None:
    province = read_directory(storefront.catalogue).provinces.get(alert.province or "")
    return province.en if province else None


def _contact_of(caller: Caller) -> str | None:
    said = [text for text in (caller.emergency_contact_name, caller.emergency_contact_phone) if text]
    return ", ".join(said) or None


async def call_webhook(work: Work, payload: Payload) -> None:
    """Deliver one piece of news, with the alert as it stands now, where the agency has a webhook.

    Raises AlarmUnavailable for the queue to try again: the receiver knows a repeat by its id.
    """
    alarm, alert_id = work.vendors.alarm, UUID(payload["alert_id"])
    if alarm is None:
        return
    async with work.runtime.db.read() as connection:
        alert = await queries.find_alert(connection, alert_id)
        if alert is None:
            return
        caller = await queries.get_caller(connection, alert.user_id)
    news, level = News(payload["news"]), int(payload["level"])
    await alarm.sound(
        f"{alert.id}:{news}:{level}", kind=news, data=_data(alert, caller, level=level), at=work.runtime.clock.now()
    )


def _data(alert: Alert, caller: Caller, *, level: int) -> dict[str, Any]:
    return {
        "id": str(alert.id),
        "alert_type": alert.alert_type.value,
        "status": alert.status.value,
        "level": level,
        "lat": alert.latitude,
        "lng": alert.longitude,
        "accuracy": alert.accuracy_m,
        "map_url": alert.map_url,
        "province": alert.province,
        "message": alert.message,
        "created_at": alert.created_at.isoformat(),
        "traveler": {
            "id": str(caller.user_id),
            "name": caller.name,
            "phone": caller.phone,
            "country": caller.country,
            "preferred_language": caller.language.value,
            "emergency_contact_name": caller.emergency_contact_name,
            "emergency_contact_phone": caller.emergency_contact_phone,
        },
    }
