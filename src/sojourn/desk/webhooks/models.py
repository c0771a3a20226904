"""The inbox as the desk sees it. Payloads are not shown: they carry people's data."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import StringConstraints

from sojourn.platform.http.files import Exportable
from sojourn.platform.kit.wire import Day, PageIn, SortByTime, Wire

Provider = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,40}$")]
EventId = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,255}$")]


class State(StrEnum):
    """Of what is not handled, `failed` has been tried and `waiting` has not."""

    HANDLED = "handled"
    WAITING = "waiting"
    FAILED = "failed"


class WebhookFilters(Exportable, PageIn):
    """`from_date` and `to_date` are days of receipt in the storefront's zone, both included."""

    state: State | None = None
    provider: Provider | None = None
    from_date: Day | None = None
    to_date: Day | None = None
    sort: SortByTime = SortByTime.NEWEST


class WebhookOut(Wire):
    """One event of a provider, once however often it was sent. `attempts` counts those that failed; `outcome` is a word
    for what became of it."""

    provider: str
    event_id: str
    name: str
    is_live: bool
    state: State
    received_at: datetime
    handled_at: datetime | None
    outcome: str | None
    attempts: int
    last_error: str | None
