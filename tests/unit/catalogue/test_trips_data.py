"""DerLg's trips and provinces as shipped: every file is complete, consistent and readable in three languages."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Hashable
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import pytest
import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, model_validator

CATALOGUE = Path(__file__).resolve().parents[3] / "src/sojourn/storefronts/derlg/catalogue"
TRIP_FILES = sorted((CATALOGUE / "trips").glob("*"))
PROVINCES_FILE = CATALOGUE / "provinces.yaml"

# Cambodia with its islands; a swapped or mistyped pair falls outside.
LATITUDES = (9.9, 14.7)
LONGITUDES = (102.3, 107.7)

KHMER = re.compile(r"[\u1780-\u17ff]")
HAN = re.compile(r"[\u4e00-\u9fff]")
LATIN = re.compile(r"[A-Za-z]")
# Latin letters are allowed in a translation only as part of these, which Khmer and Chinese readers see in Latin script.
LATIN_IN_TRANSLATION = re.compile(r"\b(?:ATV|PADI|SUP|BBQ|USD)\b")

Environment = Literal["MOUNTAIN", "BEACH", "CITY", "FOREST", "ISLAND", "TEMPLE"]
Policy = Literal["FLEXIBLE", "MODERATE", "STRICT", "NON_REFUNDABLE"]
Transport = Literal["VAN", "BUS", "TUK_TUK", "CAR", "BOAT", "BICYCLE", "MOTORBIKE"]
Language = Literal["en", "km", "zh"]
Meal = Literal["breakfast", "lunch", "dinner"]
Mood = Literal[
    "adventure", "relaxing", "culture", "romantic", "family", "nature",
    "food", "photography", "wellness", "party", "history", "wildlife",
]  # fmt: skip
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
Money = Annotated[str, StringConstraints(pattern=r"^\d{1,4}\.\d{2}$")]
Latitude = Annotated[float, Field(ge=LATITUDES[0], le=LATITUDES[1])]
Longitude = Annotated[float, Field(ge=LONGITUDES[0], le=LONGITUDES[1])]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Localized(Strict):
    en: Text
    km: Text
    zh: Text

    @model_validator(mode="after")
    def each_is_in_its_own_script(self) -> Localized:
        if not LATIN.search(self.en) or KHMER.search(self.en) or HAN.search(self.en):
            raise ValueError(f"not English: {self.en}")
        if not KHMER.search(self.km) or HAN.search(self.km) or LATIN.search(LATIN_IN_TRANSLATION.sub("", self.km)):
            raise ValueError(f"not Khmer: {self.km}")
        if not HAN.search(self.zh) or KHMER.search(self.zh) or LATIN.search(LATIN_IN_TRANSLATION.sub("", self.zh)):
            raise ValueError(f"not Chinese: {self.zh}")
        return self


class Day(Strict):
    day: int
    title: Localized
    description: Text
    places: Annotated[list[Text], Field(min_length=1)]
    meals: list[Meal]
    overnight: Text | None


class Option(Strict):
    key: Slug
    title: Localized
    price_usd: Money
    per: Literal["PERSON", "BOOKING"]


class IncludedRoom(Strict):
    hotel: Slug
    key: Slug


class Included(Strict):
    room: IncludedRoom


class Trip(Strict):
    slug: Slug
    title: Localized
    summary: Localized
    destination: Annotated[Text, Field(max_length=100)]
    province: Text
    environment: Environment
    duration_days: Annotated[int, Field(ge=1, le=10)]
    price_per_person_usd: Money
    non_refundable_fee_usd: Money
    mood_tags: Annotated[list[Mood], Field(min_length=1)]
    languages: Annotated[list[Language], Field(min_length=1)]
    highlights: Annotated[list[Text], Field(min_length=3, max_length=6)]
    includes: Annotated[list[Text], Field(min_length=1)]
    excludes: Annotated[list[Text], Field(min_length=1)]
    itinerary: list[Day]
    min_people: Annotated[int, Field(ge=1)]
    max_people: Annotated[int, Field(le=50)]
    capacity_per_departure: int | None
    cancellation_policy: Policy
    included: Included | None = None
    transport_type: Transport | None
    meeting_point: Text
    latitude: Latitude
    longitude: Longitude
    options: Annotated[list[Option], Field(max_length=4)]
    is_featured: bool
    images: list[str]


class Province(Strict):
    key: Slug
    en: Text
    km: Text
    zh: Text
    latitude: Latitude
    longitude: Longitude


class UniqueKeyLoader(yaml.SafeLoader):
    """PyYAML keeps the last of two equal keys without a word; an editor's slip must not pass that way."""


def _mapping_without_duplicates(loader: UniqueKeyLoader, node: yaml.MappingNode) -> dict[Hashable, object]:
    keys = [key.value for key, _ in node.value]
    duplicates = [key for key, count in Counter(keys).items() if count > 1]
    if duplicates:
        raise ValueError(f"{node.start_mark}: written twice: {duplicates}")
    return loader.construct_mapping(node, deep=True)


UniqueKeyLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping_without_duplicates)


def load(path: Path) -> object:
    return yaml.load(path.read_text(encoding="utf-8"), Loader=UniqueKeyLoader)


def read(path: Path) -> dict[str, object]:
    return TypeAdapter(dict[str, object]).validate_python(load(path))


@pytest.fixture(scope="module")
def trips() -> dict[str, Trip]:
    return {path.stem: Trip.model_validate(read(path)) for path in TRIP_FILES}


@pytest.fixture(scope="module")
def provinces() -> list[Province]:
    return [Province.model_validate(row) for row in TypeAdapter(list[object]).validate_python(load(PROVINCES_FILE))]


@pytest.mark.parametrize("path", TRIP_FILES, ids=lambda path: path.stem)
class TestEachTrip:
    def test_has_exactly_the_fields_in_the_order_an_editor_expects(self, path: Path) -> None:
        raw = read(path)
        Trip.model_validate(raw)
        assert list(raw) == [name for name in Trip.model_fields if name in raw]

    def test_file_is_named_after_its_slug(self, path: Path) -> None:
        assert path.name == f"{read(path)['slug']}.yaml"

    def test_titles_fit_the_column(self, path: Path) -> None:
        title = Trip.model_validate(read(path)).title
        assert max(len(text) for text in (title.en, title.km, title.zh)) <= 200

    def test_prices_are_plausible(self, path: Path) -> None:
        trip = Trip.model_validate(read(path))
        price, fee = Decimal(trip.price_per_person_usd), Decimal(trip.non_refundable_fee_usd)
        assert Decimal("29.00") <= price <= Decimal("1500.00")
        assert Decimal(0) <= fee < price
        assert all(Decimal(option.price_usd) > 0 for option in trip.options)

    def test_lists_hold_nothing_twice(self, path: Path) -> None:
        trip = Trip.model_validate(read(path))
        for values in (trip.mood_tags, trip.languages, trip.highlights, trip.includes, trip.excludes):
            assert len(values) == len(set(values))
        keys = [option.key for option in trip.options]
        assert len(keys) == len(set(keys))
        assert all(len(day.meals) == len(set(day.meals)) for day in trip.itinerary)

    def test_itinerary_covers_each_day_once(self, path: Path) -> None:
        trip = Trip.model_validate(read(path))
        assert [day.day for day in trip.itinerary] == list(range(1, trip.duration_days + 1))

    def test_only_the_last_day_has_no_night(self, path: Path) -> None:
        nights = [day.overnight for day in Trip.model_validate(read(path)).itinerary]
        assert nights[-1] is None
        assert None not in nights[:-1]

    def test_days_are_told_in_two_to_four_sentences(self, path: Path) -> None:
        for day in Trip.model_validate(read(path)).itinerary:
            sentences = re.split(r"(?<=[.!?])\s+", day.description.strip())
            assert 2 <= len(sentences) <= 4, f"day {day.day}: {len(sentences)} sentences"

    def test_largest_group_fits_on_a_departure(self, path: Path) -> None:
        trip = Trip.model_validate(read(path))
        assert trip.min_people <= trip.max_people
        assert trip.capacity_per_departure is None or trip.capacity_per_departure >= trip.max_people

    def test_province_is_one_of_the_twenty_five(self, path: Path, provinces: list[Province]) -> None:
        assert Trip.model_validate(read(path)).province in {province.en for province in provinces}


class TestProvinces:
    def test_all_twenty_five_are_there_once(self, provinces: list[Province]) -> None:
        assert len(provinces) == 25
        for name in ("key", "en", "km", "zh"):
            assert len({getattr(province, name) for province in provinces}) == 25
        assert len({(province.latitude, province.longitude) for province in provinces}) == 25

    def test_key_is_the_english_name_as_a_slug(self, provinces: list[Province]) -> None:
        assert [province.key for province in provinces] == [p.en.lower().replace(" ", "-") for p in provinces]

    def test_names_are_in_their_own_script(self, provinces: list[Province]) -> None:
        for province in provinces:
            Localized(en=province.en, km=province.km, zh=province.zh)


class TestTheCatalogueAsAWhole:
    def test_slugs_and_titles_are_unique(self, trips: dict[str, Trip]) -> None:
        assert len({trip.slug for trip in trips.values()}) == len(trips)
        for language in ("en", "km", "zh"):
            assert len({getattr(trip.title, language) for trip in trips.values()}) == len(trips)

    def test_nothing_invisible_or_decomposed_hides_in_the_text(self) -> None:
        for path in [PROVINCES_FILE, *TRIP_FILES]:
            text = path.read_text(encoding="utf-8")
            assert unicodedata.is_normalized("NFC", text), path.name
            invisible = [char for char in text if unicodedata.category(char) in {"Cf", "Co", "Cn"} or char == "\ufffd"]
            assert not invisible, path.name

    def test_offers_at_least_twenty_six_trips(self, trips: dict[str, Trip]) -> None:
        assert len(trips) >= 26

    def test_every_environment_has_at_least_three(self, trips: dict[str, Trip]) -> None:
        counts = Counter(trip.environment for trip in trips.values())
        assert set(counts) == set(get_args(Environment))
        assert min(counts.values()) >= 3

    def test_reaches_at_least_fourteen_provinces(self, trips: dict[str, Trip]) -> None:
        assert len({trip.province for trip in trips.values()}) >= 14

    def test_spans_short_and_long_cheap_and_dear(self, trips: dict[str, Trip]) -> None:
        durations = {trip.duration_days for trip in trips.values()}
        prices = [Decimal(trip.price_per_person_usd) for trip in trips.values()]
        assert {1, 2, 3, 4, 5, 10} <= durations
        assert min(prices) <= Decimal("40.00")
        assert max(prices) >= Decimal("1400.00")

    def test_features_six_to_eight_over_different_environments(self, trips: dict[str, Trip]) -> None:
        featured = [trip for trip in trips.values() if trip.is_featured]
        assert 6 <= len(featured) <= 8
        assert len({trip.environment for trip in featured}) == 6

    def test_every_mood_policy_and_language_can_be_found(self, trips: dict[str, Trip]) -> None:
        moods = {mood for trip in trips.values() for mood in trip.mood_tags}
        assert moods == set(get_args(Mood))
        assert {trip.cancellation_policy for trip in trips.values()} == set(get_args(Policy))
        assert {language for trip in trips.values() for language in trip.languages} == {"en", "km", "zh"}


def test_an_included_room_stands_where_the_trip_sleeps_and_holds_a_whole_departure(trips: dict[str, Trip]) -> None:
    sleeping = {slug: trip for slug, trip in trips.items() if trip.included is not None}
    assert len(sleeping) >= 10
    for slug, trip in sleeping.items():
        assert trip.included is not None
        hotel = read(CATALOGUE / "hotels" / f"{trip.included.room.hotel}.yaml")
        room = next(room for room in TypeAdapter(list[dict[str, Any]]).validate_python(hotel["rooms"])
                    if room["key"] == trip.included.room.key)  # fmt: skip
        nights = {day.overnight for day in trip.itinerary} - {None}
        assert len(nights) == 1, slug
        assert any(night in f"{hotel['destination']} {hotel['address']}" for night in nights if night), slug
        assert room["count"] * room["max_guests"] >= trip.max_people, slug
