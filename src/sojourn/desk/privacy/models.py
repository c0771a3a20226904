"""Exports of accounts: rows and wire."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from sojourn.platform.kit.wire import Wire

ExportToken = Annotated[str, StringConstraints(min_length=20, max_length=300, pattern=r"^[A-Za-z0-9_\-]+$")]


class ExportStatus(StrEnum):
    REQUESTED = "REQUESTED"
    READY = "READY"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountExport:
    """An export as stored. `pieces` of the archive lie below `folder`; `file_size` in bytes."""

    id: UUID
    user_id: UUID
    status: ExportStatus
    folder: str
    pieces: int | None
    file_size: int | None
    requested_at: datetime
    ready_at: datetime | None
    expires_at: datetime | None


class ExportOut(Wire):
    """How far an export is. `url` opens the archive for five minutes, without a login; ask again for another."""

    id: UUID
    status: ExportStatus
    file_size: int | None = Field(description="Bytes")
    requested_at: datetime
    ready_at: datetime | None
    expires_at: datetime | None
    url: str | None
