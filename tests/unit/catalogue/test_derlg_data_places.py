"""DerLg's places as shipped."""

from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal, get_args

import pytest
from pydantic import Field, ValidationError
from tests.unit.catalogue.derlg_data import (
    CATALOGUE,
    Latitude,
    Localized,
    Longitude,
    Money,
    Slug,
    Strict,
    Text,
    entry,
    files_of,
    hidden_characters,
    lies_in,
    parse,
    provinces,
    raw,
    repeated,
)

FILES = files_of("places")

Category = Literal[
    "TEMPLE", "BEACH", "ISLAND", "NATURE", "MUSEUM", "MARKET",
    "FOOD", "VIEWPOINT", "WATERFALL", "VILLAGE", "CITY", "WILDLIFE",
]  # fmt: skip


class Place(Strict):
    slug: Slug
    name: Localized
    category: Category
    province: Text
    description: Localized
    latitude: Latitude
    longitude: Longitude
    opening_hours: Text | None
    entry_fee_usd: Money | None
    best_months: Annotated[list[Annotated[int, Field(ge=1, le=12)]], Field(min_length=1)]
    visit_minutes: Annotated[int, Field(ge=15, le=1440)]
    tips: Annotated[list[Text], Field(min_length=1, max_length=4)]
    tags: Annotated[list[Slug], Field(min_length=1, max_length=5)]


@pytest.fixture(scope="module")
def places() -> list[Place]:
    return [entry(path, Place) for path in FILES]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
class TestEachPlace:
    def test_has_exactly_the_fields_in_their_order(self, path: Path) -> None:
        entry(path, Place)
        assert list(raw(path)) == list(Place.model_fields)

    def test_file_is_named_after_its_slug(self, path: Path) -> None:
        assert path.name == f"{raw(path)['slug']}.yaml"

    def test_lies_in_its_province(self, path: Path) -> None:
        place = entry(path, Place)
        assert lies_in(place.province, place.latitude, place.longitude)

    def test_lists_hold_nothing_twice(self, path: Path) -> None:
        place = entry(path, Place)
        assert repeated(place.best_months) == repeated(place.tips) == repeated(place.tags) == []

    def test_fee_is_what_a_visitor_pays_at_a_gate(self, path: Path) -> None:
        fee = entry(path, Place).entry_fee_usd
        assert fee is None or Decimal(fee) <= 40

    def test_hides_nothing_in_its_text(self, path: Path) -> None:
        assert hidden_characters(path) == []


class TestThePlacesAsAWhole:
    def test_there_are_at_least_forty_five_in_all_provinces(self, places: list[Place]) -> None:
        assert len(places) >= 45
        assert {place.province for place in places} == set(provinces())

    def test_every_category_can_be_found(self, places: list[Place]) -> None:
        counts = Counter(place.category for place in places)
        assert set(counts) == set(get_args(Category))
        assert min(counts.values()) >= 2

    def test_names_are_unique_in_every_language(self, places: list[Place]) -> None:
        for language in ("en", "km", "zh"):
            assert repeated(getattr(place.name, language) for place in places) == []

    def test_no_two_stand_on_the_same_spot(self, places: list[Place]) -> None:
        assert repeated((place.latitude, place.longitude) for place in places) == []

    def test_some_are_free_and_some_fees_are_unknown(self, places: list[Place]) -> None:
        fees = {place.entry_fee_usd for place in places}
        assert {"0.00", None} < fees


class TestTheReader:
    """The tests above are only as good as what they refuse."""

    TEXT = (CATALOGUE / "places/angkor-wat.yaml").read_text(encoding="utf-8")

    @pytest.mark.parametrize(
        ("right", "wrong"),
        [
            ('entry_fee_usd: "37.00"', "entry_fee_usd: 37.00"),
            ("category: TEMPLE", "category: temple"),
            ("zh: 吴哥窟", "zh: Angkor Wat"),
            ("km: អង្គរវត្ត", "km: 吴哥窟"),
            ("latitude: 13.4125", "latitude: 103.8670"),
            ("visit_minutes: 180", "visit_minutes: 180\nrating: 5"),
        ],
    )
    def test_refuses_what_an_editor_may_get_wrong(self, right: str, wrong: str) -> None:
        assert right in self.TEXT
        with pytest.raises(ValidationError):
            Place.model_validate(parse(self.TEXT.replace(right, wrong, 1)))

    def test_refuses_a_key_written_twice(self) -> None:
        with pytest.raises(ValueError, match="written twice"):
            parse(self.TEXT + "category: BEACH\n")

    def test_sees_a_place_in_the_wrong_province(self) -> None:
        assert lies_in("Siem Reap", 13.4125, 103.8670)
        assert not lies_in("Kampot", 13.4125, 103.8670)
