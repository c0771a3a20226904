"""What a trip is, as it is read, written and asked for."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BeforeValidator, Field

from sojourn.catalog.policies import CancellationPolicy, ChosenPolicy, PolicyName
from sojourn.catalog.shelving import Patch
from sojourn.catalog.values import (
    Images,
    Key,
    LanguageName,
    Languages,
    Latitude,
    Lines,
    LocalText,
    LongerText,
    Longitude,
    Paging,
    Place,
    Price,
    Query,
    Slug,
)
from sojourn.platform.i18n import Language
from sojourn.platform.kit.money import ZERO
from sojourn.platform.kit.wire import LongText, Money, MoneyIn, Text, Wire

MAX_DAYS = 60


class Environment(StrEnum):
    MOUNTAIN = "MOUNTAIN"
    BEACH = "BEACH"
    CITY = "CITY"
    FOREST = "FOREST"
    ISLAND = "ISLAND"
    TEMPLE = "TEMPLE"


class Mood(StrEnum):
    ADVENTURE = "adventure"
    RELAXING = "relaxing"
    CULTURE = "culture"
    ROMANTIC = "romantic"
    FAMILY = "family"
    NATURE = "nature"
    FOOD = "food"
    PHOTOGRAPHY = "photography"
    WELLNESS = "wellness"
    PARTY = "party"
    HISTORY = "history"
    WILDLIFE = "wildlife"


class Transport(StrEnum):
    VAN = "VAN"
    BUS = "BUS"
    TUK_TUK = "TUK_TUK"
    CAR = "CAR"
    BOAT = "BOAT"
    BICYCLE = "BICYCLE"
    MOTORBIKE = "MOTORBIKE"


class Meal(StrEnum):
    BREAKFAST = "breakfast"
    LUNCH = "lunch"
    DINNER = "dinner"


class OptionPer(StrEnum):
    """What an option's price is counted by."""

    PERSON = "PERSON"
    BOOKING = "BOOKING"


class TripSort(StrEnum):
    RATING = "rating"
    PRICE_ASC = "price_asc"
    PRICE_DESC = "price_desc"
    DURATION = "duration"
    NEWEST = "newest"


class ItineraryDay(Wire):
    day: Annotated[int, Field(ge=1, le=MAX_DAYS)]
    title: LocalText
    description: LongerText
    places: Lines = []
    meals: Annotated[list[Meal], Field(max_length=3)] = []
    overnight: Text | None = None


class TripOption(Wire):
    """An extra that a booking may add, in USD."""

    key: Key
    title: LocalText
    price_usd: MoneyIn
    per: OptionPer


class IncludedRoom(Wire):
    """A kind of room, by its hotel's slug and its own key."""

    hotel: Slug
    key: Key


class Included(Wire):
    """What each party gets from stock within the trip's price: rooms for its nights, a vehicle and a guide of its own
    for its days. Vehicle and guide by their slugs."""

    room: IncludedRoom | None = None
    vehicle: Slug | None = None
    guide: Slug | None = None


Title = Text
Days = Annotated[int, Field(ge=1, le=MAX_DAYS)]
People = Annotated[int, Field(ge=1, le=1000)]
Seats = Annotated[int, Field(ge=1, le=100_000)]
Itinerary = Annotated[list[ItineraryDay], Field(max_length=MAX_DAYS)]
Options = Annotated[list[TripOption], Field(max_length=20)]
Moods = Annotated[list[Mood], Field(max_length=len(Mood))]


class TripIn(Wire):
    """A new trip. Amounts in USD per person; `capacity_per_departure` is seats a day, the largest group if not said."""

    slug: Slug
    title: Title
    title_kh: Title | None = None
    title_zh: Title | None = None
    summary: LongText = ""
    summary_kh: LongText | None = None
    summary_zh: LongText | None = None
    destination: Place
    province: Place
    duration_days: Days
    price_per_person_usd: Price
    non_refundable_fee_usd: MoneyIn = ZERO
    environment: Environment
    mood_tags: Moods = []
    languages: Languages = [Language.EN]
    includes: Lines = []
    excludes: Lines = []
    itinerary: Itinerary = []
    highlights: Lines = []
    options: Options = []
    min_people: People = 1
    max_people: People = 50
    capacity_per_departure: Seats | None = None
    cancellation_policy: ChosenPolicy = PolicyName.MODERATE
    included: Included = Included()
    transport_type: Transport | None = None
    meeting_point: Text | None = None
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    images: Images = []
    is_active: bool = True
    is_featured: bool = False


class TripPatch(Patch):
    """What is to change; what is left out stays. With `version` (as read before), a change made since is not lost."""

    slug: Slug | None = None
    title: Title | None = None
    title_kh: Title | None = None
    title_zh: Title | None = None
    summary: LongText | None = None
    summary_kh: LongText | None = None
    summary_zh: LongText | None = None
    destination: Place | None = None
    province: Place | None = None
    duration_days: Days | None = None
    price_per_person_usd: Price | None = None
    non_refundable_fee_usd: MoneyIn | None = None
    environment: Environment | None = None
    mood_tags: Moods | None = None
    languages: Languages | None = None
    includes: Lines | None = None
    excludes: Lines | None = None
    itinerary: Itinerary | None = None
    highlights: Lines | None = None
    options: Options | None = None
    min_people: People | None = None
    max_people: People | None = None
    capacity_per_departure: Seats | None = None
    cancellation_policy: ChosenPolicy | None = None
    included: Included | None = None
    transport_type: Transport | None = None
    meeting_point: Text | None = None
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    images: Images | None = None
    is_active: bool | None = None
    is_featured: bool | None = None


class TripOptionOut(Wire):
    key: str
    title: LocalText
    price_usd: Money
    per: OptionPer


class TripOut(Wire):
    """A trip. `display_...` is in the language asked for; amounts are USD per person. `hotel_room_id` (of `hotel_id`),
    `vehicle_id` and `guide_id`: what a booking takes from stock within the price."""

    id: UUID
    slug: str
    title: str
    title_kh: str | None
    title_zh: str | None
    display_title: str
    summary: str
    summary_kh: str | None
    summary_zh: str | None
    display_summary: str
    destination: str
    province: str
    duration_days: int
    price_per_person_usd: Money
    non_refundable_fee_usd: Money
    environment: Environment
    mood_tags: list[str]
    languages: list[Language]
    includes: list[str]
    excludes: list[str]
    itinerary: list[ItineraryDay]
    highlights: list[str]
    options: list[TripOptionOut]
    min_people: int
    max_people: int
    capacity_per_departure: int
    cancellation_policy: CancellationPolicy
    hotel_id: UUID | None
    hotel_room_id: UUID | None
    vehicle_id: UUID | None
    guide_id: UUID | None
    transport_type: Transport | None
    meeting_point: str | None
    latitude: float | None
    longitude: float | None
    images: list[str]
    is_active: bool
    is_featured: bool
    avg_rating: float | None
    review_count: int
    version: int
    created_at: AwareDatetime
    updated_at: AwareDatetime


def _split(value: object) -> object:
    """`mood=food,history` means the same as `mood=food&mood=history`."""
    if not isinstance(value, list):
        return value
    return [piece.strip() for part in value for piece in str(part).split(",")]


class TripFilters(Paging):
    """Which trips, in which order. Prices in USD per person; several moods mean any of them."""

    environment: Environment | None = None
    duration: Days | None = None
    min_duration: Days | None = None
    max_duration: Days | None = None
    province: Place | None = None
    budget: MoneyIn | None = None
    min_price: MoneyIn | None = None
    max_price: MoneyIn | None = None
    mood: Annotated[Moods, BeforeValidator(_split)] = []
    guide_language: LanguageName | None = None
    q: Query | None = None
    sort: TripSort = TripSort.RATING

    @property
    def price_limit(self) -> Decimal | None:
        """The lower of `budget` and `max_price`."""
        return min((limit for limit in (self.budget, self.max_price) if limit is not None), default=None)


class AdminTripFilters(TripFilters):
    """As the public filters; both active and retired trips unless `is_active` says which."""

    is_active: bool | None = None
