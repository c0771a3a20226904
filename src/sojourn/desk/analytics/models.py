"""What the desk asks of the figures, and what it is told."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from sojourn.catalog.services.models import ServiceOut, ServiceType
from sojourn.catalog.values import LanguageName
from sojourn.desk.analytics.parts import Measure
from sojourn.desk.analytics.people_queries import ConsultantSort, CustomerSort
from sojourn.desk.analytics.periods import Between, Day, Mode, Step
from sojourn.platform.http.files import Exportable
from sojourn.platform.i18n import Language
from sojourn.platform.kit.texts import SearchText
from sojourn.platform.kit.wire import Money, PageIn, SortByTime, Wire
from sojourn.sales.bookings.models import BookingOut, BookingType
from sojourn.sales.orders.models import OrderOut
from sojourn.sales.purchases import PurchaseKind

Currency = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{3}$", to_upper=True)]


class RevenueFilters(Between, Exportable):
    """Without `from_date`: the last 31 days, 26 weeks, 12 months or 10 years, by `by`."""

    by: Step = Step.MONTH
    by_type: bool = Field(False, description="A row for each type of service or booking.")
    type: ServiceType | BookingType | None = None
    currency: Currency | None = None


class RevenuePaymentFilters(Between, Exportable, PageIn):
    sort: SortByTime = SortByTime.NEWEST
    type: ServiceType | BookingType | None = None
    currency: Currency | None = None
    service_id: UUID | None = None
    trip_id: UUID | None = None


class FigureRowFilters(Between, Exportable, PageIn):
    is_counted: bool | None = Field(None, description="Only what counts for a rate, or only what does not.")


class CustomerFilters(Exportable, PageIn):
    """`q` is part of the name, e-mail address or telephone number. `mode` is that of the payments."""

    q: SearchText | None = None
    has_points: bool | None = None
    is_active: bool | None = None
    sort: CustomerSort = CustomerSort.NEWEST
    mode: Mode | None = None


class CustomerPurchaseFilters(Exportable, PageIn):
    pass


class ConsultantFilters(Exportable, PageIn):
    """The days are those of completing and assigning; open cases are those of now. `q` is part of the name or e-mail
    address, `language` one that they speak."""

    from_date: Day | None = None
    to_date: Day | None = None
    is_active: bool | None = None
    q: SearchText | None = None
    language: LanguageName | None = None
    sort: ConsultantSort = ConsultantSort.NAME


class OccupancyFilters(Exportable, PageIn):
    """Days of travel, both included; without them, from today for 90 days."""

    from_date: Day | None = None
    to_date: Day | None = None


class MoneyOut(Wire):
    """Gross was captured, net is what of it was not refunded, in one currency: currencies are never added up."""

    currency: str
    gross: Money
    refunded: Money
    net: Money


class RevenuePeriod(MoneyOut):
    """`period_end` is its last day. `type` is null for all types together."""

    period_start: date
    period_end: date
    type: str | None
    payments_count: int
    rows_url: str


class RevenueOut(Wire):
    """Money by payment date in the storefront's zone. Periods without a payment are left out."""

    mode: Mode
    by: Step
    from_date: date
    to_date: date
    totals: list[MoneyOut]
    periods: list[RevenuePeriod]


class RevenuePayment(MoneyOut):
    """A payment that counts as revenue."""

    payment_id: UUID
    paid_at: datetime
    purchase_kind: PurchaseKind
    purchase_id: UUID
    reference: str
    type: str | None
    method: str
    user_id: UUID
    customer_name: str
    customer_email: str


class RevenueByServiceType(Wire):
    main: Money = Decimal(0)
    micro: Money = Decimal(0)
    digital: Money = Decimal(0)


class RevenueByBookingType(Wire):
    package: Money = Decimal(0)
    hotel_only: Money = Decimal(0)
    transport_only: Money = Decimal(0)
    guide_only: Money = Decimal(0)


class TopService(ServiceOut):
    """A service: how often it was sold, and its net revenue, in the storefront's currency."""

    sold: int
    revenue: Money
    rows_url: str


class TopTrip(Wire):
    """A trip: how often it was sold, and its net revenue, in the storefront's currency."""

    id: UUID
    slug: str
    title: str
    price: Money
    sold: int
    revenue: Money
    rows_url: str


class StatsOut(Wire):
    """`total_revenue`, the revenue by type and the best sellers are net, in the storefront's `currency`; what came in
    other currencies is in `revenue_by_currency`. Orders and bookings count by the day on which they were made."""

    mode: Mode
    from_date: date | None
    to_date: date | None
    currency: str
    total_revenue: Money
    gross_revenue: Money
    refunded_amount: Money
    revenue_by_currency: list[MoneyOut]
    total_orders: int
    active_orders: int
    pending_orders: int
    completed_orders: int
    total_bookings: int
    active_bookings: int
    completed_bookings: int
    revenue_by_service_type: RevenueByServiceType
    revenue_by_booking_type: RevenueByBookingType
    top_services: list[TopService]
    top_trips: list[TopTrip]
    recent_orders: list[OrderOut]
    recent_bookings: list[BookingOut]
    rows_urls: dict[str, str] = Field(description="Where the rows behind each figure are, by the figure's name.")


class FigureOut(Wire):
    """`value` is a count, a percentage, seconds or points by `measure`; null where nothing has happened yet. `counted`
    of `total` rows count; `amount` of `whole_amount` where money is compared."""

    name: str
    meaning: str
    measure: Measure
    value: Decimal | None
    counted: int
    total: int
    amount: Money | None
    whole_amount: Money | None
    currency: str | None
    rows_url: str


class FiguresOut(Wire):
    mode: Mode
    from_date: date | None
    to_date: date | None
    figures: list[FigureOut]


class FigureRow(Wire):
    """A purchase behind a figure. `at` is the moment the figure goes by; `value` is what it adds up or averages."""

    purchase_kind: PurchaseKind
    purchase_id: UUID
    reference: str | None
    title: str | None
    type: str | None
    status: str | None
    at: datetime
    is_counted: bool
    value: Decimal | None
    whole: Decimal | None
    total_amount: Money | None
    currency: str | None
    user_id: UUID | None
    customer_name: str | None
    customer_email: str | None


class CustomerRow(Wire):
    """`lifetime_value` is net, in `currency`. Counted are all orders and bookings, whatever became of them."""

    id: UUID
    name: str = Field(alias="fullName")
    email: str
    phone: str | None
    country: str | None
    is_active: bool
    orders_count: int
    bookings_count: int
    lifetime_value: Money
    currency: str
    last_purchase_at: datetime | None
    loyalty_points: int
    created_at: datetime
    rows_url: str


class CustomerPurchase(Wire):
    purchase_kind: PurchaseKind
    purchase_id: UUID
    reference: str
    title: str
    type: str
    status: str
    total_amount: Money
    paid_amount: Money
    refunded_amount: Money
    currency: str
    created_at: datetime
    confirmed_at: datetime | None


class CustomerOut(CustomerRow):
    """A customer with their money in each currency and their latest purchases."""

    money: list[MoneyOut]
    purchases: list[CustomerPurchase]


class ConsultantRow(Wire):
    """`seconds_to_assign` and `seconds_to_complete` are means: from confirmation to assignment, and on to the end."""

    id: UUID
    name: str = Field(alias="fullName")
    email: str
    is_active: bool
    spoken_languages: list[Language]
    open_cases: int
    completed_cases: int
    seconds_to_assign: int | None
    seconds_to_complete: int | None
    last_assigned_at: datetime | None
    rows_url: str


class OccupancyRow(Wire):
    """A departure is a day on which a seat is sold or held; `seats` are those of all departures."""

    trip_id: UUID
    slug: str
    title: str
    departures: int
    seats: int
    seats_sold: int
    seats_held: int
    occupancy_percent: Decimal | None
    rows_url: str
