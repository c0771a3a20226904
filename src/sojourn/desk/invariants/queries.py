"""Every statement on `invariant_findings`; the checks' own are in `checks.py`."""

from collections.abc import Sequence
from datetime import datetime

from sojourn.desk.invariants.checks import Invariant
from sojourn.desk.invariants.models import Breach
from sojourn.platform.db.database import Connection, Row

KEEP_FINDINGS = """
INSERT INTO invariant_findings AS old (invariant, subject, detail, found_at, last_seen_at)
SELECT $1, b.subject, b.detail, $4, $4 FROM unnest($2::text[], $3::jsonb[]) AS b (subject, detail)
ON CONFLICT (invariant, subject) WHERE resolved_at IS NULL
   DO UPDATE SET last_seen_at = excluded.last_seen_at, detail = excluded.detail
RETURNING id, subject, found_at = last_seen_at AS is_new
"""
RESOLVE_FINDINGS = """
UPDATE invariant_findings SET resolved_at = $3
 WHERE invariant = $1 AND resolved_at IS NULL AND NOT subject = ANY ($2)
"""
SELECT_OPEN = """
SELECT invariant, subject, detail, found_at, last_seen_at FROM invariant_findings
 WHERE resolved_at IS NULL ORDER BY found_at DESC, id DESC LIMIT 2000
"""


async def list_breaches(connection: Connection, invariant: Invariant, *, now: datetime) -> list[Breach]:
    """What breaks one rule now."""
    rows = await connection.fetch(invariant.statement, now)
    return [Breach(invariant=invariant.name, subject=row["subject"], detail=row["detail"]) for row in rows]


async def keep_findings(tx: Connection, invariant: str, breaches: Sequence[Breach], *, now: datetime) -> Sequence[Row]:
    """Open a finding for each breach, or see it again. Answers `id`, `subject` and `is_new` of each."""
    rows: Sequence[Row] = await tx.fetch(
        KEEP_FINDINGS, invariant, [breach.subject for breach in breaches], [breach.detail for breach in breaches], now
    )
    return rows


async def resolve_findings(tx: Connection, invariant: str, *, but: Sequence[str], now: datetime) -> None:
    """Close what is no longer so."""
    await tx.execute(RESOLVE_FINDINGS, invariant, list(but), now)


async def list_open(connection: Connection) -> Sequence[Row]:
    """Open findings, newest first."""
    rows: Sequence[Row] = await connection.fetch(SELECT_OPEN)
    return rows
