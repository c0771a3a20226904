"""What happens to accounts by itself."""

from sojourn.people.users.service import forget_the_deleted
from sojourn.providers.work import Timer, Work


async def anonymise_deleted_accounts(work: Work) -> None:
    """A hundred accounts a transaction, until none is left."""
    is_done = False
    while not is_done:
        async with work.runtime.db.unit_of_work() as tx:
            is_done = await forget_the_deleted(tx, now=work.runtime.clock.now()) == 0


TIMERS = (
    Timer(
        name="people.anonymise_deleted_accounts",
        cron="0 2 * * *",
        is_local=True,
        title="daily at 02:00: accounts whose 14 days to undo their deletion are over",
        handler=anonymise_deleted_accounts,
    ),
)
