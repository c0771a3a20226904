"""What happens to festivals by itself (docs/jobs.md)."""

from sojourn.catalog import shelf_queries
from sojourn.catalog.festivals import queries
from sojourn.catalog.festivals.goods import put_days
from sojourn.catalog.festivals.models import FestivalIn
from sojourn.catalog.festivals.queries import FESTIVALS
from sojourn.platform.db.listen import CATALOGUE_CHANGED, notify
from sojourn.providers.work import Timer, Work


async def look_ahead(work: Work) -> None:
    """Compute the days of the years that have come within sight. A second time changes nothing."""
    runtime = work.runtime
    async with runtime.db.read() as connection:
        festival_ids = await queries.list_active_ids(connection)
    for festival_id in festival_ids:
        async with runtime.db.unit_of_work() as tx:
            _version, content = await shelf_queries.lock(tx, FESTIVALS, festival_id)
            await put_days(tx, festival_id, FestivalIn.model_validate(content), runtime.clock.now())
            await notify(tx, CATALOGUE_CHANGED)


TIMERS = (
    Timer(
        name="festivals.look_ahead",
        cron="15 0 1 * *",
        is_local=True,
        title="00:15 on the first of each month: the days of festivals, up to ten years ahead",
        handler=look_ahead,
    ),
)
