"""Festival alerts: to those who asked for them, once for each festival and year, in small transactions."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog

from sojourn.care.devices.queries import list_targets_of
from sojourn.care.notifications import queries, sources
from sojourn.care.notifications.mails import FestivalAlert
from sojourn.care.notifications.models import Channel, Outgoing
from sojourn.care.notifications.service import BATCH, enqueue_deliveries
from sojourn.care.notifications.sources import FestivalReader
from sojourn.catalog.festivals.queries import StartingFestival, list_starting_between
from sojourn.platform.db.database import Connection
from sojourn.platform.i18n import Language
from sojourn.platform.storefront import Storefront
from sojourn.providers.work import Work

# Nobody is woken: what was missed by night waits for the morning (rules, section 10).
ALERT_FROM: Final = 8  # o'clock on the storefront's clock
FIRST_DAY, LAST_DAY = timedelta(days=1), timedelta(days=3)

logger = structlog.get_logger(__name__)


async def send_festival_alerts(work: Work) -> None:
    """Tell of the festivals that begin in one to three days. A run that was missed is made up for while they do."""
    local = work.runtime.clock.now().astimezone(ZoneInfo(work.runtime.storefront.time_zone))
    if local.hour < ALERT_FROM:
        return
    today = local.date()
    async with work.runtime.db.read() as connection:
        festivals = await list_starting_between(connection, today + FIRST_DAY, today + LAST_DAY)
    for festival in festivals:
        told = await _tell_all(work, festival)
        logger.info("festival told", festival=festival.slug, year=festival.starts_on.year, readers=told)


async def _tell_all(work: Work, festival: StartingFestival) -> int:
    """How many readers were told; a crash in between leaves the rest for the next run."""
    alerts = {language: _alert(festival, language, work.runtime.storefront) for language in Language}
    after, told = UUID(int=0), 0
    while True:
        async with work.runtime.db.unit_of_work() as tx:
            readers = await sources.list_festival_readers(
                tx, festival.id, year=festival.starts_on.year, after=after, limit=BATCH
            )
            await _keep(tx, festival, alerts, readers, now=work.runtime.clock.now())
        told += len(readers)
        if len(readers) < BATCH:
            return told
        after = readers[-1].to.user_id or after


async def _keep(
    tx: Connection,
    festival: StartingFestival,
    alerts: dict[Language, FestivalAlert],
    readers: Sequence[FestivalReader],
    *,
    now: datetime,
) -> None:
    mails = [
        Outgoing(channel=Channel.MAIL, to=reader.to, recipient=reader.to.email, language=reader.to.language)
        for reader in readers
        if reader.is_mail_wanted
    ]
    pushed = {reader.to.user_id: reader.to for reader in readers if reader.is_push_wanted}
    pushes = [
        Outgoing(
            channel=Channel.PUSH,
            to=pushed[target.user_id],
            recipient=str(target.device_id),
            language=target.language or pushed[target.user_id].language,
        )
        for target in await list_targets_of(tx, [user_id for user_id in pushed if user_id])
    ]
    kept = await queries.insert_many(
        tx, mails + pushes, contexts=alerts, subject_id=festival.id, occasion=str(festival.starts_on.year), now=now
    )
    await enqueue_deliveries(tx, kept)


def _alert(festival: StartingFestival, language: Language, storefront: Storefront) -> FestivalAlert:
    return FestivalAlert(
        festival_name=festival.names.get(language) or festival.names[Language.EN] or festival.slug,
        what_to_know=festival.what_to_know.get(language) or festival.what_to_know[Language.EN] or None,
        starts_on=festival.starts_on,
        ends_on=festival.ends_on if festival.ends_on != festival.starts_on else None,
        province=festival.province,
        is_confirmed=festival.is_confirmed,
        festival_url=f"{storefront.frontend_url}/festivals/{festival.slug}",
    )
