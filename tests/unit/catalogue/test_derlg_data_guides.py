"""DerLg's guides as shipped: persons of the agency's imagination, with the two kinds of licence that exist."""

from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import Field
from tests.unit.catalogue.derlg_data import (
    LATIN,
    Localized,
    Money,
    Policy,
    Slug,
    SpokenLanguage,
    Strict,
    Text,
    entry,
    files_of,
    hidden_characters,
    provinces,
    raw,
    repeated,
)

FILES = files_of("guides")

Specialty = Literal[
    "temples", "history", "architecture", "buddhism", "colonial_history", "memory", "photography", "birds", "wildlife",
    "trekking", "cycling", "rivers", "islands", "villages", "crafts", "markets", "food", "pepper_and_farms", "family",
]  # fmt: skip


class Guide(Strict):
    slug: Slug
    name: Annotated[Text, Field(max_length=100)]
    languages: Annotated[list[SpokenLanguage], Field(min_length=1)]
    provinces: Annotated[list[Text], Field(min_length=1)]
    specialties: Annotated[list[Specialty], Field(min_length=1, max_length=5)]
    bio: Localized
    daily_rate_usd: Money
    max_group: Annotated[int, Field(ge=1, le=30)]
    license_type: Literal["NATIONAL", "PROVINCIAL"]
    years_experience: Annotated[int, Field(ge=1, le=40)]
    cancellation_policy: Policy


@pytest.fixture(scope="module")
def guides() -> list[Guide]:
    return [entry(path, Guide) for path in FILES]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
class TestEachGuide:
    def test_has_exactly_the_fields_in_their_order(self, path: Path) -> None:
        entry(path, Guide)
        assert list(raw(path)) == list(Guide.model_fields)

    def test_file_is_named_after_the_person(self, path: Path) -> None:
        guide = entry(path, Guide)
        assert path.stem == guide.slug == guide.name.lower().replace(" ", "-")
        assert LATIN.search(guide.name)

    def test_leads_in_provinces_that_exist(self, path: Path) -> None:
        assert set(entry(path, Guide).provinces) <= set(provinces())

    def test_a_provincial_licence_is_for_one_province(self, path: Path) -> None:
        guide = entry(path, Guide)
        assert guide.license_type == "NATIONAL" or len(guide.provinces) == 1

    def test_speaks_khmer_and_something_travellers_speak(self, path: Path) -> None:
        languages = set(entry(path, Guide).languages)
        assert "km" in languages
        assert languages - {"km"}

    def test_day_rate_is_plausible(self, path: Path) -> None:
        assert Decimal(25) <= Decimal(entry(path, Guide).daily_rate_usd) <= Decimal(90)

    def test_lists_hold_nothing_twice(self, path: Path) -> None:
        guide = entry(path, Guide)
        assert repeated(guide.languages) == repeated(guide.provinces) == repeated(guide.specialties) == []

    def test_hides_nothing_in_its_text(self, path: Path) -> None:
        assert hidden_characters(path) == []


class TestTheGuidesAsAWhole:
    def test_there_are_at_least_sixteen(self, guides: list[Guide]) -> None:
        assert len(guides) >= 16
        assert repeated(guide.name for guide in guides) == []

    def test_each_great_language_is_spoken_by_several(self, guides: list[Guide]) -> None:
        spoken = Counter(language for guide in guides for language in guide.languages)
        assert spoken["zh"] >= 4
        assert min(spoken[language] for language in ("en", "km", "fr", "de", "ja", "ko")) >= 2

    def test_chinese_is_spoken_where_most_visitors_go(self, guides: list[Guide]) -> None:
        chinese = {province for guide in guides if "zh" in guide.languages for province in guide.provinces}
        assert {"Siem Reap", "Phnom Penh", "Preah Sihanouk"} <= chinese

    def test_both_licences_and_many_provinces_are_there(self, guides: list[Guide]) -> None:
        assert {guide.license_type for guide in guides} == {"NATIONAL", "PROVINCIAL"}
        assert len({province for guide in guides for province in guide.provinces}) >= 10
