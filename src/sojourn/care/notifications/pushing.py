"""A push on its way: written from its row, handed to the push service for one device."""

from typing import TYPE_CHECKING
from uuid import UUID

from sojourn.care.devices.queries import delete_dead, find_token
from sojourn.care.notifications.mailing import brand_of
from sojourn.care.notifications.mails import MailContext
from sojourn.care.notifications.models import Sent, Waiting
from sojourn.platform.http.context import Runtime
from sojourn.platform.kit.lazily import lazily
from sojourn.providers.push.port import DeadToken, OutgoingPush, PushRefused
from sojourn.providers.work import Work

if TYPE_CHECKING:
    from sojourn.care.notifications import rendering
else:
    rendering = lazily("sojourn.care.notifications.rendering")


async def send_push(work: Work, waiting: Waiting, context: MailContext) -> Sent:
    """A device whose token turns out dead is forgotten.

    Raises PushRefused, also for a device that is gone or has another owner by now, and PushUnavailable.
    """
    service, device_id = work.vendors.push, UUID(waiting.recipient)
    if service is None:
        raise PushRefused("no push service is set up", code="push_not_offered")
    async with work.runtime.db.read() as connection:
        token = await find_token(connection, device_id, user_id=waiting.user_id)
    if token is None:
        raise PushRefused("the device is gone", code="device_gone")
    try:
        provider_id = await service.send(_compose(work.runtime, waiting, context, token=token))
    except DeadToken:
        async with work.runtime.db.unit_of_work() as tx:
            await delete_dead(tx, device_id, token=token)
        raise
    return Sent(provider=service.name, provider_id=provider_id)


def _compose(runtime: Runtime, waiting: Waiting, context: MailContext, *, token: str) -> OutgoingPush:
    rendered = rendering.render_push(context=context, language=waiting.language, brand=brand_of(runtime))
    return OutgoingPush(
        token=token,
        title=rendered.title,
        body=rendered.body,
        link=rendered.link,
        data={
            "kind": waiting.kind.value,
            "subject_id": str(waiting.subject_id),
            "notification_id": str(waiting.id),
        },
        key=str(waiting.id),
    )
