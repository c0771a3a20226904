"""Checking the books, keeping what is found, and telling the desk once."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import NAMESPACE_OID, uuid5

import structlog
from prometheus_client import Gauge

from sojourn.desk.invariants import queries
from sojourn.desk.invariants.checks import INVARIANTS, LIMIT, Invariant
from sojourn.desk.invariants.models import Breach, FindingOut, InvariantOut
from sojourn.platform.db.database import Connection, Row
from sojourn.platform.jobs.queue import enqueue
from sojourn.providers.work import Work
from sojourn.sales.effects import staff_alert

TOLD: Final = 20
OPEN = Gauge("invariant_findings", "What breaks an invariant", ["storefront", "invariant"])

logger = structlog.get_logger(__name__)


async def check_all(connection: Connection, *, now: datetime) -> list[Breach]:
    """Everything that breaks a rule now. Nothing is kept, nobody is told."""
    return [breach for rule in INVARIANTS for breach in await queries.list_breaches(connection, rule, now=now)]


async def check_and_tell(work: Work) -> None:
    """Check every rule; one that cannot be checked does not keep the others from it. Raises ExceptionGroup then."""
    faults: list[Exception] = []
    for rule in INVARIANTS:
        try:
            await _check(work, rule)
        except Exception as fault:  # noqa: BLE001 - raised below, with the others
            faults.append(fault)
    if faults:
        raise ExceptionGroup("invariants could not be checked", faults)


async def _check(work: Work, rule: Invariant) -> None:
    now = work.runtime.clock.now()
    async with work.runtime.db.unit_of_work() as tx:
        breaches = await queries.list_breaches(tx, rule, now=now)
        kept = await queries.keep_findings(tx, rule.name, breaches, now=now)
        if len(breaches) < LIMIT:  # else there are more than were looked at
            await queries.resolve_findings(tx, rule.name, but=[b.subject for b in breaches], now=now)
        fresh = [row for row in kept if row["is_new"]]
        if fresh:
            await _tell(tx, rule, breaches, fresh)
    OPEN.labels(work.runtime.storefront.key, rule.name).set(len(breaches))
    if breaches:
        logger.error("invariant broken", invariant=rule.name, subjects=[b.subject for b in breaches[:TOLD]])


async def _tell(tx: Connection, rule: Invariant, breaches: Sequence[Breach], fresh: Sequence[Row]) -> None:
    """One mail for all that is new, each finding told once."""
    subjects = {row["subject"] for row in fresh}
    details = {b.subject: _in_words(b) for b in breaches if b.subject in subjects}
    told = dict(list(details.items())[:TOLD])
    if len(details) > TOLD:
        told["and"] = f"{len(details) - TOLD} more"
    finding = min(row["id"] for row in fresh)
    await enqueue(tx, staff_alert(rule.sentence, subject_id=uuid5(NAMESPACE_OID, f"finding:{finding}"), details=told))


def _in_words(breach: Breach) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in breach.detail.items())


async def list_invariants(connection: Connection) -> list[InvariantOut]:
    """Every rule with what was open after its last check."""
    findings: dict[str, list[FindingOut]] = defaultdict(list)
    for row in await queries.list_open(connection):
        values = dict(row)
        findings[values.pop("invariant")].append(FindingOut.model_validate(values))
    return [InvariantOut(name=r.name, sentence=r.sentence, findings=findings[r.name]) for r in INVARIANTS]
