"""What a hotel and its rooms are, as they are read, written and asked for."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints

from sojourn.catalog.policies import CancellationPolicy, ChosenPolicy, PolicyName
from sojourn.catalog.shelving import Patch
from sojourn.catalog.values import (
    Images,
    Key,
    LanguageCodes,
    Latitude,
    Lines,
    Longitude,
    Paging,
    Place,
    Price,
    Query,
    Slug,
)
from sojourn.platform.kit.wire import Day, LongText, Money, MoneyIn, Text, Wire

MAX_NIGHTS = 60


class Bed(StrEnum):
    SINGLE = "SINGLE"
    DOUBLE = "DOUBLE"
    QUEEN = "QUEEN"
    KING = "KING"
    BUNK = "BUNK"


class HotelSort(StrEnum):
    STARS = "stars"
    PRICE_ASC = "price_asc"
    PRICE_DESC = "price_desc"
    RATING = "rating"
    NEWEST = "newest"


Stars = Annotated[int, Field(ge=1, le=5)]
TimeOfDay = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]


Beds = Annotated[dict[Bed, Annotated[int, Field(ge=1, le=50)]], Field(min_length=1)]


class RoomIn(Wire):
    """A kind of room, known by its key within the hotel; `count` alike ones of it. Rate in USD a night."""

    key: Key
    name: Text
    name_kh: Text | None = None
    name_zh: Text | None = None
    max_guests: Annotated[int, Field(ge=1, le=50)]
    beds: Beds
    size_m2: Annotated[int, Field(ge=1, le=5000)] | None = None
    nightly_rate_usd: Price
    count: Annotated[int, Field(ge=1, le=1000)]
    amenities: Lines = []


Rooms = Annotated[list[RoomIn], Field(min_length=1, max_length=30)]


class HotelIn(Wire):
    """A new hotel with its rooms. Times of day in the storefront's zone."""

    slug: Slug
    name: Text
    name_kh: Text | None = None
    name_zh: Text | None = None
    description: LongText = ""
    description_kh: LongText | None = None
    description_zh: LongText | None = None
    province: Place
    destination: Place
    address: Text
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    stars: Stars
    amenities: Lines = []
    check_in_time: TimeOfDay = "14:00"
    check_out_time: TimeOfDay = "12:00"
    cancellation_policy: ChosenPolicy = PolicyName.MODERATE
    languages: LanguageCodes = ["en"]
    images: Images = []
    is_active: bool = True
    rooms: Rooms


class HotelPatch(Patch):
    """What is to change. `rooms` replaces the whole list: a room left out is retired, its bookings stand."""

    slug: Slug | None = None
    name: Text | None = None
    name_kh: Text | None = None
    name_zh: Text | None = None
    description: LongText | None = None
    description_kh: LongText | None = None
    description_zh: LongText | None = None
    province: Place | None = None
    destination: Place | None = None
    address: Text | None = None
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    stars: Stars | None = None
    amenities: Lines | None = None
    check_in_time: TimeOfDay | None = None
    check_out_time: TimeOfDay | None = None
    cancellation_policy: ChosenPolicy | None = None
    languages: LanguageCodes | None = None
    images: Images | None = None
    is_active: bool | None = None
    rooms: Rooms | None = None


class RoomOut(Wire):
    """A kind of room. `available`: free for every night asked about; null when no nights were."""

    id: UUID
    key: str
    name: str
    name_kh: str | None
    name_zh: str | None
    display_name: str
    max_guests: int
    beds: dict[Bed, int]
    size_m2: int | None
    nightly_rate_usd: Money
    count: int
    amenities: list[str]
    available: int | None


class HotelOut(Wire):
    """A hotel with its rooms. `display_...` is in the language asked for; amounts are USD a night."""

    id: UUID
    slug: str
    name: str
    name_kh: str | None
    name_zh: str | None
    display_name: str
    description: str
    description_kh: str | None
    description_zh: str | None
    display_description: str
    province: str
    destination: str
    address: str
    latitude: float | None
    longitude: float | None
    stars: int
    amenities: list[str]
    check_in_time: str
    check_out_time: str
    cancellation_policy: CancellationPolicy
    languages: list[str]
    images: list[str]
    from_price_usd: Money | None
    rooms: list[RoomOut]
    is_active: bool
    avg_rating: float | None
    review_count: int
    version: int
    created_at: AwareDatetime
    updated_at: AwareDatetime


class HotelFilters(Paging):
    """Which hotels. With `check_in` and `check_out`: only those with enough rooms of one kind free each night.

    Price bounds are USD a night, met by at least one room.
    """

    province: Place | None = None
    stars: Stars | None = None
    min_stars: Stars | None = None
    min_price: MoneyIn | None = None
    max_price: MoneyIn | None = None
    guests: Annotated[int, Field(ge=1, le=500)] | None = None
    rooms: Annotated[int, Field(ge=1, le=100)] = 1
    check_in: Day | None = None
    check_out: Day | None = None
    q: Query | None = None
    sort: HotelSort = HotelSort.STARS


class AdminHotelFilters(HotelFilters):
    """As the public filters; both active and retired hotels unless `is_active` says which."""

    is_active: bool | None = None
