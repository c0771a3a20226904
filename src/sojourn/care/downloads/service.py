"""Delivering what was bought: links, the one that opens first, and what an admin forgives."""

from datetime import datetime
from uuid import UUID

from sojourn.care.documents import links
from sojourn.care.documents.errors import FileLinkInvalid
from sojourn.care.downloads import queries
from sojourn.care.downloads.errors import DownloadLimitReached, DownloadNotFound, DownloadsNotAvailable
from sojourn.care.downloads.models import (
    BoughtService,
    DownloadItem,
    DownloadLink,
    Offered,
    OrderDownloads,
    Ticket,
)
from sojourn.care.downloads.rules import read_part, write_part
from sojourn.people.auth.access import Actor, find_standing
from sojourn.platform.audit.trail import Act, record
from sojourn.platform.db.database import Connection
from sojourn.platform.errors import NotAllowed
from sojourn.platform.http.context import Origin
from sojourn.platform.kit.ids import new_id
from sojourn.platform.storefront import Storefront
from sojourn.sales.orders import queries as orders
from sojourn.sales.orders.delivery import complete_delivered
from sojourn.sales.orders.models import OrderStatus

PURPOSE = b"download:"


async def list_downloads(connection: Connection, *, id_or_number: str, actor: Actor, limit: int) -> OrderDownloads:
    """What an order delivers, and how often each file may still be fetched. Raises OrderNotFound, DownloadNotFound."""
    bought = await queries.get_bought(connection, id_or_number=id_or_number, actor=actor)
    offered = await queries.list_offered(connection, bought=bought)
    return OrderDownloads(
        order_id=bought.id,
        order_number=bought.order_number,
        is_available=bought.is_available,
        items=[_item(one, limit) for one in offered],
    )


def _item(offered: Offered, limit: int) -> DownloadItem:
    return DownloadItem(
        file_id=offered.id,
        file_name=offered.file_name,
        mime_type=offered.mime_type,
        file_size=offered.file_size,
        version=offered.version,
        used=offered.used,
        remaining=max(limit - offered.used, 0),
        last_downloaded_at=offered.last_opened_at,
    )


async def make_link(
    connection: Connection, *, id_or_number: str, file_id: UUID, actor: Actor, limit: int, address: str, secret: str,
    now: datetime,
) -> DownloadLink:  # fmt: skip
    """A link to one file of an own order. It counts when it is opened, not before.

    Raises OrderNotFound, DownloadNotFound, NotAllowed (an admin), DownloadsNotAvailable, DownloadLimitReached.
    """
    bought = await queries.get_bought(connection, id_or_number=id_or_number, actor=actor)
    if bought.user_id != actor.user_id:
        raise NotAllowed
    offered = await queries.get_offered(connection, bought=bought, file_id=file_id)
    _check_available(bought)
    _check_limit(offered.used, limit)
    part = write_part(offered.id, new_id())
    link = links.make_link(owner_id=bought.id, actor_id=actor.user_id, part=part, now=now)
    return DownloadLink(
        url=f"{address}downloads/{links.write_token(link, secret=secret, purpose=PURPOSE)}",
        file_name=offered.file_name,
        mime_type=offered.mime_type,
        remaining=limit - offered.used,
        expires_at=link.expires_at,
    )


def read_ticket(token: str, *, secret: str, now: datetime) -> Ticket:
    """What a link is for. Raises FileLinkInvalid, FileLinkExpired."""
    link = links.read_token(token, secret=secret, now=now, purpose=PURPOSE)
    file_id, download_id = read_part(link.part)
    return Ticket(order_id=link.owner_id, user_id=link.actor_id, file_id=file_id, download_id=download_id)


async def find_delivery(connection: Connection, *, ticket: Ticket) -> tuple[Actor, BoughtService, Offered]:
    """Whom a link serves with what. Raises FileLinkInvalid: account or file are gone; DownloadsNotAvailable."""
    buyer = await find_standing(connection, ticket.user_id)
    if buyer is None:
        raise FileLinkInvalid
    bought = await queries.get_bought(connection, id_or_number=str(ticket.order_id), actor=buyer)
    _check_available(bought)
    try:
        return buyer, bought, await queries.get_offered(connection, bought=bought, file_id=ticket.file_id)
    except DownloadNotFound as fault:
        raise FileLinkInvalid from fault


async def deliver(
    tx: Connection, *, ticket: Ticket, buyer: Actor, offered: Offered, storefront: Storefront, now: datetime,
    origin: Origin,
) -> None:  # fmt: skip
    """Count a link's first opening; the first of an order completes it, and with that nothing is refundable any more.

    The order's row is locked as for its cancellation: of a refund and a download at once, one finds the other done.
    Raises DownloadsNotAvailable, DownloadLimitReached.
    """
    order = await orders.lock_visible(tx, id_or_number=str(ticket.order_id), actor=buyer)
    bought = await queries.get_bought(tx, id_or_number=str(ticket.order_id), actor=buyer)
    _check_available(bought)
    if await queries.is_opened(tx, download_id=ticket.download_id):
        return
    used = await queries.count_used(tx, order_id=order.id, file_id=offered.id)
    _check_limit(used, storefront.rules.downloads_per_file)
    await queries.insert_download(tx, download_id=ticket.download_id, order_id=order.id, offered=offered, now=now)
    act = Act(
        action="download.delivered", subject_kind="ORDER", subject_id=order.id, actor_id=buyer.user_id,
        reference=order.order_number,
        detail={"file_id": offered.id, "version": offered.version, "download_id": ticket.download_id, "used": used + 1},
    )  # fmt: skip
    await record(tx, act, now=now, origin=origin)
    if order.status is OrderStatus.CONFIRMED:
        await complete_delivered(tx, order=order, storefront=storefront, now=now, origin=origin)


async def forgive(
    tx: Connection, *, id_or_number: str, file_id: UUID, admin: Actor, now: datetime, origin: Origin
) -> None:
    """Let a buyer fetch a file as often as on the first day. Raises OrderNotFound, DownloadNotFound."""
    bought = await queries.get_bought(tx, id_or_number=id_or_number, actor=admin)
    await queries.get_offered(tx, bought=bought, file_id=file_id)
    forgiven = await queries.forgive(tx, order_id=bought.id, file_id=file_id)
    act = Act(
        action="download.forgiven", subject_kind="ORDER", subject_id=bought.id, actor_id=admin.user_id,
        reference=bought.order_number, detail={"file_id": file_id, "downloads": forgiven},
    )  # fmt: skip
    await record(tx, act, now=now, origin=origin)


def _check_available(bought: BoughtService) -> None:
    if not bought.is_available:
        raise DownloadsNotAvailable(details={"status": bought.status.value})


def _check_limit(used: int, limit: int) -> None:
    if used >= limit:
        raise DownloadLimitReached(details={"most": limit})
