"""What a vehicle is, as it is read, written and asked for."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from sojourn.catalog.policies import CancellationPolicy, ChosenPolicy, PolicyName
from sojourn.catalog.shelving import Patch
from sojourn.catalog.values import Images, LanguageCode, Lines, Paging, Place, Price, Query, Slug
from sojourn.platform.kit.wire import Day, Money, MoneyIn, Text, Wire


class Category(StrEnum):
    TUK_TUK = "TUK_TUK"
    CAR = "CAR"
    SUV = "SUV"
    VAN = "VAN"
    BUS = "BUS"
    BOAT = "BOAT"
    BICYCLE = "BICYCLE"
    MOTORBIKE = "MOTORBIKE"


class VehicleSort(StrEnum):
    PRICE_ASC = "price_asc"
    PRICE_DESC = "price_desc"
    CAPACITY = "capacity"
    RATING = "rating"
    NEWEST = "newest"


Capacity = Annotated[int, Field(ge=1, le=500)]
Luggage = Annotated[int, Field(ge=0, le=1000)]
Fleet = Annotated[int, Field(ge=1, le=1000)]
Spoken = Annotated[list[LanguageCode], Field(max_length=20)]


class TransferIn(Wire):
    """A ride from one place to another at a fixed price, in USD for the vehicle."""

    from_place: Place
    to_place: Place
    price_usd: Price


Transfers = Annotated[list[TransferIn], Field(max_length=40)]


class VehicleIn(Wire):
    """A new vehicle, `fleet_count` alike ones of it. Rates in USD for the vehicle; `languages` are the driver's."""

    slug: Slug
    name: Text
    name_kh: Text | None = None
    name_zh: Text | None = None
    category: Category
    capacity: Capacity
    luggage: Luggage = 0
    daily_rate_usd: Price
    per_km_rate_usd: Price | None = None
    transfers: Transfers = []
    province: Place
    features: Lines = []
    with_driver: bool = True
    languages: Spoken = []
    fleet_count: Fleet = 1
    cancellation_policy: ChosenPolicy = PolicyName.MODERATE
    images: Images = []
    is_active: bool = True


class VehiclePatch(Patch):
    """What is to change; what is left out stays."""

    slug: Slug | None = None
    name: Text | None = None
    name_kh: Text | None = None
    name_zh: Text | None = None
    category: Category | None = None
    capacity: Capacity | None = None
    luggage: Luggage | None = None
    daily_rate_usd: Price | None = None
    per_km_rate_usd: Price | None = None
    transfers: Transfers | None = None
    province: Place | None = None
    features: Lines | None = None
    with_driver: bool | None = None
    languages: Spoken | None = None
    fleet_count: Fleet | None = None
    cancellation_policy: ChosenPolicy | None = None
    images: Images | None = None
    is_active: bool | None = None


class TransferOut(Wire):
    from_place: str
    to_place: str
    price_usd: Money


class VehicleOut(Wire):
    """A vehicle. `display_name` is in the language asked for; amounts are USD for the vehicle."""

    id: UUID
    slug: str
    name: str
    name_kh: str | None
    name_zh: str | None
    display_name: str
    category: Category
    capacity: int
    luggage: int
    daily_rate_usd: Money
    per_km_rate_usd: Money | None
    transfers: list[TransferOut]
    province: str
    features: list[str]
    with_driver: bool
    languages: list[str]
    fleet_count: int
    cancellation_policy: CancellationPolicy
    images: list[str]
    is_active: bool
    avg_rating: float | None
    review_count: int
    version: int
    created_at: AwareDatetime
    updated_at: AwareDatetime


class VehicleFilters(Paging):
    """Which vehicles. With `travel_date` (to `end_date`): only those with one of the fleet free each day."""

    category: Category | None = None
    min_capacity: Capacity | None = None
    province: Place | None = None
    max_price: MoneyIn | None = None
    travel_date: Day | None = None
    end_date: Day | None = None
    q: Query | None = None
    sort: VehicleSort = VehicleSort.PRICE_ASC


class AdminVehicleFilters(VehicleFilters):
    """As the public filters; both active and retired vehicles unless `is_active` says which."""

    is_active: bool | None = None
