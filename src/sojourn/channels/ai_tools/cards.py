"""What is on the shelf, as short as a model wants it: enough to choose by, in the language asked for."""

from collections.abc import Mapping
from typing import Any, TypeVar
from uuid import UUID

from sojourn.catalog.hotels.models import Bed
from sojourn.catalog.transportation.models import Category, TransferOut
from sojourn.catalog.trips.models import Environment
from sojourn.platform.kit.wire import Money, Wire

Card = TypeVar("Card", bound=Wire)
# A card's plain field takes the words that the shelf has in the language asked for.
_SHOWN = {
    "title": "display_title",
    "summary": "display_summary",
    "name": "display_name",
    "bio": "display_bio",
    "description": "display_description",
    "what_to_know": "display_what_to_know",
}


class TripCard(Wire):
    """A packaged trip; the price is per person in USD."""

    id: UUID
    slug: str
    title: str
    summary: str
    province: str
    destination: str
    duration_days: int
    price_per_person_usd: Money
    environment: Environment
    mood_tags: list[str]
    min_people: int
    max_people: int
    avg_rating: float | None
    review_count: int


class RoomCard(Wire):
    """A kind of room: `id` is the `hotel_room_id` to book; `available` is null unless nights were asked about."""

    id: UUID
    name: str
    max_guests: int
    beds: dict[Bed, int]
    nightly_rate_usd: Money
    available: int | None


class HotelCard(Wire):
    """A hotel with its rooms; rates are USD a night."""

    id: UUID
    slug: str
    name: str
    description: str
    province: str
    destination: str
    stars: int
    amenities: list[str]
    from_price_usd: Money | None
    avg_rating: float | None
    rooms: list[RoomCard]


class VehicleCard(Wire):
    """A vehicle, `capacity` seats; rates are USD for the whole vehicle."""

    id: UUID
    slug: str
    name: str
    category: Category
    capacity: int
    luggage: int
    province: str
    with_driver: bool
    languages: list[str]
    daily_rate_usd: Money
    per_km_rate_usd: Money | None
    transfers: list[TransferOut]


class GuideCard(Wire):
    """A guide; the rate is USD a day for the whole group. `languages` are ISO 639-1 codes."""

    id: UUID
    slug: str
    name: str
    bio: str
    languages: list[str]
    provinces: list[str]
    specialties: list[str]
    daily_rate_usd: Money
    max_group: int
    years_experience: int
    avg_rating: float | None


def card(kind: type[Card], row: Mapping[str, Any]) -> Card:
    """A row of the shelf's JSON as a card of this kind."""
    values = {name: row[_SHOWN.get(name, name)] if _SHOWN.get(name) in row else row[name] for name in kind.model_fields}
    if kind is HotelCard:
        values["rooms"] = [card(RoomCard, room) for room in row["rooms"]]
    return kind.model_validate(values)
