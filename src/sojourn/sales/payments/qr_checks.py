"""Asking about KHQR codes: nobody tells us that one was paid.

Each code has its own clock in `qr_codes.next_check_at`. A job follows it closely, a timer sweeps up what the job left,
and the payer's own look at the payment asks as well; all of it ends in `settlement.py`.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog

from sojourn.platform.db.database import Connection
from sojourn.platform.http.context import SYSTEM_ORIGIN, Context, Origin, Runtime
from sojourn.platform.jobs.queue import NewJob, enqueue
from sojourn.platform.kit.money import ZERO
from sojourn.providers.payments.port import ProviderError, ProviderUnavailable
from sojourn.providers.payments.qr_port import QrProvider, QrTransfer
from sojourn.providers.work import Work
from sojourn.sales.effects import ASK_ABOUT_QRS, staff_alert
from sojourn.sales.payments import qr_queries, queries
from sojourn.sales.payments.models import Charge, Payment, PaymentMethod, StatusOut
from sojourn.sales.payments.payable import Payables, Purchase
from sojourn.sales.payments.rules import FIRST_QUESTION_AFTER, next_question, sweeps_up
from sojourn.sales.payments.settlement import Arrival, settle

logger = structlog.get_logger(__name__)

BATCH: Final = 50


async def ask_about_due(work: Work, *, payables: Payables) -> int:
    """Ask about the codes whose time has come. Returns how many were found paid.

    Raises ProviderRefused when the provider will not answer us at all: somebody must look at our token.
    """
    qr = work.vendors.qr
    if qr is None:
        return 0
    now = work.runtime.clock.now()
    async with work.runtime.db.unit_of_work() as tx:
        due = await qr_queries.lock_due(tx, now=now, limit=BATCH)
        upcoming = [
            next_question(now=now, expires_at=code.expires_at, checks=code.checks, is_captured=code.is_captured)
            for code in due
        ]
        await qr_queries.mark_asked(tx, payment_ids=[code.payment_id for code in due], next_check_at=upcoming, now=now)
    if not due:
        return 0
    try:
        transfers = await qr.check(digests=[code.digest for code in due])
    except ProviderUnavailable as fault:
        logger.warning("codes could not be asked about", codes=len(due), code=fault.code)
        return 0
    return await _settle_all(work.runtime, transfers, qr=qr, payables=payables, origin=SYSTEM_ORIGIN)


async def ask_about_all(work: Work, *, payables: Payables) -> int:
    """Ask at once about every code that may still be paid, whenever its time would have come. Returns how many were
    found paid. Raises as `ask_about_due` does."""
    if work.vendors.qr is None:
        return 0
    now = work.runtime.clock.now()
    async with work.runtime.db.unit_of_work() as tx:
        await qr_queries.bring_forward(tx, now=now)
    found = 0
    while True:
        found += await ask_about_due(work, payables=payables)
        async with work.runtime.db.read() as connection:
            earliest = await qr_queries.find_earliest(connection)
        if earliest is None or earliest > now:
            return found


async def follow(work: Work, *, payables: Payables) -> None:
    """Ask about what is due, and come back when the next code is, if that is soon; the timer sees to the others."""
    await ask_about_due(work, payables=payables)
    now = work.runtime.clock.now()
    async with work.runtime.db.unit_of_work() as tx:
        earliest = await qr_queries.find_earliest(tx)
        if earliest is not None and not sweeps_up(now=now, at=earliest):
            # One at a time: whoever else follows a code of this second is queued already.
            key = f"{ASK_ABOUT_QRS}-{earliest:%Y%m%d%H%M%S}"
            await enqueue(tx, NewJob(kind=ASK_ABOUT_QRS, after=max(earliest - now, FIRST_QUESTION_AFTER), key=key))


async def look(
    ctx: Context, *, qr: QrProvider | None, payables: Payables, user_id: UUID, payment_id: UUID
) -> StatusOut:
    """How the payment stands, after asking the provider about its code; at most once in two seconds, however many look.

    Whatever the provider's fault, the answer is how we know it to stand. Raises PaymentNotFound.
    """
    async with ctx.read() as connection:
        standing = await qr_queries.get_standing(connection, payment_id=payment_id, user_id=user_id)
        is_asking = (
            qr is not None
            and standing.provider == qr.name
            and standing.captured_amount == ZERO
            and standing.next_check_at is not None
            and await qr_queries.mark_looked(
                connection, payment_id=payment_id, before=ctx.now() - FIRST_QUESTION_AFTER, now=ctx.now()
            )
        )
    if qr is not None and is_asking and standing.digest is not None:
        try:
            transfers = await qr.check(digests=[standing.digest])
        except ProviderError as fault:
            logger.warning("a code could not be asked about", payment_id=str(payment_id), code=fault.code)
        else:
            await _settle_all(ctx.runtime, transfers, qr=qr, payables=payables, origin=ctx.origin)
            async with ctx.read() as connection:
                standing = await qr_queries.get_standing(connection, payment_id=payment_id, user_id=user_id)
    return StatusOut(
        payment_id=standing.payment_id,
        status=standing.status,
        disposition=standing.disposition,
        paid_at=standing.paid_at,
        expires_at=standing.expires_at,
    )


async def _settle_all(
    runtime: Runtime, transfers: Mapping[str, QrTransfer], *, qr: QrProvider, payables: Payables, origin: Origin
) -> int:
    """Each in a transaction of its own: one that fails keeps none of the others from its purchase."""
    failed: Exception | None = None
    for digest, transfer in transfers.items():
        try:
            async with runtime.db.unit_of_work() as tx:
                await note_transfer(
                    tx, runtime=runtime, qr=qr, payables=payables, digest=digest, transfer=transfer, origin=origin
                )
        except Exception as fault:
            logger.exception("a transfer was not settled", md5=digest, transfer=transfer.id)
            failed = fault
    if failed is not None:
        raise failed
    return len(transfers)


async def note_transfer(
    tx: Connection, *, runtime: Runtime, qr: QrProvider, payables: Payables, digest: str, transfer: QrTransfer,
    origin: Origin,
) -> None:  # fmt: skip
    """Settle what came by a code. A transfer that was settled before changes nothing; another one by the same code is
    money of its own. Whatever went to another account is none of ours: the desk is told."""
    now = runtime.clock.now()
    payment = await queries.find_by_intent(tx, provider=qr.name, intent_id=digest)
    if payment is None or payment.provider_charge_id == transfer.id:
        return
    code = await qr_queries.get_code(tx, payment_id=payment.id)
    if code.account_id != transfer.to_account:
        details = {
            "reference": payment.reference, "account": transfer.to_account, "expected": code.account_id,
            "transfer": transfer.id,
        }  # fmt: skip
        alert = staff_alert("A KHQR code was paid to another account", subject_id=payment.id, details=details)
        await enqueue(tx, alert)
        return
    intent_id = digest
    purchase = await payables.of(payment.purchase_kind).lock(tx, purchase_id=payment.purchase_id, now=now)
    payment = await queries.lock_payment(tx, payment_id=payment.id)
    if payment.captured_amount > ZERO and purchase is not None:
        if payment.provider_charge_id == transfer.id:
            return
        intent_id = await _open_second(tx, qr=qr, first=payment, purchase=purchase, transfer=transfer, now=now)
    else:
        await qr_queries.note_payer(tx, payment_id=payment.id, payer_account=transfer.from_account)
    arrival = Arrival(
        provider=qr.name, intent_id=intent_id, amount=transfer.amount, currency=transfer.currency, is_live=qr.is_live,
        charged_at=transfer.sent_at, charge_id=transfer.id, event=None, origin=origin,
    )  # fmt: skip
    await settle(tx, arrival=arrival, payables=payables, storefront=runtime.storefront, now=now)


async def _open_second(
    tx: Connection, *, qr: QrProvider, first: Payment, purchase: Purchase, transfer: QrTransfer, now: datetime
) -> str:
    """A payment row for money that came again by a code that was paid before, named by its transfer."""
    if await queries.find_by_intent(tx, provider=qr.name, intent_id=transfer.id) is None:
        charge = Charge(amount=first.amount, currency=first.currency, purchase_amount=first.purchase_amount)
        payment_id = await queries.insert_payment(
            tx, purchase=purchase, charge=charge, provider=qr.name, method=PaymentMethod.BAKONG_QR,
            is_live=qr.is_live, now=now, intent_id=transfer.id, closed_at=now,
        )  # fmt: skip
        await qr_queries.copy_code(
            tx, payment_id=first.id, to_payment_id=payment_id, payer_account=transfer.from_account
        )
    return transfer.id
