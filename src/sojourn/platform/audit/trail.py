"""The trail: every financial and sensitive act leaves a row, in the act's own transaction."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sojourn.platform.db.database import Connection
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


INSERT_ACT = """
INSERT INTO audit_entries (id, at, actor_kind, actor_id, action, subject_kind, subject_id, amount, currency, reference,
                           ip, request_id, detail)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
"""


async def record(tx: Connection, act: Act, *, now: datetime, origin: Origin = SYSTEM_ORIGIN) -> None:
    """Write `act` down."""
    await tx.execute(
        INSERT_ACT, new_id(), now, act.actor_kind, act.actor_id, act.action, act.subject_kind, act.subject_id,
        act.amount, act.currency, act.reference, origin.ip, origin.request_id, dict(act.detail),
    )  # fmt: skip
