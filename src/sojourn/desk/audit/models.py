"""The trail as the desk reads it."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from sojourn.platform.audit.trail import ActorKind
from sojourn.platform.http.files import Exportable
from sojourn.platform.kit.wire import Instant, Money, PageIn, SortByTime, Wire


class AuditFilters(Exportable, PageIn):
    """`action` may end in `*`: `refund.*`. `since` counts, `until` does not."""

    actor_id: UUID | None = None
    actor_kind: ActorKind | None = None
    subject_id: UUID | None = None
    subject_kind: Annotated[str, Field(min_length=1, max_length=40)] | None = None
    action: Annotated[str, Field(pattern=r"^[a-z_]+(\.[a-z_]+)*(\.?\*)?$", max_length=80)] | None = None
    reference: Annotated[str, Field(min_length=1, max_length=80)] | None = None
    request_id: Annotated[str, Field(min_length=1, max_length=128)] | None = None
    since: Instant | None = None
    until: Instant | None = None
    sort: SortByTime = SortByTime.NEWEST


class AuditEntryOut(Wire):
    """One act: who did what to which thing."""

    id: UUID
    at: datetime
    actor_kind: ActorKind
    actor_id: UUID | None
    action: str
    subject_kind: str
    subject_id: UUID | None
    amount: Money | None
    currency: str | None
    reference: str | None
    ip: str | None
    request_id: str | None
    detail: dict[str, Any]
