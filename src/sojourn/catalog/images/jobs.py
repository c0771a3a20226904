"""What happens to the catalogue's images by itself (docs/jobs.md)."""

from sojourn.catalog.images import service
from sojourn.providers.work import Timer, Work


async def delete_unnamed(work: Work) -> None:
    """Images that no entry names. Their files go with `documents.remove_files`."""
    async with work.runtime.db.unit_of_work() as tx:
        await service.delete_unnamed(tx, now=work.runtime.clock.now())


TIMERS = (
    Timer(
        name="images.delete_unnamed",
        cron="55 * * * *",
        title="every hour: images that no entry of the catalogue has named for 24 hours",
        handler=delete_unnamed,
    ),
)
