"""Reading the trail."""

from sojourn.desk.audit.models import AuditEntryOut, AuditFilters
from sojourn.platform.db.database import Connection
from sojourn.platform.kit.wire import SortByTime

_CHOSEN = """
  FROM audit_entries
 WHERE ($1::uuid IS NULL OR actor_id = $1) AND ($2::text IS NULL OR actor_kind = $2)
   AND ($3::uuid IS NULL OR subject_id = $3) AND ($4::text IS NULL OR upper(subject_kind) = upper($4))
   AND ($5::text IS NULL OR action LIKE $5) AND ($6::text IS NULL OR reference = $6)
   AND ($7::text IS NULL OR request_id = $7)
   AND ($8::timestamptz IS NULL OR at >= $8) AND ($9::timestamptz IS NULL OR at < $9)
"""
_ORDERS = {SortByTime.NEWEST: "at DESC, id DESC", SortByTime.OLDEST: "at, id"}
LISTS = {
    sort: f"""
SELECT id, at, actor_kind, actor_id, action, subject_kind, subject_id, amount, currency, reference, ip, request_id,
       detail
{_CHOSEN} ORDER BY {order} LIMIT $10 OFFSET $11
"""
    for sort, order in _ORDERS.items()
}
SELECT_TOTAL = f"SELECT count(*) {_CHOSEN}"


async def list_entries(connection: Connection, filters: AuditFilters) -> tuple[list[AuditEntryOut], int]:
    """One page, and how many there are in all."""
    chosen = arguments(filters)
    rows = await connection.fetch(LISTS[filters.sort], *chosen, filters.per_page, filters.offset)
    total: int = await connection.fetchval(SELECT_TOTAL, *chosen)
    return [AuditEntryOut.model_validate(dict(row)) for row in rows], total


def arguments(filters: AuditFilters) -> tuple[object, ...]:
    """What `LISTS` ask for, all but the page."""
    return (
        filters.actor_id, filters.actor_kind, filters.subject_id, filters.subject_kind, _pattern(filters.action),
        filters.reference, filters.request_id, filters.since, filters.until,
    )  # fmt: skip


def _pattern(action: str | None) -> str | None:
    """For LIKE, in which an underscore is anything."""
    return action.replace("_", r"\_").replace("*", "%") if action else None
