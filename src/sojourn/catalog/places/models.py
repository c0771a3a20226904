"""What a place worth seeing is, as it is read, written and asked for."""

from enum import StrEnum
from typing import Annotated, NamedTuple
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints

from sojourn.catalog.shelving import Patch
from sojourn.catalog.values import Images, Key, Latitude, Lines, Longitude, Paging, Place, Query, Slug
from sojourn.platform.i18n import Language
from sojourn.platform.kit.wire import LongText, Money, MoneyIn, Text, Wire

NEARBY_KM = 50.0
MAX_KM = 500.0


class PlaceCategory(StrEnum):
    TEMPLE = "TEMPLE"
    BEACH = "BEACH"
    ISLAND = "ISLAND"
    NATURE = "NATURE"
    MUSEUM = "MUSEUM"
    MARKET = "MARKET"
    FOOD = "FOOD"
    VIEWPOINT = "VIEWPOINT"
    WATERFALL = "WATERFALL"
    VILLAGE = "VILLAGE"
    CITY = "CITY"
    WILDLIFE = "WILDLIFE"


class PlaceSort(StrEnum):
    """`relevance`: those with the text in their name first."""

    NAME = "name"
    FEE = "fee"
    DISTANCE = "distance"
    RELEVANCE = "relevance"


class Spot(NamedTuple):
    """A point of the globe, in degrees (WGS 84)."""

    latitude: float
    longitude: float


def _on_the_globe(text: str) -> str:
    latitude, longitude = map(float, text.split(","))
    if abs(latitude) > 90 or abs(longitude) > 180:
        raise ValueError("must be a latitude of -90 to 90 and a longitude of -180 to 180")
    return text


Months = Annotated[list[Annotated[int, Field(ge=1, le=12)]], Field(max_length=12)]
Minutes = Annotated[int, Field(ge=1, le=1440)]
Tags = Annotated[list[Key], Field(max_length=10)]
Near = Annotated[
    str,
    StringConstraints(pattern=r"^-?\d{1,2}(\.\d{1,12})?,-?\d{1,3}(\.\d{1,12})?$"),
    AfterValidator(_on_the_globe),
    Field(examples=["13.4125,103.8670"]),
]


class PlaceIn(Wire):
    """A new place. `entry_fee_usd`: 0 is free, null not known; `best_months`: 1 is January."""

    slug: Slug
    name: Text
    name_kh: Text | None = None
    name_zh: Text | None = None
    description: LongText = ""
    description_kh: LongText | None = None
    description_zh: LongText | None = None
    category: PlaceCategory
    province: Place
    latitude: Latitude
    longitude: Longitude
    opening_hours: Text | None = None
    entry_fee_usd: MoneyIn | None = None
    best_months: Months = []
    visit_minutes: Minutes | None = None
    tips: Lines = []
    tags: Tags = []
    images: Images = []
    is_active: bool = True


class PlacePatch(Patch):
    """What is to change; what is left out stays."""

    slug: Slug | None = None
    name: Text | None = None
    name_kh: Text | None = None
    name_zh: Text | None = None
    description: LongText | None = None
    description_kh: LongText | None = None
    description_zh: LongText | None = None
    category: PlaceCategory | None = None
    province: Place | None = None
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    opening_hours: Text | None = None
    entry_fee_usd: MoneyIn | None = None
    best_months: Months | None = None
    visit_minutes: Minutes | None = None
    tips: Lines | None = None
    tags: Tags | None = None
    images: Images | None = None
    is_active: bool | None = None


class PlaceOut(Wire):
    """A place. `display_...` is in the language asked for, else in English, text by text; `display_language` says which
    one `display_name` is in. `distance_km` is the straight way from `near`, null when that was not asked."""

    id: UUID
    slug: str
    name: str
    name_kh: str | None
    name_zh: str | None
    display_name: str
    display_language: Language
    description: str
    description_kh: str | None
    description_zh: str | None
    display_description: str
    category: PlaceCategory
    province: str
    latitude: float
    longitude: float
    distance_km: float | None
    opening_hours: str | None
    entry_fee_usd: Money | None
    best_months: list[int]
    visit_minutes: int | None
    tips: list[str]
    tags: list[str]
    images: list[str]
    is_active: bool
    version: int
    created_at: AwareDatetime
    updated_at: AwareDatetime


class PlaceSearch(Paging):
    """Which places. `query` is a text in any of the three languages: what has it in its name comes first. `near` is
    `latitude,longitude` in degrees: only what lies within `within_km` (50 if not said) is answered, the nearest first.
    Otherwise by name."""

    query: Query | None = None
    category: PlaceCategory | None = None
    province: Place | None = None
    near: Near | None = None
    within_km: Annotated[float, Field(gt=0, le=MAX_KM)] | None = None
    sort: PlaceSort | None = None

    @property
    def spot(self) -> Spot | None:
        """`near` as numbers."""
        return Spot(*map(float, self.near.split(","))) if self.near else None

    @property
    def reach_km(self) -> float:
        return self.within_km or NEARBY_KM


class AdminPlaceSearch(PlaceSearch):
    """As the public search; both active and retired places unless `is_active` says which."""

    is_active: bool | None = None
