"""Mails about orders of services."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sojourn.care.notifications import sources
from sojourn.care.notifications.mails import (
    CaseNews,
    ConsultantAssigned,
    MailContext,
    Onboarding,
    OrderCancelled,
    OrderStatusChanged,
)
from sojourn.care.notifications.models import Letter
from sojourn.care.notifications.service import keep
from sojourn.catalog.services.models import RefundStage, ServiceType
from sojourn.platform.db.database import Connection, Row
from sojourn.platform.i18n import Language, pick
from sojourn.platform.jobs.queue import Payload
from sojourn.platform.storefront import Storefront
from sojourn.providers.work import Work

Titles = Sequence[Mapping[str, Mapping[str, str]]]


async def order_onboarding(work: Work, payload: Payload) -> None:
    """What the customer has to provide and how the work proceeds, in the language of the purchase."""
    async with work.runtime.db.unit_of_work() as tx:
        order = await sources.get_order(tx, UUID(payload["order_id"]))
        if order["status"] == "CANCELLED":
            return
        language = Language(order["language"])
        context = Onboarding(
            order_number=order["order_number"],
            service_title=order["title"],
            checklist=_titles(order["checklist"], language),
            next_steps=_titles(order["stages"], language),
            order_url=order_url(work.runtime.storefront, order),
        )
        await keep(tx, order_letter(order, context), now=work.runtime.clock.now())


async def order_status_changed(work: Work, payload: Payload) -> None:
    """One mail for each step of the work."""
    async with work.runtime.db.unit_of_work() as tx:
        order = await sources.get_order(tx, UUID(payload["order_id"]))
        event = await sources.get_order_event(tx, order["id"], int(payload["event_id"]))
        context = OrderStatusChanged(
            order_number=order["order_number"],
            service_title=order["title"],
            old_status=event["from_status"],
            new_status=event["to_status"],
            note=await _note(tx, order["id"], payload),
            order_url=order_url(work.runtime.storefront, order),
        )
        await keep(tx, order_letter(order, context, occasion=str(payload["event_id"])), now=work.runtime.clock.now())


async def case_news(work: Work, payload: Payload) -> None:
    """The case has come to another stage, or somebody has written to the customer: one mail for each."""
    async with work.runtime.db.unit_of_work() as tx:
        order = await sources.get_order(tx, UUID(payload["order_id"]))
        event = await sources.get_order_event(tx, order["id"], int(payload["event_id"]))
        stage = event["stage"]
        context = CaseNews(
            order_number=order["order_number"],
            service_title=order["title"],
            stage=pick(stage["title"], Language(order["language"])) if stage else None,
            is_customers_turn=bool(stage) and stage["refund_stage"] == RefundStage.INFORMATION_MISSING,
            promised_on=event["promised_on"],
            note=event["public_note"] or await _note(tx, order["id"], payload),
            order_url=order_url(work.runtime.storefront, order),
        )
        await keep(tx, order_letter(order, context, occasion=str(payload["event_id"])), now=work.runtime.clock.now())


async def _note(tx: Connection, order_id: UUID, payload: Payload) -> str | None:
    """What was written to the customer together with a step."""
    if "note_id" not in payload:
        return None
    event = await sources.get_order_event(tx, order_id, int(payload["note_id"]))
    note: str | None = event["public_note"]
    return note


async def order_cancelled(work: Work, payload: Payload) -> None:
    """The end of an order, with what comes back."""
    async with work.runtime.db.unit_of_work() as tx:
        order = await sources.get_order(tx, UUID(payload["order_id"]))
        act = await sources.get_act(tx, order["id"], "order.cancelled")
        context = OrderCancelled(
            order_number=order["order_number"],
            service_title=order["title"],
            refund_amount=act["amount"],
            currency=order["currency"],
            reason=order["cancellation_reason"],
        )
        await keep(tx, order_letter(order, context), now=work.runtime.clock.now())


async def consultant_assigned(work: Work, payload: Payload) -> None:
    """Who looks after the order. Nothing when it was taken away again meanwhile."""
    async with work.runtime.db.unit_of_work() as tx:
        order = await sources.get_order(tx, UUID(payload["order_id"]))
        consultant = await sources.find_consultant(tx, order["id"])
        if consultant is None:
            return
        context = ConsultantAssigned(
            order_number=order["order_number"],
            service_title=order["title"],
            consultant_name=consultant["name"],
            consultant_email=consultant["email"],
        )
        await keep(tx, order_letter(order, context, occasion=str(payload["event_id"])), now=work.runtime.clock.now())


def order_url(storefront: Storefront, order: Row) -> str:
    """The order's page; of a guide, the page on which it is fetched."""
    page = "/downloads" if order["service_type"] == ServiceType.DIGITAL else ""
    return f"{storefront.frontend_url}/orders/{order['id']}{page}"


def order_letter(order: Row, context: MailContext, *, occasion: str = "", invoice_id: UUID | None = None) -> Letter:
    return Letter(
        context=context,
        to=sources.customer_of(order),
        subject_id=order["id"],
        occasion=occasion,
        invoice_id=invoice_id,
    )


def _titles(entries: Titles, language: Language) -> tuple[str, ...]:
    return tuple(pick(entry["title"], language) for entry in entries)
