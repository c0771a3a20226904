"""What happens to documents by itself (docs/jobs.md)."""

from sojourn.care.documents import reminders, retention
from sojourn.providers.work import Timer, Work


async def delete_due(work: Work) -> None:
    """Documents whose time is over."""
    await retention.delete_due(work)


async def remove_files(work: Work) -> None:
    """Files that belong to no document."""
    await retention.remove_files(work)


TIMERS = (
    Timer(
        name="documents.send_reminders",
        cron="20 * * * *",
        title="every hour: customers whose orders lack required documents, 3, 7 and 14 days after paying, once each",
        handler=reminders.send_reminders,
    ),
    Timer(
        name="documents.delete_due",
        cron="40 * * * *",
        title="every hour: unattached uploads after 24 hours, documents of orders closed for 90 days",
        handler=delete_due,
    ),
    Timer(
        name="documents.remove_files",
        cron="*/5 * * * *",
        title="every 5 minutes: files that belong to no document",
        handler=remove_files,
    ),
)
