"""What a service is, as it is read, written and asked for."""

import json
from enum import StrEnum
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import AwareDatetime, ConfigDict, Field, JsonValue, StringConstraints, model_validator
from pydantic.alias_generators import to_camel

from sojourn.catalog.shelving import Patch
from sojourn.catalog.values import Images, Key, Lines, LocalText, LongerText, Paging, Price, Query, Slug
from sojourn.platform.i18n import Language
from sojourn.platform.kit.money import ZERO
from sojourn.platform.kit.wire import LongText, Money, MoneyIn, Text, Wire

MAX_PROMISED_DAYS = 120
MAX_SPECS = 4_000
SpecName = Annotated[str, StringConstraints(min_length=1, max_length=60)]


class ServiceType(StrEnum):
    """A package, a single piece of work, or a guide to download."""

    MAIN = "MAIN"
    MICRO = "MICRO"
    DIGITAL = "DIGITAL"


class DocumentCategory(StrEnum):
    PASSPORT = "PASSPORT"
    PHOTO = "PHOTO"
    BANK_STATEMENT = "BANK_STATEMENT"
    TRAVEL_ITINERARY = "TRAVEL_ITINERARY"
    OTHER = "OTHER"


class RefundStage(StrEnum):
    """How far the work is, as far as refunds go (rules, section 4)."""

    NOT_STARTED = "NOT_STARTED"
    IN_REVIEW = "IN_REVIEW"
    INFORMATION_MISSING = "INFORMATION_MISSING"
    LODGED = "LODGED"
    COMPLETED = "COMPLETED"


class ServiceSort(StrEnum):
    SHELF = "shelf"
    PRICE_ASC = "price_asc"
    PRICE_DESC = "price_desc"
    TITLE = "title"
    NEWEST = "newest"


class ServiceSpecs(Wire):
    """What is delivered: `delivery_days` are working days; `pages` and `edition` are a guide's. An agency may say more
    under names of its own, which come back as they were sent."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[SpecName, JsonValue]

    delivery_days: Annotated[int, Field(ge=0, le=365)] | None = None
    revisions: Annotated[int, Field(ge=0, le=100)] | None = None
    languages: Annotated[list[Language], Field(max_length=3)] = []
    consultations_included: Annotated[int, Field(ge=0, le=100)] = 0
    format: Annotated[Text, Field(max_length=20)] | None = None
    pages: Annotated[int, Field(ge=1, le=10_000)] | None = None
    edition: Annotated[Text, Field(max_length=40)] | None = None

    @model_validator(mode="after")
    def _few_words_beside(self) -> Self:
        said = self.model_extra or {}
        taken = {name for field in type(self).model_fields for name in (field, to_camel(field))}
        if (name := next((name for name in said if name in taken), None)) is not None:
            raise ValueError(f"says {name} in another spelling than the rest")
        if len(json.dumps(said)) > MAX_SPECS:
            raise ValueError(f"must be at most {MAX_SPECS} characters of JSON")
        return self


class ChecklistItem(Wire):
    """A document that the customer provides."""

    key: Key
    category: DocumentCategory
    title: LocalText
    hint: LongText = ""
    is_required: bool = True


class ServiceStage(Wire):
    """A step of the work, and what a customer who cancels there is treated as.

    `promised_days` are the working days that the step may take; without them nothing is promised.
    """

    key: Key
    title: LocalText
    refund_stage: RefundStage
    promised_days: Annotated[int, Field(ge=0, le=MAX_PROMISED_DAYS)] | None = None


Region = Annotated[Text, Field(max_length=100)]
PriceRange = Annotated[Text, Field(max_length=100)]
Checklist = Annotated[list[ChecklistItem], Field(max_length=40)]
Stages = Annotated[list[ServiceStage], Field(max_length=20)]
SortOrder = Annotated[int, Field(ge=0, le=1_000_000)]


class _Service(Wire):
    type: ServiceType
    title: Text
    title_km: Text | None = None
    title_zh: Text | None = None
    description: LongerText
    description_km: LongerText | None = None
    description_zh: LongerText | None = None
    long_description: LongerText | None = None
    long_description_km: LongerText | None = None
    long_description_zh: LongerText | None = None
    price: Price
    service_fee: MoneyIn | None = None
    government_fee: MoneyIn = ZERO
    old_price: Price | None = None
    price_range: PriceRange | None = None
    images: Images = []
    specs: ServiceSpecs = ServiceSpecs()
    features: Lines = []
    region: Region | None = None
    checklist: Checklist = []
    stages: Stages = []
    requires_consultant: bool = False
    is_active: bool = True
    sort_order: SortOrder = 100


class ServiceIn(_Service):
    """A service as it lies on the shelf. Amounts in USD; `price` is `service_fee` and `government_fee` together.

    Without a service fee it is what the government fee leaves of the price.
    """

    slug: Slug


class NewService(_Service):
    """A new service. Amounts in USD; `price` is `service_fee` and `government_fee` together.

    Without a service fee it is what the government fee leaves of the price; without a slug it gets one of its title.
    """

    slug: Slug | None = None


class ServicePatch(Patch):
    """What is to change; what is left out stays. With `version` (as read before), a change made since is not lost.

    A new `price` or `government_fee` without a `service_fee` leaves the rest of the price to the service fee.
    """

    slug: Slug | None = None
    type: ServiceType | None = None
    title: Text | None = None
    title_km: Text | None = None
    title_zh: Text | None = None
    description: LongerText | None = None
    description_km: LongerText | None = None
    description_zh: LongerText | None = None
    long_description: LongerText | None = None
    long_description_km: LongerText | None = None
    long_description_zh: LongerText | None = None
    price: Price | None = None
    service_fee: MoneyIn | None = None
    government_fee: MoneyIn | None = None
    old_price: Price | None = None
    price_range: PriceRange | None = None
    images: Images | None = None
    specs: ServiceSpecs | None = None
    features: Lines | None = None
    region: Region | None = None
    checklist: Checklist | None = None
    stages: Stages | None = None
    requires_consultant: bool | None = None
    is_active: bool | None = None
    sort_order: SortOrder | None = None

    def changes(self) -> dict[str, Any]:
        changes = super().changes()
        if changes.keys() & {"price", "government_fee"} and "service_fee" not in changes:
            changes["service_fee"] = None  # what is left of the price
        return changes


class ServiceOut(Wire):
    """A service. `display_...` is in the language asked for; amounts are USD."""

    id: UUID
    slug: str
    type: ServiceType
    title: str
    title_km: str | None
    title_zh: str | None
    display_title: str
    description: str
    description_km: str | None
    description_zh: str | None
    display_description: str
    long_description: str | None
    long_description_km: str | None
    long_description_zh: str | None
    display_long_description: str | None
    price: Money
    service_fee: Money
    government_fee: Money
    old_price: Money | None
    price_range: str | None
    images: list[str]
    specs: ServiceSpecs
    features: list[str]
    region: str | None
    checklist: list[ChecklistItem]
    stages: list[ServiceStage]
    requires_consultant: bool
    is_active: bool
    sort_order: int
    version: int
    created_at: AwareDatetime
    updated_at: AwareDatetime


class TypedServiceFilters(Paging):
    """Which services, in which order. Prices in USD."""

    region: Region | None = None
    q: Query | None = None
    min_price: MoneyIn | None = None
    max_price: MoneyIn | None = None
    sort: ServiceSort = ServiceSort.SHELF


class ServiceFilters(TypedServiceFilters):
    type: ServiceType | None = None
    active: bool = True
