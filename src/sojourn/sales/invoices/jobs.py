"""No sale without its papers: what no mail or customer has asked for yet is issued all the same."""

from sojourn.providers.work import Timer, Work
from sojourn.sales.invoices import queries, service

_BATCH = 100


async def issue_missing(work: Work) -> None:
    """Issue the papers that are missing, oldest first, each in a transaction of its own."""
    runtime = work.runtime
    async with runtime.db.read() as connection:
        payments = await queries.list_uninvoiced(connection, limit=_BATCH)
        refunds = await queries.list_uncredited(connection, limit=_BATCH)
        unearned = await queries.list_unreversed(connection, limit=_BATCH)
    for payment_id in payments:
        async with runtime.db.unit_of_work() as tx:
            await service.ensure_invoice(
                tx, storefront=runtime.storefront, payment_id=payment_id, now=runtime.clock.now()
            )
    for refund_id in refunds:
        async with runtime.db.unit_of_work() as tx:
            await service.ensure_credit_note(
                tx, storefront=runtime.storefront, refund_id=refund_id, now=runtime.clock.now()
            )
    for credit_note_id in unearned:
        async with runtime.db.unit_of_work() as tx:
            await service.ensure_debit_note(
                tx, storefront=runtime.storefront, credit_note_id=credit_note_id, now=runtime.clock.now()
            )


TIMERS = (
    Timer(
        name="invoices.issue_missing",
        cron="*/10 * * * *",
        title="Issues the invoices, credit notes and debit notes that nobody has asked for yet",
        handler=issue_missing,
    ),
)
