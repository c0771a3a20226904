"""The money path's background work (docs/jobs.md)."""

from collections.abc import Sequence
from uuid import UUID

from sojourn.platform.jobs.queue import Payload
from sojourn.providers.work import JobKind, Timer, Work
from sojourn.sales.effects import ASK_ABOUT_QRS, CANCEL_INTENT, READ_CARD, SEND_REFUND
from sojourn.sales.payments import qr_checks, reconciliation, refunds
from sojourn.sales.payments.payable import Payables


def job_kinds(payables: Payables) -> Sequence[JobKind]:
    """Jobs queued by purchases and settlements."""

    async def send_refund(work: Work, payload: Payload) -> None:
        await refunds.send(work, payables=payables, refund_id=UUID(payload["refund_id"]))

    async def cancel_intent(work: Work, payload: Payload) -> None:
        await reconciliation.cancel_intent(work, payables=payables, payment_id=UUID(payload["payment_id"]))

    async def read_card(work: Work, payload: Payload) -> None:
        await reconciliation.read_card(work, payment_id=UUID(payload["payment_id"]))

    async def ask_about_qrs(work: Work, _payload: Payload) -> None:
        await qr_checks.follow(work, payables=payables)

    return (
        JobKind(name=ASK_ABOUT_QRS, handler=ask_about_qrs),
        JobKind(name=SEND_REFUND, handler=send_refund),
        JobKind(name=CANCEL_INTENT, handler=cancel_intent),
        JobKind(name=READ_CARD, handler=read_card),
    )


def timers(payables: Payables) -> Sequence[Timer]:
    """What is looked after by the clock."""

    async def ask_about_waiting(work: Work) -> None:
        await reconciliation.ask_about_waiting(work, payables=payables)

    async def end_closed(work: Work) -> None:
        await reconciliation.end_closed(work, payables=payables)

    async def sweep_up_qrs(work: Work) -> None:
        await qr_checks.ask_about_due(work, payables=payables)

    async def retry_events(work: Work) -> None:
        await reconciliation.retry_events(work, payables=payables)

    async def resend_refunds(work: Work) -> None:
        await reconciliation.resend_refunds(work)

    return (
        Timer(
            name="payments.ask_about_waiting", cron="*/2 * * * *", handler=ask_about_waiting,
            title="Re-reads payments that have waited two minutes for their webhook",
        ),
        Timer(
            name="payments.end_closed", cron="1-59/5 * * * *", handler=end_closed,
            title="Calls off at the provider what is closed here, where that was not seen to happen",
        ),
        Timer(
            name="payments.sweep_up_qrs", cron="* * * * *", handler=sweep_up_qrs,
            title="Asks about KHQR codes whose job was lost, and about old ones",
        ),
        Timer(
            name="payments.retry_events", cron="* * * * *", handler=retry_events,
            title="Handles stored payment events that failed",
        ),
        Timer(
            name="payments.resend_refunds", cron="*/5 * * * *", handler=resend_refunds,
            title="Queues refunds again that wait although their job is gone",
        ),
    )  # fmt: skip
