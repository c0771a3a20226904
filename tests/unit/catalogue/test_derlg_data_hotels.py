"""DerLg's hotels and their rooms as shipped."""

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import Field
from tests.unit.catalogue.derlg_data import (
    ClockTime,
    Latitude,
    Localized,
    Longitude,
    Money,
    Policy,
    Slug,
    SpokenLanguage,
    Strict,
    Text,
    entry,
    files_of,
    hidden_characters,
    lies_in,
    raw,
    repeated,
)

FILES = files_of("hotels")

Amenity = Literal[
    "wifi", "air_conditioning", "pool", "restaurant", "breakfast", "bar", "spa", "gym", "garden", "terrace",
    "beach_access", "river_view", "bicycles", "parking", "airport_transfer", "laundry", "family_rooms",
    "wheelchair_access",
]  # fmt: skip
RoomAmenity = Literal[
    "air_conditioning", "fan", "hot_shower", "bathtub", "television", "safe", "minibar", "tea_and_coffee", "desk",
    "kitchenette", "mosquito_net", "balcony", "garden_view", "mountain_view", "river_view", "sea_view", "private_pool",
]  # fmt: skip
Bed = Literal["KING", "QUEEN", "DOUBLE", "SINGLE", "BUNK"]
SLEEPERS = {"KING": 2, "QUEEN": 2, "DOUBLE": 2, "SINGLE": 1, "BUNK": 2}


class Room(Strict):
    key: Slug
    name: Localized
    max_guests: Annotated[int, Field(ge=1, le=12)]
    beds: Annotated[dict[Bed, Annotated[int, Field(ge=1, le=8)]], Field(min_length=1)]
    size_m2: Annotated[int, Field(ge=10, le=200)]
    nightly_rate_usd: Money
    count: Annotated[int, Field(ge=1, le=200)]
    amenities: Annotated[list[RoomAmenity], Field(min_length=1)]

    @property
    def sleepers(self) -> int:
        return sum(SLEEPERS[kind] * count for kind, count in self.beds.items())


class Hotel(Strict):
    slug: Slug
    name: Localized
    description: Localized
    province: Text
    destination: Annotated[Text, Field(max_length=100)]
    address: Text
    latitude: Latitude
    longitude: Longitude
    stars: Annotated[int, Field(ge=1, le=5)]
    amenities: Annotated[list[Amenity], Field(min_length=3)]
    check_in_time: ClockTime
    check_out_time: ClockTime
    cancellation_policy: Policy
    languages: Annotated[list[SpokenLanguage], Field(min_length=1)]
    images: list[str]
    rooms: Annotated[list[Room], Field(min_length=2, max_length=4)]


@pytest.fixture(scope="module")
def hotels() -> list[Hotel]:
    return [entry(path, Hotel) for path in FILES]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
class TestEachHotel:
    def test_has_exactly_the_fields_in_their_order(self, path: Path) -> None:
        entry(path, Hotel)
        content = raw(path)
        assert list(content) == list(Hotel.model_fields)
        rooms = content["rooms"]
        assert isinstance(rooms, list)
        assert all(list(room) == list(Room.model_fields) for room in rooms)

    def test_file_is_named_after_its_slug(self, path: Path) -> None:
        assert path.name == f"{raw(path)['slug']}.yaml"

    def test_lies_in_its_province(self, path: Path) -> None:
        hotel = entry(path, Hotel)
        assert lies_in(hotel.province, hotel.latitude, hotel.longitude)

    def test_rooms_are_free_before_the_next_guest_comes(self, path: Path) -> None:
        hotel = entry(path, Hotel)
        assert hotel.check_out_time < hotel.check_in_time

    def test_everybody_in_a_room_has_a_place_to_sleep(self, path: Path) -> None:
        for room in entry(path, Hotel).rooms:
            assert room.max_guests <= room.sleepers, room.key

    def test_room_keys_and_names_differ(self, path: Path) -> None:
        rooms = entry(path, Hotel).rooms
        assert repeated(room.key for room in rooms) == []
        assert repeated(room.name.km for room in rooms) == repeated(room.name.zh for room in rooms) == []

    def test_lists_hold_nothing_twice(self, path: Path) -> None:
        hotel = entry(path, Hotel)
        assert repeated(hotel.amenities) == repeated(hotel.languages) == []
        assert all(repeated(room.amenities) == [] for room in hotel.rooms)

    def test_rates_are_plausible(self, path: Path) -> None:
        rates = [Decimal(room.nightly_rate_usd) for room in entry(path, Hotel).rooms]
        assert all(Decimal(10) <= rate <= Decimal(400) for rate in rates)

    def test_staff_speak_khmer_and_english(self, path: Path) -> None:
        assert {"en", "km"} <= set(entry(path, Hotel).languages)

    def test_hides_nothing_in_its_text(self, path: Path) -> None:
        assert hidden_characters(path) == []


class TestTheHotelsAsAWhole:
    def test_there_are_at_least_fourteen_in_eight_provinces(self, hotels: list[Hotel]) -> None:
        assert len(hotels) >= 14
        assert len({hotel.province for hotel in hotels}) >= 8

    def test_names_are_unique_in_every_language(self, hotels: list[Hotel]) -> None:
        for language in ("en", "km", "zh"):
            assert repeated(getattr(hotel.name, language) for hotel in hotels) == []

    def test_a_room_type_has_one_name(self, hotels: list[Hotel]) -> None:
        names: dict[str, Localized] = {}
        for hotel in hotels:
            for room in hotel.rooms:
                assert names.setdefault(room.key, room.name) == room.name

    def test_there_is_a_bed_for_every_purse(self, hotels: list[Hotel]) -> None:
        rates = [Decimal(room.nightly_rate_usd) for hotel in hotels for room in hotel.rooms]
        assert min(rates) <= 20
        assert max(rates) >= 200
        assert {2, 3, 4, 5} <= {hotel.stars for hotel in hotels}

    def test_chinese_is_spoken_in_several(self, hotels: list[Hotel]) -> None:
        assert sum("zh" in hotel.languages for hotel in hotels) >= 3
