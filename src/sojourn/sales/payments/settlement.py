"""Settlement: what happens when money arrives. One transaction: payment, purchase, points, trail and jobs.

Webhooks, `confirm` calls, the reconciliation timer and the questions about KHQR codes all end here, so that it does not
matter which comes first, how often, or in which order (docs/payments.md).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from operator import attrgetter
from uuid import UUID

from sojourn.platform.db.database import Connection, mirror_after_commit
from sojourn.platform.db.gathering import LOCK_PATIENCE_MS
from sojourn.platform.db.together import Bundle, Write, write_together
from sojourn.platform.http.context import Origin
from sojourn.platform.inbox.events import InboxEvent, keep_handled
from sojourn.platform.jobs.queue import Effect, announce, enqueue, queued
from sojourn.platform.kit.money import ZERO
from sojourn.platform.redis.port import Change
from sojourn.platform.storefront import Storefront
from sojourn.providers.payments.port import ProviderIntent, from_minor
from sojourn.sales.effects import (
    CANCEL_INTENT,
    DUPLICATE_PAYMENT_REFUNDED,
    LATE_PAYMENT_REFUNDED,
    PAYMENT_RETURNED,
    READ_CARD,
    effect,
    staff_alert,
)
from sojourn.sales.events import payment_returned, payment_succeeded, subject_of
from sojourn.sales.payments import queries
from sojourn.sales.payments.models import Disposition, Payment, PaymentMethod, RefundCause
from sojourn.sales.payments.payable import Captured, Paid, Payable, Payables, PlainPayable, Purchase
from sojourn.sales.payments.payouts import hand_over
from sojourn.sales.payments.rules import REFUND_DISPOSITION, Verdict, is_late, judge
from sojourn.sales.purchases import PurchaseKind

ALREADY_HANDLED = "already_handled"
CUSTOMER_MAIL = {
    Disposition.LATE: LATE_PAYMENT_REFUNDED,
    Disposition.DUPLICATE: DUPLICATE_PAYMENT_REFUNDED,
    Disposition.CANCELLED_PURCHASE: PAYMENT_RETURNED,
    Disposition.MISMATCH: PAYMENT_RETURNED,
}
PAID: Mapping[str, int] = {"paid": 1}
# Where the metadata of our intents name the purchase (`intents.py` writes them).
_NAMED_IN = {
    PurchaseKind.BOOKING: "booking_id",
    PurchaseKind.BOOKING_CHANGE: "change_id",
    PurchaseKind.ORDER: "order_id",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """Money that the provider says has arrived, under the id by which it and we know the payment.

    `event` is None when we asked rather than were told. `metadata` name the purchase, and lead to a payment whose id we
    never learnt.
    """

    provider: str
    intent_id: str
    amount: Decimal
    currency: str
    is_live: bool
    charged_at: datetime
    charge_id: str | None
    event: InboxEvent | None
    origin: Origin
    card: tuple[str | None, str | None, str | None] = (None, None, None)
    client_secret: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


def arrival_of(
    intent: ProviderIntent, *, provider: str, event: InboxEvent | None, reported_at: datetime, origin: Origin
) -> Arrival:
    """What a succeeded intent has brought."""
    return Arrival(
        provider=provider,
        intent_id=intent.id,
        amount=from_minor(intent.amount_received_minor, intent.currency),
        currency=intent.currency,
        is_live=intent.is_live,
        charged_at=intent.charged_at or reported_at,
        charge_id=intent.charge_id,
        event=event,
        origin=origin,
        card=(intent.card_brand, intent.card_last4, intent.card_fingerprint),
        client_secret=intent.client_secret,
        metadata=intent.metadata,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Money that we were told of, and all that judging it needs."""

    arrival: Arrival
    payables: Payables
    storefront: Storefront
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainSettlement:
    """What settling a payment writes (if it is `sure`) and sets going, and how Redis follows."""

    purchase_id: UUID
    writes: Sequence[Write]
    sure: Mapping[str, int]
    effects: Sequence[Effect]
    mirrored: Sequence[Change]


async def settle(tx: Connection, *, arrival: Arrival, payables: Payables, storefront: Storefront, now: datetime) -> str:
    """Settle money that has arrived; a word for what came of it. Safe to call any number of times: ALREADY_HANDLED
    when its event had been handled before."""
    found = await _lock_both(tx, arrival, payables, now)
    if found is None:
        return await _unknown(tx, arrival, storefront, now)
    payable, purchase, payment = found
    if payment.captured_amount > ZERO:
        return await _closed(tx, arrival, "already_settled", now)
    verdict = _verdict_on(arrival, purchase, payment)
    if verdict is Verdict.REVIVE and await payable.revive(tx, purchase=purchase, now=now):
        verdict = Verdict.CONFIRM
    if verdict is Verdict.CONFIRM:
        return await _apply(tx, arrival, payable, purchase, payment, storefront, now)
    return await _send_back(tx, arrival, purchase, payment, verdict, now)


async def judge_plainly(connection: Connection, told: Sequence[Told]) -> list[PlainSettlement | None]:
    """`settle` without a lock, where money pays for a purchase as it was asked for and nothing else is to be done: what
    is to be written is the same. None for each that has to be settled under locks."""
    found = await _find_plain(connection, told)
    return [_judged(one, *found[n]) if n in found else None for n, one in enumerate(told)]


async def settle_plainly(connection: Connection, settlements: Sequence[PlainSettlement]) -> list[bool]:
    """Write all of them in one round trip, if purchases and payments are still as they were judged to be.

    False for each whose purchase is settled by another of them. Raises ChangedMeanwhileError: one has to be settled
    under locks, after all, and nothing is written.
    """
    of_purchase = {settlement.purchase_id: settlement for settlement in reversed(settlements)}
    in_order = sorted(of_purchase.values(), key=attrgetter("purchase_id"))
    effects = [effect for settlement in in_order for effect in settlement.effects]
    # Events last: nothing that another transaction may hold is to be locked after them.
    all_queued = queued(*effects)
    nothing_queued = replace(all_queued, arguments=[[] for _column in all_queued.arguments])
    queueing = [*[nothing_queued] * (len(in_order) - 1), all_queued]
    bundles = [
        Bundle([*settlement.writes, to_queue], settlement.sure)
        for settlement, to_queue in zip(in_order, queueing, strict=True)
    ]
    await write_together(connection, *bundles, lock_timeout_ms=LOCK_PATIENCE_MS if len(bundles) > 1 else None)
    for settlement in in_order:
        mirror_after_commit(*settlement.mirrored)
    announce(*effects)
    return [of_purchase[settlement.purchase_id] is settlement for settlement in settlements]


def _judged(told: Told, payable: PlainPayable, purchase: Purchase, payment: Payment) -> PlainSettlement | None:
    arrival, now = told.arrival, told.now
    is_open = payment.captured_amount == ZERO and payment.closed_at is None
    if not is_open or _verdict_on(arrival, purchase, payment) is not Verdict.CONFIRM:
        return None
    captured = _captured(arrival, purchase, payment)
    plain = payable.confirm_plainly(purchase=purchase, captured=captured, storefront=told.storefront, now=now)
    if plain is None:
        return None
    effects = _effects(arrival, purchase, payment, plain.effects, now)
    return PlainSettlement(
        purchase_id=purchase.id, writes=(*plain.writes, _money(arrival, payment, Disposition.APPLIED, now)),
        sure={**plain.sure, **PAID}, effects=effects, mirrored=plain.mirrored,
    )  # fmt: skip


def _verdict_on(arrival: Arrival, purchase: Purchase, payment: Payment) -> Verdict:
    verdict = judge(
        state=purchase.state,
        amount_due=payment.amount,
        currency_due=payment.currency,
        is_live_expected=payment.is_live,
        amount=arrival.amount,
        currency=arrival.currency,
        is_live=arrival.is_live,
    )
    if verdict in (Verdict.CONFIRM, Verdict.REVIVE) and payment.due != purchase.amount_due:
        return Verdict.REFUND_MISMATCH  # the purchase was repriced after this was asked for
    return verdict


async def _find_plain(
    connection: Connection, told: Sequence[Told]
) -> dict[int, tuple[PlainPayable, Purchase, Payment]]:
    """The purchase that its metadata name and this payment of it, as they stand, for each where they are to be had."""
    asked: dict[PlainPayable, dict[int, Paid]] = {}
    for n, one in enumerate(told):
        named = _named(one.arrival)
        payable = one.payables.plain(named[0]) if named else None
        if named is not None and payable is not None:
            paid = Paid(named[1], one.arrival.provider, one.arrival.intent_id)
            asked.setdefault(payable, {})[n] = paid
    found: dict[int, tuple[PlainPayable, Purchase, Payment]] = {}
    for payable, wanted in asked.items():
        there = await payable.find_with_payments(connection, paid=list({*wanted.values()}), now=told[0].now)
        found |= {n: (payable, *there[paid]) for n, paid in wanted.items() if paid in there}
    return found


async def _lock_both(
    tx: Connection, arrival: Arrival, payables: Payables, now: datetime
) -> tuple[Payable, Purchase, Payment] | None:
    """The purchase, then its payment: the lock law of money. None when the money is not for us."""
    found = await _lock_named(tx, arrival, payables, now)
    if found is not None:
        return found
    payment = await queries.find_by_intent(tx, provider=arrival.provider, intent_id=arrival.intent_id)
    if payment is None:
        payment = await _adopt(tx, arrival, now)
    if payment is None:
        return None
    payable = payables.of(payment.purchase_kind)
    purchase = await payable.lock(tx, purchase_id=payment.purchase_id, now=now)
    if purchase is None:
        return None
    return payable, purchase, await queries.lock_payment(tx, payment_id=payment.id)


async def _lock_named(
    tx: Connection, arrival: Arrival, payables: Payables, now: datetime
) -> tuple[Payable, Purchase, Payment] | None:
    """The purchase that the metadata name, if this is a payment of it: the short way, where they are ours."""
    named = _named(arrival)
    if named is None:
        return None
    kind, purchase_id = named
    payable = payables.of(kind)
    purchase = await payable.lock(tx, purchase_id=purchase_id, now=now)
    if purchase is None:
        return None
    payment = await queries.lock_payment_of(
        tx, purchase_id=purchase_id, provider=arrival.provider, intent_id=arrival.intent_id
    )
    return (payable, purchase, payment) if payment else None


def _named(arrival: Arrival) -> tuple[PurchaseKind, UUID] | None:
    kind = next((kind for kind in _NAMED_IN if kind == arrival.metadata.get("purchase_kind")), None)
    purchase_id = _as_id(arrival.metadata.get(_NAMED_IN[kind])) if kind else None
    return (kind, purchase_id) if kind and purchase_id else None


def _as_id(named: str | None) -> UUID | None:
    try:
        return UUID(named or "")
    except ValueError:
        return None


async def _adopt(tx: Connection, arrival: Arrival, now: datetime) -> Payment | None:
    """An intent whose making was interrupted before we kept its id: its metadata name our payment."""
    payment_id = _as_id(arrival.metadata.get("payment_id"))
    if payment_id is None:
        return None
    await queries.attach_intent(
        tx, payment_id=payment_id, intent_id=arrival.intent_id, client_secret=arrival.client_secret, now=now
    )
    return await queries.find_by_intent(tx, provider=arrival.provider, intent_id=arrival.intent_id)


async def _apply(
    tx: Connection, arrival: Arrival, payable: Payable, purchase: Purchase, payment: Payment, storefront: Storefront,
    now: datetime,
) -> str:  # fmt: skip
    await write_together(tx, Bundle([_money(arrival, payment, Disposition.APPLIED, now)], PAID))
    captured = _captured(arrival, purchase, payment)
    confirmed = await payable.confirm(tx, purchase=purchase, captured=captured, storefront=storefront, now=now)
    effects = _effects(arrival, purchase, payment, confirmed, now)
    if payment.closed_at is not None:
        # Another way to pay had taken this one's place: nobody should pay by that one any more.
        closed = await queries.close_open_payments(tx, purchase_ids=[purchase.id], code="superseded", now=now)
        effects += [effect(CANCEL_INTENT, payment_id=payment_id) for payment_id in closed]
    await enqueue(tx, *effects)
    return Disposition.APPLIED


def _captured(arrival: Arrival, purchase: Purchase, payment: Payment) -> Captured:
    late = is_late(charged_at=arrival.charged_at, expires_at=purchase.expires_at)
    return Captured(payment_id=payment.id, amount=purchase.amount_due, currency=purchase.currency, is_late=late)


def _effects(
    arrival: Arrival, purchase: Purchase, payment: Payment, confirmed: Sequence[Effect], now: datetime
) -> list[Effect]:
    """What money that was applied sets going, with what its purchase sets going."""
    effects = [payment_succeeded(payment, subject_of(purchase), at=now), *confirmed]
    if payment.method is PaymentMethod.CARD and arrival.card[1] is None:
        effects.append(effect(READ_CARD, payment_id=payment.id))  # a webhook names the charge, not the card
    return effects


async def _send_back(
    tx: Connection, arrival: Arrival, purchase: Purchase, payment: Payment, verdict: Verdict, now: datetime
) -> str:
    """Money that buys nothing goes back in full, at once, and the customer or the desk hears of it."""
    disposition = REFUND_DISPOSITION[verdict]
    await write_together(tx, Bundle([_money(arrival, payment, disposition, now)], PAID))
    refund = await queries.insert_refund(
        tx, payment=payment, amount=arrival.amount, currency=arrival.currency, cause=RefundCause(disposition),
        reason=None, requested_by=None, now=now,
    )  # fmt: skip
    effects: list[Effect] = [
        payment_returned(payment, subject_of(purchase), disposition=disposition, at=now),
        await hand_over(tx, payment=payment, refund=refund, now=now),
        effect(CUSTOMER_MAIL[disposition], payment_id=payment.id),
    ]
    was_in_time = not is_late(charged_at=arrival.charged_at, expires_at=purchase.expires_at)
    if disposition is Disposition.MISMATCH or (disposition is Disposition.LATE and was_in_time):
        details = {
            "reference": purchase.reference, "disposition": disposition.value, "received": f"{arrival.amount:.2f}",
            "received_in": arrival.currency, "due": f"{payment.amount:.2f}", "currency": payment.currency,
            "intent": arrival.intent_id,
        }  # fmt: skip
        effects.append(
            staff_alert("A payment could not be applied and is being refunded", subject_id=payment.id, details=details)
        )
    await enqueue(tx, *effects)
    return disposition


def _money(arrival: Arrival, payment: Payment, disposition: Disposition, now: datetime) -> Write:
    """What is written of the money itself."""
    return queries.captured(
        payment=payment, amount=arrival.amount, currency=arrival.currency, disposition=disposition,
        paid_at=arrival.charged_at, now=now, charge_id=arrival.charge_id, card=arrival.card, event=arrival.event,
        origin=arrival.origin,
    )  # fmt: skip


async def _unknown(tx: Connection, arrival: Arrival, storefront: Storefront, now: datetime) -> str:
    """Money under an intent we do not know. If its metadata claim to be ours a person must look."""
    outcome = await _closed(tx, arrival, "unknown_intent", now)
    if outcome != ALREADY_HANDLED and arrival.metadata.get("storefront") == storefront.key:
        details = {"intent": arrival.intent_id, "amount": f"{arrival.amount:.2f}", "currency": arrival.currency}
        subject = UUID(int=int.from_bytes(arrival.intent_id.encode()[-16:]))
        await enqueue(tx, staff_alert("Money arrived for an unknown payment", subject_id=subject, details=details))
    return outcome


async def _closed(tx: Connection, arrival: Arrival, outcome: str, now: datetime) -> str:
    if arrival.event is not None and not await keep_handled(tx, arrival.event, outcome=outcome, now=now):
        return ALREADY_HANDLED
    return outcome
