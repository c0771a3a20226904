"""Cancelling an order: what comes back, and doing it."""

from datetime import datetime

from sojourn.people.auth.access import Actor
from sojourn.platform.audit.trail import Act, record
from sojourn.platform.db.database import Connection
from sojourn.platform.errors import NotAllowed
from sojourn.platform.http.context import Origin
from sojourn.platform.jobs.queue import enqueue
from sojourn.platform.kit.money import ZERO
from sojourn.platform.storefront import SalesRules
from sojourn.sales import events
from sojourn.sales.effects import CANCEL_INTENT, ORDER_CANCELLED, effect
from sojourn.sales.loyalty import service as loyalty
from sojourn.sales.loyalty.rules import points_to_give_back, points_to_take_back
from sojourn.sales.orders import queries
from sojourn.sales.orders.errors import QuoteChanged, TransitionNotAllowed
from sojourn.sales.orders.models import (
    CancelIn,
    CancellationPreview,
    EventKind,
    MoneySoFar,
    Order,
    OrderStatus,
)
from sojourn.sales.orders.rules import (
    FINISHED,
    QUOTE_LIFE,
    RefundTerms,
    quote_deadline,
    quote_id,
    refund_terms,
    refunded_share,
)
from sojourn.sales.payments.models import RefundCause
from sojourn.sales.payments.queries import close_open_payments, lock_applied_payments
from sojourn.sales.payments.refunds import request_over
from sojourn.sales.referrals import service as referrals


async def preview(connection: Connection, *, id_or_number: str, actor: Actor, now: datetime) -> CancellationPreview:
    """What cancelling now would bring `actor`: an admin cancels for the agency. Changes nothing.

    Raises OrderNotFound, TransitionNotAllowed (finished orders).
    """
    order = await queries.get_visible(connection, id_or_number=id_or_number, actor=actor)
    _check_open(order)
    money = await queries.get_money(connection, order_id=order.id)
    terms = terms_of(order, money, by_agency=actor.is_admin)
    valid_until = (now + QUOTE_LIFE).replace(microsecond=0)
    points_returned, points_taken_back = _points(order, money, terms)
    return CancellationPreview(
        order_id=order.id,
        refund_stage=order.refund_stage,
        refund_percent=terms.percent,
        refund_amount=terms.amount,
        non_refundable_amount=terms.non_refundable,
        currency=order.currency,
        points_returned=points_returned,
        points_taken_back=points_taken_back,
        quote_id=quote_id(order_id=order.id, version=order.version, terms=terms, valid_until=valid_until),
        valid_until=valid_until,
    )


async def cancel_order(
    tx: Connection, *, id_or_number: str, actor: Actor, body: CancelIn, rules: SalesRules, now: datetime,
    origin: Origin,
) -> None:  # fmt: skip
    """Cancel as the owner, by the stage of the work, or as an admin, for the agency.

    Raises OrderNotFound, NotAllowed (its consultant), TransitionNotAllowed, QuoteChanged.
    """
    order = await queries.lock_visible(tx, id_or_number=id_or_number, actor=actor)
    if not (actor.is_admin or order.user_id == actor.user_id):
        raise NotAllowed
    await cancel_locked(
        tx, order=order, actor=actor, quote=body.quote_id, reason=body.reason, rules=rules, now=now, origin=origin
    )


async def cancel_locked(
    tx: Connection, *, order: Order, actor: Actor, quote: str | None, reason: str | None, rules: SalesRules,
    now: datetime, origin: Origin,
) -> None:  # fmt: skip
    """Cancel an order whose row is locked: money, points, history, trail and mails."""
    _check_open(order)
    money = await queries.get_money(tx, order_id=order.id)
    terms = terms_of(order, money, by_agency=actor.is_admin)
    _check_quote(order, terms, quote, now)
    await queries.cancel(tx, order_id=order.id, reason=reason, now=now)
    await queries.insert_event(
        tx, order_id=order.id, kind=EventKind.STATUS, from_status=order.status, to_status=OrderStatus.CANCELLED,
        actor_id=actor.user_id, now=now,
    )  # fmt: skip
    act = Act(
        action="order.cancelled", subject_kind="ORDER", subject_id=order.id, actor_id=actor.user_id,
        amount=terms.amount, currency=order.currency, reference=order.order_number,
        detail={"by_agency": actor.is_admin, "stage": order.refund_stage.value, "percent": terms.percent},
    )  # fmt: skip
    await record(tx, act, now=now, origin=origin)
    await referrals.note_cancelled(tx, purchase_id=order.id, now=now)
    closed = await close_open_payments(tx, purchase_ids=[order.id], code="purchase_cancelled", now=now)
    if terms.amount > ZERO:
        payments = await lock_applied_payments(tx, purchase_ids=[order.id])
        await request_over(
            tx, payments=payments, amount=terms.amount, cause=RefundCause.CANCELLATION, requested_by=actor.user_id,
            now=now, origin=origin,
        )  # fmt: skip
    await _return_points(tx, order, money, terms, rules, now)
    told = events.order_event(
        events.ORDER_CANCELLED, user_id=order.user_id, order_id=order.id, reference=order.order_number,
        status=OrderStatus.CANCELLED, at=now,
    )  # fmt: skip
    mail = effect(ORDER_CANCELLED, order_id=order.id)
    await enqueue(tx, mail, told, *(effect(CANCEL_INTENT, payment_id=one) for one in closed))


async def _return_points(
    tx: Connection, order: Order, money: MoneySoFar, terms: RefundTerms, rules: SalesRules, now: datetime
) -> None:
    """Spent and earned points go back in the proportion of the cash. What is kept was earned: nothing else frees it."""
    if order.status is OrderStatus.PENDING:
        if order.loyalty_points_used:
            await loyalty.release(tx, purchase_id=order.id)
        return
    refunded = money.refunded_or_pending + terms.amount
    if order.loyalty_points_used:
        share = refunded_share(refunded=refunded, captured=money.captured)
        await loyalty.give_back(tx, purchase_id=order.id, fraction=share, now=now, rules=rules)
    await loyalty.take_back(tx, purchase_id=order.id, refunded=refunded, captured=money.captured, now=now)
    await loyalty.mature(tx, purchase_id=order.id, now=now, rules=rules)


def _check_open(order: Order) -> None:
    if order.status in FINISHED:
        raise TransitionNotAllowed(
            details={"from": order.status.value, "to": OrderStatus.CANCELLED.value, "allowed": []}
        )


def terms_of(order: Order, money: MoneySoFar, *, by_agency: bool) -> RefundTerms:
    """What cancelling the order would bring, by its stage, or for the agency."""
    return refund_terms(
        service_type=order.service_type,
        stage=order.refund_stage,
        is_delivered=order.first_delivered_at is not None,
        by_agency=by_agency,
        captured=money.captured,
        government_fee=order.government_fee,
        already_refunded=money.refunded_or_pending,
    )


def _points(order: Order, money: MoneySoFar, terms: RefundTerms) -> tuple[int, int]:
    """Points that come back, and points taken back."""
    if order.status is OrderStatus.PENDING:
        return order.loyalty_points_used, 0
    captured, before = money.captured, money.refunded_or_pending
    share = refunded_share(refunded=before + terms.amount, captured=captured)
    earned = order.loyalty_points_earned
    taken = points_to_take_back(earned=earned, refunded=before + terms.amount, captured=captured)
    taken_before = points_to_take_back(earned=earned, refunded=before, captured=captured)
    return points_to_give_back(spent=order.loyalty_points_used, fraction=share), taken - taken_before


def _check_quote(order: Order, terms: RefundTerms, quote: str | None, now: datetime) -> None:
    if quote is None:
        return
    deadline = quote_deadline(quote)
    if (
        deadline is None
        or now > deadline
        or quote != quote_id(order_id=order.id, version=order.version, terms=terms, valid_until=deadline)
    ):
        details = {
            "refund_percent": terms.percent,
            "refund_amount": f"{terms.amount:.2f}",
            "currency": order.currency,
        }
        raise QuoteChanged(details=details)
