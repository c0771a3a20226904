"""Reading the inbox."""

from datetime import datetime

from sojourn.desk.webhooks.errors import WebhookNotFound
from sojourn.desk.webhooks.models import State, WebhookFilters, WebhookOut
from sojourn.platform.db.database import Connection
from sojourn.platform.kit.wire import SortByTime

_SHOWN = """
SELECT provider, event_id, name, is_live,
       CASE WHEN handled_at IS NOT NULL THEN 'handled' WHEN attempts > 0 THEN 'failed' ELSE 'waiting' END AS state,
       received_at, handled_at, outcome, attempts, left(last_error, 500) AS last_error
  FROM inbox
"""
# Each state has conditions of its own, so that the index on what is not handled serves those few rows.
_OF_STATE = {
    None: "true",
    State.HANDLED: "handled_at IS NOT NULL",
    State.WAITING: "handled_at IS NULL AND attempts = 0",
    State.FAILED: "handled_at IS NULL AND attempts > 0",
}
_CHOSEN = """received_at >= $1 AND received_at < $2 AND ($3::text IS NULL OR provider = $3)"""
_ORDERS = {
    SortByTime.NEWEST: "received_at DESC, provider DESC, event_id DESC",
    SortByTime.OLDEST: "received_at, provider, event_id",
}
LISTS = {
    (state, sort): f"{_SHOWN} WHERE {_CHOSEN} AND {condition} ORDER BY {order} LIMIT $4 OFFSET $5"
    for state, condition in _OF_STATE.items()
    for sort, order in _ORDERS.items()
}
TOTALS = {
    state: f"SELECT count(*) FROM inbox WHERE {_CHOSEN} AND {condition}" for state, condition in _OF_STATE.items()
}
SELECT_ONE = f"{_SHOWN} WHERE provider = $1 AND event_id = $2"


async def list_webhooks(
    connection: Connection, *, filters: WebhookFilters, since: datetime, until: datetime
) -> tuple[list[WebhookOut], int]:
    """One page of what was received from `since` to before `until`, and how many there are in all."""
    chosen = since, until, filters.provider
    rows = await connection.fetch(LISTS[filters.state, filters.sort], *chosen, filters.per_page, filters.offset)
    total: int = await connection.fetchval(TOTALS[filters.state], *chosen)
    return [WebhookOut.model_validate(dict(row)) for row in rows], total


async def get_webhook(connection: Connection, *, provider: str, event_id: str) -> WebhookOut:
    """One event. Raises WebhookNotFound."""
    row = await connection.fetchrow(SELECT_ONE, provider, event_id)
    if row is None:
        raise WebhookNotFound
    return WebhookOut.model_validate(dict(row))
