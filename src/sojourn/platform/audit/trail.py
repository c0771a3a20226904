"""The trail: every financial and sensitive act leaves a row, in the act's own transaction."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sojourn.platform.db.database import Connection
from sojourn.platform.db.together import Bundle, Rows, write_together
from sojourn.platform.http.context import SYSTEM_ORIGIN, Origin
from sojourn.platform.kit.ids import new_id


class ActorKind(StrEnum):
    USER = "USER"
    SERVICE = "SERVICE"
    PROVIDER = "PROVIDER"
    SYSTEM = "SYSTEM"


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What was done. `action` is a dotted verb such as `booking.held`; `amount` has its currency beside it."""

    action: str
    subject_kind: str
    subject_id: UUID | None
    actor_kind: ActorKind = ActorKind.USER
    actor_id: UUID | None = None
    amount: Decimal | None = None
    currency: str | None = None
    reference: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


_RECORD = """
WITH trail AS (
    INSERT INTO audit_entries (id, at, actor_kind, actor_id, action, subject_kind, subject_id, amount, currency,
                               reference, ip, request_id, detail)
    SELECT * FROM unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::uuid[], $5::text[], $6::text[], $7::uuid[],
                         $8::numeric[], $9::text[], $10::text[], $11::text[], $12::text[], $13::jsonb[])
)
SELECT
"""


async def record(tx: Connection, act: Act, *, now: datetime, origin: Origin = SYSTEM_ORIGIN) -> None:
    """Write `act` down."""
    await write_together(tx, Bundle([recorded(act, now=now, origin=origin)]))


def recorded(act: Act, *, now: datetime, origin: Origin = SYSTEM_ORIGIN) -> Rows:
    """What `record` writes."""
    row = (
        new_id(), now, act.actor_kind, act.actor_id, act.action, act.subject_kind, act.subject_id, act.amount,
        act.currency, act.reference, origin.ip, origin.request_id, dict(act.detail),
    )  # fmt: skip
    return Rows(_RECORD, [[value] for value in row])
