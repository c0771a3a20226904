"""How long the rest is kept, and what would go now (rules, section 8; docs/privacy.md).

Documents and positions have reports of their own (`sojourn retention`). Money records stay seven years and longer: an
erased account has left nothing in them that leads to a person.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sojourn.people.users.service import TIME_TO_UNDO
from sojourn.platform.db.database import Connection
from sojourn.platform.events.log import RETENTION as EVENTS_LIFE
from sojourn.providers.work import Work

AUDIT_LIFE: Final = timedelta(days=731)  # 24 months, with a leap day
EVENT_LIFE: Final = timedelta(days=14)
BATCH: Final = 5_000

DELETE_OLD_ENTRIES: Final = """
DELETE FROM audit_entries WHERE id IN (SELECT id FROM audit_entries WHERE at < $1 ORDER BY at LIMIT $2)
"""
# The row stays, so that an event that is sent again is known; what it said of the payer goes.
EMPTY_OLD_EVENTS: Final = """
UPDATE inbox SET payload = '', last_error = NULL
 WHERE (provider, event_id) IN (SELECT provider, event_id FROM inbox
                                 WHERE handled_at < $1 AND handled_at IS NOT NULL AND payload <> '' LIMIT $2)
"""


class Rule(NamedTuple):
    """Rows that go when they are older than `life`. `statement` counts those before `$1`, and all."""

    name: str
    life: timedelta
    statement: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionCount:
    """How many rows would go now, and how many stay."""

    name: str
    due: int
    young: int


def _counted(table: str, column: str, *, among: str = "true") -> str:
    return f"SELECT count(*) FILTER (WHERE {column} < $1) AS due, count(*) AS kept FROM {table} WHERE {among}"  # noqa: S608


# Each with the timer that carries it out (docs/privacy.md); lives as those have them.
RULES: Final = (
    Rule(
        name="closed accounts", life=TIME_TO_UNDO,
        statement=_counted(
            "users", "deletion_requested_at", among="deletion_requested_at IS NOT NULL AND deleted_at IS NULL"
        ),
    ),
    Rule(name="audit entries", life=AUDIT_LIFE, statement=_counted("audit_entries", "at")),
    Rule(
        name="what providers' events said", life=EVENT_LIFE,
        statement=_counted("inbox", "handled_at", among="handled_at IS NOT NULL AND payload <> ''"),
    ),
    Rule(name="exports of accounts", life=timedelta(0), statement=_counted("account_exports", "expires_at")),
    Rule(name="agent's conversations", life=timedelta(0), statement=_counted("ai_sessions", "expires_at")),
    Rule(name="events for listeners", life=EVENTS_LIFE, statement=_counted("user_events", "created_at")),
    Rule(name="answers to repeats", life=timedelta(hours=24), statement=_counted("idempotency_keys", "created_at")),
    Rule(name="failed sign-ins", life=timedelta(days=1), statement=_counted("failed_sign_ins", "failed_at")),
    Rule(name="links", life=timedelta(days=7), statement=_counted("account_links", "expires_at")),
    Rule(name="sessions", life=timedelta(days=30), statement=_counted("refresh_tokens", "expires_at")),
    Rule(name="files of nothing", life=timedelta(0), statement=_counted("doomed_files", "remove_after")),
)  # fmt: skip


async def report(connection: Connection, *, now: datetime) -> list[RetentionCount]:
    """What would go now, rule by rule."""
    counts = []
    for rule in RULES:
        row = await connection.fetchrow(rule.statement, now - rule.life)
        due, kept = (row["due"], row["kept"]) if row else (0, 0)
        counts.append(RetentionCount(name=rule.name, due=due, young=kept - due))
    return counts


async def forget_old(work: Work) -> None:
    """Delete what no other timer does, in small transactions."""
    now = work.runtime.clock.now()
    for statement, life in ((DELETE_OLD_ENTRIES, AUDIT_LIFE), (EMPTY_OLD_EVENTS, EVENT_LIFE)):
        changed = BATCH
        while changed == BATCH:
            async with work.runtime.db.read() as connection:
                done = await connection.execute(statement, now - life, BATCH)
            changed = int(done.rpartition(" ")[2])
