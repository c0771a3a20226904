"""What happens to calls for help by itself (docs/jobs.md)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sojourn.care.emergency import queries, service, telling
from sojourn.care.emergency.effects import CALL_WEBHOOK, ESCALATE, TELL
from sojourn.platform.db.database import Connection
from sojourn.platform.jobs.queue import Payload
from sojourn.platform.storefront import Storefront
from sojourn.providers.work import JobKind, Timer, Work

BATCH: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionsReport:
    """Travellers' positions that go now, and those that are younger and stay."""

    due: int
    young: int


async def escalate(work: Work, payload: Payload) -> None:
    """The desk is told once more of an alert that nobody has acknowledged."""
    await _escalate(work, UUID(payload["alert_id"]))


async def escalate_due(work: Work) -> None:
    """The same for every alert whose own job is late or was never queued: who calls past the API queues none."""
    async with work.runtime.db.read() as connection:
        due = await queries.list_due(connection, now=work.runtime.clock.now(), limit=BATCH)
    for alert_id in due:
        await _escalate(work, alert_id)


async def _escalate(work: Work, alert_id: UUID) -> None:
    async with work.runtime.db.unit_of_work() as tx:
        await service.escalate(tx, alert_id=alert_id, storefront=work.runtime.storefront, now=work.runtime.clock.now())


async def report_positions(connection: Connection, *, storefront: Storefront, now: datetime) -> PositionsReport:
    """What `forget_positions` would do now."""
    due, young = await queries.count_positions(connection, older_than=_horizon(storefront, now))
    return PositionsReport(due=due, young=young)


async def forget_positions(work: Work) -> None:
    """Where travellers were is forgotten 30 days later; that they called, and what was done, stays."""
    now, done = work.runtime.clock.now(), BATCH
    while done == BATCH:
        async with work.runtime.db.unit_of_work() as tx:
            done = await queries.forget_positions(
                tx, older_than=_horizon(work.runtime.storefront, now), now=now, limit=BATCH
            )


def _horizon(storefront: Storefront, now: datetime) -> datetime:
    return now - timedelta(days=storefront.emergency.position_days)


JOBS = (
    JobKind(name=TELL, handler=telling.tell),
    JobKind(name=CALL_WEBHOOK, handler=telling.call_webhook),
    JobKind(name=ESCALATE, handler=escalate),
)
TIMERS = (
    Timer(
        name="emergency.escalate_due",
        cron="* * * * *",
        title="every minute: the desk is told again of calls for help that nobody has acknowledged in time",
        handler=escalate_due,
    ),
    Timer(
        name="emergency.forget_positions",
        cron="35 * * * *",
        title="every hour: positions of calls for help are forgotten after 30 days",
        handler=forget_positions,
    ),
)
