"""Orders: what is bought without a date and without stock: visa packages, micro services and digital guides."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import EmailStr, Field, StringConstraints

from sojourn.catalog.services.models import ChecklistItem, RefundStage, ServiceSpecs, ServiceStage, ServiceType
from sojourn.catalog.values import Key, LanguageName, LocalText
from sojourn.platform.http.files import Exportable
from sojourn.platform.i18n import Language
from sojourn.platform.kit.texts import Line, Paragraph, PersonName, Reason
from sojourn.platform.kit.wire import Day, Money, PageIn, Wire
from sojourn.sales.pricing.models import PriceLine

MAX_QUANTITY = 20


class OrderStatus(StrEnum):
    PENDING = "PENDING"
    CONFIRMED = "CONFIRMED"
    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"


class EventKind(StrEnum):
    STATUS = "STATUS"
    STAGE = "STAGE"
    ASSIGNMENT = "ASSIGNMENT"
    NOTE = "NOTE"
    CASE = "CASE"


class DeskSort(StrEnum):
    NEWEST = "newest"
    OLDEST = "oldest"
    UPDATED = "updated"
    LARGEST = "largest"


Phone = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^\+?[0-9][0-9 ().\-]{3,23}$")]
Place = PersonName
PassportNumber = Annotated[str, StringConstraints(strip_whitespace=True, to_upper=True, pattern=r"^[A-Za-z0-9]{4,20}$")]
Version = Annotated[int, Field(ge=1, le=2_000_000_000, description="What you read; refused if another one stands.")]


class CustomerInfoIn(Wire):
    """Whom the order is for. What is left out comes from the account, or stays as it was."""

    full_name: PersonName | None = None
    email: EmailStr | None = None
    phone: Phone | None = None
    country: Place | None = None


class ServiceDetails(Wire):
    """What the service needs to know. `travel_date` is a day in the storefront's zone."""

    destination: Line | None = None
    travel_date: Day | None = None
    passport_number: PassportNumber | None = None
    nationality: Place | None = None
    purpose_of_travel: Line | None = None
    additional_notes: Paragraph | None = None


class OrderIn(Wire):
    """`service_id` is the service's id or slug. `language` is that of mails and papers; else the account's."""

    service_id: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
    quantity: Annotated[int, Field(ge=1, le=MAX_QUANTITY)] = 1
    customer_info: CustomerInfoIn = CustomerInfoIn()
    service_details: ServiceDetails | None = None
    loyalty_points: Annotated[int, Field(ge=0, le=10_000_000)] = 0
    language: LanguageName | None = None


class OrderChangeIn(Wire):
    """Only what is sent changes; a detail that is sent as null is cleared."""

    customer_info: CustomerInfoIn | None = None
    service_details: ServiceDetails | None = None
    version: Version | None = None


class CancelIn(Wire):
    quote_id: Annotated[str, StringConstraints(max_length=64)] | None = Field(
        None, description="From the preview: refused with QUOTE_CHANGED when it no longer holds."
    )
    reason: Reason | None = None


class OrderFilters(PageIn):
    status: OrderStatus | None = None

    @property
    def statuses(self) -> list[OrderStatus] | None:
        return [self.status] if self.status else None


class DeskFilters(Exportable, PageIn):
    """`from_date` and `to_date` are days of ordering in the storefront's zone, both included."""

    status: OrderStatus | None = None
    type: ServiceType | None = None
    consultant: UUID | None = None
    is_assigned: bool | None = None
    is_late: bool | None = Field(None, description="Whether the stage that the case is in has taken too long.")
    q: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)] | None = Field(
        None, description="Part of the order number, the customer's name or e-mail address."
    )
    from_date: Day | None = None
    to_date: Day | None = None
    sort: DeskSort = DeskSort.NEWEST


class StaffChangeIn(Wire):
    """At least one of the three. `note` is for staff: the customer is not shown it with the order."""

    status: OrderStatus | None = None
    refund_stage: RefundStage | None = None
    note: Paragraph | None = None
    version: Version | None = None


class AssignIn(Wire):
    """Either `consultant_id` (null takes the order from its consultant) or `auto: true`."""

    consultant_id: UUID | None = None
    auto: bool = False
    version: Version | None = None


class NoteIn(Wire):
    """For staff, unless `is_public`: then the customer is sent it by mail, and reads it with the order."""

    note: Paragraph
    is_public: bool = False


class CaseMoveIn(Wire):
    """`stage` is the key of one of the service's stages, as it was bought. Going back needs an admin and a reason.

    `reason` is for staff; `note` is for the customer, who reads it in the mail about the move, and with the order.
    """

    stage: Key
    reason: Reason | None = None
    note: Paragraph | None = None
    version: Version | None = None


class ServiceSnapshot(Wire):
    """The service as it was when it was bought."""

    id: UUID
    slug: str
    type: ServiceType
    title: str
    title_km: str | None
    title_zh: str | None
    description: str
    price: Money
    service_fee: Money
    government_fee: Money
    region: str | None
    features: list[str]
    specs: ServiceSpecs
    checklist: list[ChecklistItem]
    stages: list[ServiceStage]
    requires_consultant: bool


class CustomerInfo(Wire):
    full_name: str
    email: str
    phone: str | None
    country: str | None


class OrderCase(Wire):
    """Where the work stands. `promised_on` is the last day, on the storefront's clock, on which the stage is on time;
    null where the service promises nothing of it."""

    stage: str
    title: LocalText
    started_at: datetime
    promised_on: Day | None
    is_late: bool


class OrderItem(Wire):
    """What was bought: `unit_price` is service and government fee together, before discounts. An order has one item,
    which goes by its id."""

    id: UUID
    order_id: UUID
    service_id: UUID
    quantity: int
    unit_price: Money
    total_price: Money


class OrderPayment(Wire):
    """The payment that counts: the one that was applied, else the newest."""

    id: UUID
    order_id: UUID
    amount: Money
    currency: str
    status: str
    payment_method: str
    stripe_payment_intent_id: str | None
    stripe_charge_id: str | None
    card_last4: str | None
    card_brand: str | None
    failure_reason: str | None
    refund_amount: Money
    paid_at: datetime | None
    refunded_at: datetime | None
    created_at: datetime
    updated_at: datetime


class OrderOut(Wire):
    """An order as lists show it. `loyalty_points_earned` are promised until the order is paid."""

    id: UUID
    order_number: str
    user_id: UUID
    status: OrderStatus
    title: str
    service_id: UUID
    service_type: ServiceType
    quantity: int
    currency: str
    total_amount: Money
    service_fee: Money
    government_fee: Money
    discount_amount: Money
    loyalty_discount: Money
    loyalty_points_used: int
    loyalty_points_earned: int
    paid_amount: Money
    refunded_amount: Money
    refund_stage: RefundStage
    case: OrderCase | None = Field(description="From the payment on; none for guides to download.")
    customer_info: CustomerInfo
    service_details: ServiceDetails | None
    service_snapshot: ServiceSnapshot
    consultant_id: UUID | None
    consultant_name: str | None
    language: Language
    version: int
    cancellation_reason: str | None
    confirmed_at: datetime | None
    completed_at: datetime | None
    cancelled_at: datetime | None
    created_at: datetime
    updated_at: datetime
    items: list[OrderItem]
    payment: OrderPayment | None


class OrderEvent(Wire):
    """A step in an order's life. For a STAGE the two values are refund stages, for a CASE keys of the service's stages.

    `note` is shown to staff, and to the customer where it `is_public`.
    """

    id: int
    kind: EventKind
    from_status: str | None
    to_status: str | None
    consultant_id: UUID | None
    note: str | None
    is_public: bool
    actor_id: UUID | None
    created_at: datetime


class OrderDetail(OrderOut):
    """One order with how its price came to be and what has happened to it."""

    lines: list[PriceLine]
    events: list[OrderEvent]


class CancellationPreview(Wire):
    """What cancelling now would do. `quote_id` holds until `valid_until`, unless the order changes."""

    order_id: UUID
    refund_stage: RefundStage
    refund_percent: int
    refund_amount: Money
    non_refundable_amount: Money
    currency: str
    points_returned: int
    points_taken_back: int
    quote_id: str
    valid_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A service on sale and who wants it: read once, before anything is locked. `snapshot` is JSON."""

    service_id: UUID
    service_type: ServiceType
    title: str
    service_fee: Decimal
    government_fee: Decimal
    snapshot: str
    buyer: CustomerInfo
    buyer_language: Language
    is_student: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order as stored, for the use cases. Amounts in `currency`, fees for the whole quantity."""

    id: UUID
    order_number: str
    user_id: UUID
    service_type: ServiceType
    status: OrderStatus
    title: str
    currency: str
    total_amount: Decimal
    government_fee: Decimal
    paid_amount: Decimal
    refunded_amount: Decimal
    loyalty_points_earned: int
    loyalty_points_used: int
    customer_info: dict[str, Any]
    service_details: dict[str, Any] | None
    refund_stage: RefundStage
    first_delivered_at: datetime | None
    stage_key: str | None
    stages: tuple[ServiceStage, ...]
    consultant_id: UUID | None
    language: Language
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneySoFar:
    """What a purchase's applied payments brought, and what of it was refunded or is being refunded."""

    captured: Decimal
    refunded_or_pending: Decimal
