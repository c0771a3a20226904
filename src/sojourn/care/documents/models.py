"""Documents: what a customer hands in, and what the agency says to it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints, ValidationInfo, field_validator

from sojourn.catalog.services.models import DocumentCategory
from sojourn.catalog.values import Key, LocalText
from sojourn.platform.http.files import Exportable
from sojourn.platform.kit.texts import Reason
from sojourn.platform.kit.wire import PageIn, Wire
from sojourn.providers.scanner.port import ScanStatus

MAX_BYTES = 10 * 1024 * 1024


class DocumentStatus(StrEnum):
    PENDING = "PENDING"
    VERIFIED = "VERIFIED"
    REJECTED = "REJECTED"


class ItemStatus(StrEnum):
    """How far one item of a checklist is."""

    PENDING = "PENDING"
    UPLOADED = "UPLOADED"
    VERIFIED = "VERIFIED"
    REJECTED = "REJECTED"


class FileVariant(StrEnum):
    ORIGINAL = "original"
    THUMBNAIL = "thumbnail"


class LinkUploadIn(Wire):
    """What is handed in. An item of the order's checklist says its category itself."""

    category: DocumentCategory | None = None
    checklist_key: Key | None = None


class UploadIn(LinkUploadIn):
    """`order_id`: what it is for. Without an order it is kept for 24 hours, to be attached to one."""

    order_id: UUID | None = None


class AttachIn(Wire):
    """The order that a document is for, and, where the category does not say it, which item of its checklist."""

    order_id: UUID
    checklist_key: Key | None = None


class VerifyIn(Wire):
    """`rejection_reason` (or `reason`) tells the customer what to repair: required for, and only for, a rejection."""

    status: Literal[DocumentStatus.VERIFIED, DocumentStatus.REJECTED]
    reason: Reason | None = None
    rejection_reason: Reason | None = Field(None, validate_default=True)

    @field_validator("rejection_reason")
    @classmethod
    def _reason_with_rejection(cls, reason: str | None, info: ValidationInfo) -> str | None:
        if "reason" not in info.data:  # it is wrong already
            return reason
        said = [text for text in (reason, info.data["reason"]) if text is not None]
        if (len(said) == 1) != (info.data.get("status") is DocumentStatus.REJECTED) or len(said) > 1:
            raise ValueError("is required, once, for REJECTED, and for nothing else")
        return reason

    @property
    def what_is_wrong(self) -> str | None:
        """The reason, by whichever name it came."""
        return self.rejection_reason or self.reason


class DocumentFilters(PageIn):
    status: DocumentStatus | None = None
    category: DocumentCategory | None = None
    order_id: UUID | None = None


class DocumentSort(StrEnum):
    OLDEST = "oldest"
    NEWEST = "newest"


class DeskDocumentFilters(DocumentFilters, Exportable):
    """At the desk the document that waits longest comes first, unless `sort` says otherwise."""

    user_id: UUID | None = None
    sort: DocumentSort = DocumentSort.OLDEST


class DownloadIn(Wire):
    variant: FileVariant = FileVariant.ORIGINAL


class DocumentOut(Wire):
    """A document. `file_url` and `thumbnail_url` answer signed links to those who may see it, never the file itself."""

    id: UUID
    user_id: UUID
    order_id: UUID | None
    order_number: str | None
    checklist_key: str | None
    file_name: str
    file_url: str
    thumbnail_url: str | None
    file_size: int
    mime_type: str
    category: DocumentCategory
    status: DocumentStatus
    scan_status: ScanStatus
    verified_by: UUID | None
    verified_at: datetime | None
    rejection_reason: str | None
    created_at: datetime
    updated_at: datetime


class SignedLink(Wire):
    """Where the bytes are, until `expires_at`. Whoever has the link can open it."""

    url: str
    file_name: str
    mime_type: str
    expires_at: datetime


class ItemDocument(Wire):
    """A document as an item of a checklist shows it."""

    id: UUID
    file_name: str
    status: DocumentStatus
    rejection_reason: str | None
    created_at: datetime


class ChecklistEntry(Wire):
    """One thing to hand in, and how far it is."""

    key: str
    category: DocumentCategory
    title: LocalText
    hint: str
    is_required: bool
    status: ItemStatus
    documents: list[ItemDocument]


class OrderChecklist(Wire):
    """`missing`: how many required items are not handed in, or were rejected."""

    order_id: UUID
    order_number: str
    title: str
    missing: int
    items: list[ChecklistEntry]


class DocumentsStatus(Wire):
    """Own documents by status, and the checklists of own open orders."""

    total: int
    pending: int
    verified: int
    rejected: int
    missing: int
    orders: list[OrderChecklist]


class UploadLink(Wire):
    """A link for a customer without a login. It is shown once; making another ends this one."""

    url: str
    token: str
    expires_at: datetime


class UploadPage(Wire):
    """What the holder of an upload link sees."""

    agency: str
    order_number: str
    title: str
    expires_at: datetime
    items: list[ChecklistEntry]


class UploadReceipt(Wire):
    """What the holder of an upload link has handed in."""

    id: UUID
    file_name: str
    file_size: int
    mime_type: str
    category: DocumentCategory
    checklist_key: str | None
    status: DocumentStatus


UploadToken = Annotated[str, StringConstraints(min_length=20, max_length=100, pattern=r"^[A-Za-z0-9_\-]+$")]
FileToken = Annotated[str, StringConstraints(min_length=20, max_length=300, pattern=r"^[A-Za-z0-9_\-]+$")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The order that something is handed in for. `checklist` as it was when ordered."""

    order_id: UUID
    user_id: UUID
    order_number: str
    title: str
    is_open: bool
    checklist: list[dict[str, Any]]
    document_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Whose a document is and where it belongs."""

    user_id: UUID
    order_id: UUID | None
    order_number: str | None
    checklist_key: str | None
    category: DocumentCategory


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedFile:
    """A file that may be kept: its type is known, pictures are ours, somebody has looked for malware or nobody could.

    `digest` is the SHA-256 of what was sent.
    """

    file_name: str
    mime_type: str
    content: bytes
    thumbnail: bytes | None
    digest: bytes
    scan_status: ScanStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document as stored, for the use cases. `folder` is where its files lie."""

    id: UUID
    user_id: UUID
    order_id: UUID | None
    order_number: str | None
    checklist_key: str | None
    category: DocumentCategory
    status: DocumentStatus
    file_name: str
    file_size: int
    mime_type: str
    folder: str
    has_thumbnail: bool
    rejection_reason: str | None
