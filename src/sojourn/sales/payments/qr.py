"""Paying by KHQR: a code for exactly what is due, until the hold ends, in dollars or in riel.

The code is made here, so one transaction does it. Nobody can withdraw a code that was shown: `qr_checks.py` asks about
it until it is dead, whatever became of its purchase, and what comes is settled like any other money.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from sojourn.people.auth.access import Actor
from sojourn.platform.db.database import Connection
from sojourn.platform.errors import InvalidInput
from sojourn.platform.http.context import Context
from sojourn.platform.jobs.queue import NewJob, enqueue
from sojourn.providers.payments.port import ProviderError
from sojourn.providers.payments.qr_port import QrProvider
from sojourn.providers.rates.cached import CachedRates
from sojourn.sales.effects import ASK_ABOUT_QRS
from sojourn.sales.payments import qr_queries, queries
from sojourn.sales.payments.errors import ProviderRefusal, QrNotOffered, RateUnknown
from sojourn.sales.payments.models import Charge, Payment, PaymentMethod, QrIn, QrOut
from sojourn.sales.payments.opening import insert_payment, lock_due, supersede
from sojourn.sales.payments.payable import Payables, Purchase
from sojourn.sales.payments.presenting import picture_url
from sojourn.sales.payments.qr_queries import Code
from sojourn.sales.payments.riel import riel_for
from sojourn.sales.payments.rules import FIRST_QUESTION_AFTER

USD, KHR = "USD", "KHR"
# A code about to end is of no use to somebody who still has to open the bank's app.
LEAST_LIFE: Final = timedelta(minutes=1)
LABEL_LENGTH: Final = 8
AS_STORED: Final = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class _Rate:
    khr_per_usd: Decimal
    as_of: datetime


async def create_qr(
    ctx: Context, *, qr: QrProvider | None, rates: CachedRates, payables: Payables, actor: Actor, body: QrIn
) -> QrOut:
    """Open (or find again) the KHQR payment of a purchase; another open way to pay is closed.

    Raises QrNotOffered, RateUnknown, PurchaseNotFound, AlreadyPaid, PurchaseCancelled, HoldExpired, ProviderRefusal.
    """
    if qr is None:
        raise QrNotOffered
    rate = await _get_rate(ctx, rates) if body.currency == KHR else None
    async with ctx.unit_of_work() as tx:
        purchase = await lock_due(ctx, tx, payables=payables, actor=actor, choice=body)
        if purchase.currency != USD:
            raise InvalidInput.at("currency", f"this purchase is paid in {purchase.currency}")
        found = await _find_again(ctx, tx, qr=qr, purchase=purchase, currency=body.currency)
        payment, code = found or await _open(ctx, tx, qr=qr, purchase=purchase, rate=rate)
    return QrOut(
        payment_id=payment.id,
        qr_string=code.payload,
        md5=payment.provider_intent_id or "",
        qr_code_url=picture_url(ctx, payment.id, "png"),
        qr_svg_url=picture_url(ctx, payment.id, "svg"),
        amount=payment.amount,
        currency=payment.currency,
        amount_usd=payment.due,
        exchange_rate=code.exchange_rate,
        rate_as_of=code.rate_as_of,
        status=payment.status,
        expires_at=code.expires_at,
    )


async def _get_rate(ctx: Context, rates: CachedRates) -> _Rate:
    """May ask the vendor of rates, so it comes before the transaction. Raises RateUnknown."""
    reading = await rates.read(cache=ctx.runtime.shared, now=ctx.now())
    if reading is None:
        raise RateUnknown
    return _Rate(reading.value.khr_per_usd.quantize(AS_STORED), reading.as_of)


async def _find_again(
    ctx: Context, tx: Connection, *, qr: QrProvider, purchase: Purchase, currency: str
) -> tuple[Payment, Code] | None:
    """The open payment and its code, if they are still what is asked for; any other open payment is closed."""
    payment = await queries.lock_open_payment(tx, purchase_id=purchase.id)
    if payment is None:
        return None
    if (payment.provider, payment.currency, payment.due) == (qr.name, currency, purchase.amount_due):
        code = await qr_queries.get_code(tx, payment_id=payment.id)
        lasts_as_long = purchase.expires_at is None or code.expires_at == purchase.expires_at
        if lasts_as_long and (purchase.expires_at is not None or code.expires_at - ctx.now() >= LEAST_LIFE):
            return payment, code
    await supersede(ctx, tx, payment)
    return None


async def _open(
    ctx: Context, tx: Connection, *, qr: QrProvider, purchase: Purchase, rate: _Rate | None
) -> tuple[Payment, Code]:
    now = ctx.now()
    charge = Charge(amount=purchase.amount_due, currency=USD)
    if rate is not None:
        riel = riel_for(purchase.amount_due, khr_per_usd=rate.khr_per_usd)
        charge = Charge(amount=riel, currency=KHR, purchase_amount=purchase.amount_due)
    payment = await insert_payment(
        ctx, tx, purchase=purchase, charge=charge, provider=qr.name, is_live=qr.is_live, method=PaymentMethod.BAKONG_QR
    )
    expires_at = purchase.expires_at or now + timedelta(seconds=ctx.storefront.rules.hold_seconds)
    try:
        made = qr.create_qr(
            amount=charge.amount, currency=charge.currency, reference=purchase.reference, label=_label(payment.id),
            created_at=now, expires_at=expires_at,
        )  # fmt: skip
    except ProviderError as fault:
        raise ProviderRefusal(details={"provider_code": fault.code}) from fault
    code = Code(
        payment_id=payment.id, payload=made.payload, account_id=made.account_id,
        exchange_rate=rate.khr_per_usd if rate else None, rate_as_of=rate.as_of if rate else None,
        created_at=now, expires_at=expires_at,
    )  # fmt: skip
    await qr_queries.insert_code(tx, code, next_check_at=now + FIRST_QUESTION_AFTER)
    await queries.attach_intent(tx, payment_id=payment.id, intent_id=made.digest, client_secret=None, now=now)
    await enqueue(tx, NewJob(kind=ASK_ABOUT_QRS, after=FIRST_QUESTION_AFTER, key=f"{ASK_ABOUT_QRS}-{payment.id}"))
    return await queries.get_payment(tx, payment_id=payment.id), code


def _label(payment_id: UUID) -> str:
    """Keeps two codes for one purchase apart even when everything else is the same."""
    return payment_id.hex[-LABEL_LENGTH:].upper()
