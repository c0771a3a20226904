"""What keeps an account from being closed. The floors above know; the composition root says who they are."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Protocol
from uuid import UUID

from fastapi import Depends
from starlette.requests import Request

from sojourn.platform.db.database import Connection


class DeletionGuard(Protocol):
    """Finds what is still open for an account."""

    async def list_open(self, tx: Connection, *, user_id: UUID, now: datetime) -> Sequence[str]:
        """The references of purchases that are open or disputed."""
        ...


def _get_guard(request: Request) -> DeletionGuard:
    guard: DeletionGuard = request.app.state.deletion_guard
    return guard


TheDeletionGuard = Annotated[DeletionGuard, Depends(_get_guard)]
