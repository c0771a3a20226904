"""Links with which a customer hands documents in without signing in."""

import hashlib
from datetime import datetime, timedelta
from typing import Final

from sojourn.care.documents import answers, queries
from sojourn.care.documents.errors import OrderClosed, UploadLinkInvalid
from sojourn.care.documents.models import Target, UploadLink, UploadPage
from sojourn.people.auth.access import Actor
from sojourn.platform.audit.trail import Act, record
from sojourn.platform.db.database import Connection
from sojourn.platform.http.context import Origin
from sojourn.platform.kit.ids import new_secret
from sojourn.platform.storefront import Storefront

LIFE: Final = timedelta(days=14)


async def make_link(
    tx: Connection, *, id_or_number: str, actor: Actor, storefront: Storefront, now: datetime, origin: Origin
) -> UploadLink:
    """A link to one order's checklist; it ends the earlier one. Raises OrderNotFound, OrderClosed."""
    target = await queries.get_target_at_desk(tx, id_or_number=id_or_number, actor=actor)
    if not target.is_open:
        raise OrderClosed(details={"order_number": target.order_number})
    token, expires_at = new_secret(), now + LIFE
    await queries.put_link(
        tx, order_id=target.order_id, token_hash=_hash(token), staff_id=actor.user_id, now=now, expires_at=expires_at
    )
    act = Act(
        action="document.upload_link_made", subject_kind="ORDER", subject_id=target.order_id, actor_id=actor.user_id,
        reference=target.order_number,
    )  # fmt: skip
    await record(tx, act, now=now, origin=origin)
    return UploadLink(url=f"{storefront.frontend_url}/uploads/{token}", token=token, expires_at=expires_at)


async def get_target(connection: Connection, *, token: str, now: datetime) -> Target:
    """The open order behind a link. Raises UploadLinkInvalid."""
    target = await queries.find_target_of_link(connection, token_hash=_hash(token), now=now)
    if target is None:
        raise UploadLinkInvalid
    return target


async def get_page(connection: Connection, *, token: str, storefront: Storefront, now: datetime) -> UploadPage:
    """What is to be handed in, and nothing about the customer. Raises UploadLinkInvalid."""
    target = await get_target(connection, token=token, now=now)
    return UploadPage(
        agency=storefront.name,
        order_number=target.order_number,
        title=target.title,
        expires_at=await queries.get_link_expiry(connection, token_hash=_hash(token)),
        items=await answers.list_items(connection, order_id=target.order_id),
    )


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
