"""What happens to people's data by itself (docs/jobs.md, docs/privacy.md)."""

from uuid import UUID

from sojourn.care.documents import retention as documents
from sojourn.desk.privacy import exports, retention
from sojourn.desk.privacy.erasure import forget_the_deleted
from sojourn.platform.jobs.queue import Payload
from sojourn.providers.work import JobKind, Timer, Work


async def build_export(work: Work, payload: Payload) -> None:
    """Put somebody's data together."""
    await exports.build(work, UUID(payload["export_id"]))


async def anonymise_deleted_accounts(work: Work) -> None:
    """A hundred accounts a transaction, until none is left; then their documents, and every file of theirs."""
    count = 1
    while count:
        async with work.runtime.db.unit_of_work() as tx:
            count = await forget_the_deleted(tx, now=work.runtime.clock.now())
    await documents.delete_due(work)
    await documents.remove_files(work)


async def forget_old(work: Work) -> None:
    """The trail after 24 months, what handled events said after 14 days."""
    await retention.forget_old(work)


JOBS = (JobKind(name=exports.BUILD_EXPORT, handler=build_export),)
TIMERS = (
    Timer(
        name="people.anonymise_deleted_accounts",
        cron="0 2 * * *",
        is_local=True,
        title="daily at 02:00: accounts whose 14 days to undo their deletion are over",
        handler=anonymise_deleted_accounts,
    ),
    Timer(
        name="privacy.forget_old",
        cron="15 2 * * *",
        is_local=True,
        title="daily at 02:15: the audit trail is forgotten after 24 months, what providers' events said after 14 days",
        handler=forget_old,
    ),
)
