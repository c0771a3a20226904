"""What a storefront is: a declaration, read by every floor, written only in `storefronts/<key>/`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from sojourn.platform.i18n import Language


class Dialect(StrEnum):
    """How a storefront speaks JSON."""

    CAMEL_BARE = "camel-bare"  # camelCase, bare bodies, application/problem+json errors
    SNAKE_ENVELOPE = "snake-envelope"  # snake_case, {success, data, message, meta} and error.code


class Module(StrEnum):
    """What can be switched on. Any module works in any storefront."""

    AUTH = "auth"
    USERS = "users"
    SERVICES = "services"
    ELIGIBILITY = "eligibility"
    TRIPS = "trips"
    HOTELS = "hotels"
    TRANSPORTATION = "transportation"
    GUIDES = "guides"
    EXPLORE = "explore"
    FESTIVALS = "festivals"
    IMAGES = "images"
    ORDERS = "orders"
    BOOKINGS = "bookings"
    REFERRALS = "referrals"
    STUDENT_DISCOUNT = "student_discount"
    PAYMENTS = "payments"
    LOYALTY = "loyalty"
    CONSULTATIONS = "consultations"
    DOCUMENTS = "documents"
    DOWNLOADS = "downloads"
    CURRENCY = "currency"
    WEATHER = "weather"
    EMERGENCY = "emergency"
    REVIEWS = "reviews"
    DASHBOARD = "dashboard"
    ANALYTICS = "analytics"
    DESK = "desk"
    AI_TOOLS = "ai_tools"
    EVENTS = "events"


class LimitClass(StrEnum):
    """Rate limits are set per class of endpoint (rules, section 0)."""

    AUTH = "auth"
    CATALOG = "catalog"
    PAYMENTS = "payments"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """At most `requests` in `seconds`, counted per user where one is signed in, else per IP address."""

    requests: int
    seconds: int = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class SalesRules:
    """The numbers of the business law, each a setting of the storefront (rules, sections 2, 3, 4 and 6)."""

    hold_seconds: int = 15 * 60
    hold_seconds_extended: int = 30 * 60
    max_open_holds: int = 5
    booking_horizon_days: int = 540
    student_percent: int = 10
    points_per_usd: int = 1
    points_block: int = 100
    points_block_value: Decimal = Decimal("1.00")
    points_max_percent: int = 50
    points_life_months: int = 24
    points_returned_life_days: int = 30
    referral_min_purchase: Decimal = Decimal("50.00")
    referral_referrer_points: int = 500
    referral_friend_points: int = 300
    referrals_max_a_year: int = 20
    grace_hours_after_payment: int = 24
    grace_hours_before_start: int = 168
    downloads_per_file: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsultationRules:
    """The numbers of rules, section 9. `minutes` and `buffer_minutes` are whole steps of the grid; `change_hours` is
    until when a customer may move or cancel; `max_a_day` counts a consultant's own days."""

    minutes: int = 30
    grid_minutes: int = 15
    buffer_minutes: int = 15
    notice_hours: int = 12
    horizon_days: int = 60
    max_a_day: int = 8
    change_hours: int = 24
    max_moves: int = 2
    no_show_minutes: int = 15
    needs_approval: bool = False


Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffRules:
    """What the agency asks of its staff beyond a password. No `networks`: they may work from anywhere."""

    is_second_factor_required: bool = False
    networks: tuple[Network, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StudentRules:
    """The numbers of rules, section 7. Similarities are between 0 and 1; `life_months` at most, the card's own end
    comes first; `remind_months` before the end the student is reminded, and may be verified anew."""

    life_months: int = 12
    remind_months: int = 1
    tries: int = 3
    tries_days: int = 30
    approve_from: Decimal = Decimal("0.92")
    reject_below: Decimal = Decimal("0.75")


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyRules:
    """The numbers of rules, section 11. `escalation_emails` are told besides support from the second time on."""

    repeat_seconds: int = 30
    escalate_after_seconds: int = 2 * 60
    escalate_every_seconds: int = 5 * 60
    position_days: int = 30
    escalation_emails: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRules:
    """`needs_approval`: the desk looks at a review before anybody reads it; `change_days` is how long its author may
    change or take it back."""

    needs_approval: bool = False
    change_days: int = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Storefront:
    """One agency. `time_zone` is an IANA name; `currency` is ISO 4217.

    On the public holidays of `holiday_country` (ISO 3166-1), as on Saturdays and Sundays, nobody works. What was
    checked more than `eligibility_months` ago is answered with a warning; `consultation_services` are the slugs of
    what to buy when only a person can tell.
    """

    key: str
    name: str
    legal_name: str
    prefix: str
    docs_path: str
    dialect: Dialect
    modules: frozenset[Module]
    languages: tuple[Language, ...] = (Language.EN, Language.KM, Language.ZH)
    default_language: Language = Language.EN
    currency: str = "USD"
    time_zone: str = "Asia/Phnom_Penh"
    holiday_country: str = "KH"
    eligibility_months: int = 6
    consultation_services: tuple[str, ...] = ()
    order_prefix: str = "HT"
    booking_prefix: str = "DL"
    invoice_prefix: str = "INV"
    credit_note_prefix: str = "CN"
    mail_from: str
    support_email: str
    frontend_url: str
    allowed_origins: tuple[str, ...]
    address_lines: tuple[str, ...] = ()
    primary_color: str = "#0f766e"
    customer_role: str = "CUSTOMER"
    limits: Mapping[LimitClass, Limit] = field(default_factory=dict)
    rules: SalesRules = field(default_factory=SalesRules)
    consultations: ConsultationRules = field(default_factory=ConsultationRules)
    students: StudentRules = field(default_factory=StudentRules)
    emergency: EmergencyRules = field(default_factory=EmergencyRules)
    reviews: ReviewRules = field(default_factory=ReviewRules)
    staff: StaffRules = field(default_factory=StaffRules)
    catalogue: Path
