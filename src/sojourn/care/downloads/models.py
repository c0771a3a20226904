"""Digital downloads: what is delivered of a service, and how often a buyer has fetched it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sojourn.platform.i18n import Language
from sojourn.platform.kit.wire import Wire
from sojourn.providers.scanner.port import ScanStatus
from sojourn.sales.orders.models import OrderStatus


class ServiceFileIn(Wire):
    """The file alone: its name and type are its own."""


class ServiceFile(Wire):
    """A file that buyers of a digital service get. `version` counts its editions."""

    id: UUID
    service_id: UUID
    version: int
    file_name: str
    file_size: int
    mime_type: str
    scan_status: ScanStatus
    created_at: datetime
    updated_at: datetime


class ServiceFiles(Wire):
    """What buyers get. Without files it is the guide composed from the service's own entry: `is_composed`."""

    service_id: UUID
    is_composed: bool
    items: list[ServiceFile]


class DownloadItem(Wire):
    """One file of an order. `file_size` in bytes; unknown for a guide that is composed when it is fetched."""

    file_id: UUID
    file_name: str
    mime_type: str
    file_size: int | None
    version: int
    used: int
    remaining: int
    last_downloaded_at: datetime | None


class OrderDownloads(Wire):
    """What an order delivers. `is_available`: it is paid for, and not refunded."""

    order_id: UUID
    order_number: str
    is_available: bool
    items: list[DownloadItem]


class DownloadLink(Wire):
    """Where the bytes are, until `expires_at`. Opened again within that time it is the same download."""

    url: str
    file_name: str
    mime_type: str
    remaining: int
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BoughtService:
    """An order of a digital service, as far as its delivery goes."""

    id: UUID
    order_number: str
    user_id: UUID
    service_id: UUID
    status: OrderStatus
    language: Language
    customer_email: str
    is_refunded: bool

    @property
    def is_available(self) -> bool:
        return self.status in (OrderStatus.CONFIRMED, OrderStatus.COMPLETED) and not self.is_refunded


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """A file as an order delivers it. `folder` is where it lies; None for a composed guide."""

    id: UUID
    version: int
    file_name: str
    file_size: int | None
    mime_type: str
    folder: str | None
    used: int
    last_opened_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """What a download link names: whose order, which file, and the download that it is."""

    order_id: UUID
    user_id: UUID
    file_id: UUID
    download_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class GuideLine:
    title: str
    hint: str
    is_required: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class GuideHelp:
    title: str
    price: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Guide:
    """What a composed guide says, in one language."""

    title: str
    edition: str | None
    region: str | None
    summary: str
    text: str
    covers: tuple[str, ...]
    checklist: tuple[GuideLine, ...]
    government_fee: Decimal | None
    help: tuple[GuideHelp, ...]
    updated_at: datetime
