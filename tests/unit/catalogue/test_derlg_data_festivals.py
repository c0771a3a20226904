"""DerLg's festivals as shipped. Feasts of the moon are held against the moon itself, not against the tables used."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Literal, Self, get_args

import pytest
from pydantic import Field, model_validator
from tests.unit.catalogue.derlg_data import (
    Localized,
    Slug,
    Strict,
    Text,
    entry,
    files_of,
    hidden_characters,
    provinces,
    raw,
    repeated,
)

FILES = files_of("festivals")
YEARS = [2026, 2027]

Kind = Literal["NATIONAL", "RELIGIOUS", "CULTURAL", "CHINESE"]

# Meeus, Astronomical Algorithms, ch. 49: a mean new moon, and the mean month. The true moon strays by up to 14 hours.
NEW_MOON = datetime(2000, 1, 6, 14, 20, tzinfo=UTC)
MONTH = timedelta(days=29.530588861)
CAMBODIAN_NOON = time(5, tzinfo=UTC)

FIXED = {
    "kings-birthday": (5, 14),
    "queen-mothers-birthday": (6, 18),
    "constitution-day": (9, 24),
    "king-father-commemoration-day": (10, 15),
    "coronation-day": (10, 29),
    "independence-day": (11, 9),
}
# The day of the festival that is the full moon, counted from its first.
FULL_MOONS = {"meak-bochea": 0, "visak-bochea": 0, "water-festival": 1, "mid-autumn-festival": 0}
# Likewise the day on which the moon is new.
NEW_MOONS = {"chinese-new-year": 0, "pchum-ben": 1}


class Dates(Strict):
    year: int
    starts_on: date
    ends_on: date
    source: Text

    @model_validator(mode="after")
    def lie_in_their_year(self) -> Self:
        if not (self.starts_on <= self.ends_on and self.starts_on.year == self.ends_on.year == self.year):
            raise ValueError("starts_on, ends_on and year do not fit")
        return self


class Festival(Strict):
    slug: Slug
    name: Localized
    description: Localized
    province: Text | None
    kind: Kind
    reckoning: dict[str, str | int]
    dates: Annotated[list[Dates], Field(min_length=1)]
    is_public_holiday: bool
    what_to_know: Localized


def days_since_new_moon(day: date) -> float:
    return ((datetime.combine(day, CAMBODIAN_NOON) - NEW_MOON) % MONTH) / timedelta(days=1)


@pytest.fixture(scope="module")
def festivals() -> dict[str, Festival]:
    return {path.stem: entry(path, Festival) for path in FILES}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
class TestEachFestival:
    def test_has_exactly_the_fields_in_their_order(self, path: Path) -> None:
        entry(path, Festival)
        assert list(raw(path)) == list(Festival.model_fields)

    def test_file_is_named_after_its_slug(self, path: Path) -> None:
        assert path.name == f"{raw(path)['slug']}.yaml"

    def test_is_nationwide_or_in_a_province(self, path: Path) -> None:
        province = entry(path, Festival).province
        assert province is None or province in provinces()

    def test_has_this_year_and_the_next(self, path: Path) -> None:
        assert [dates.year for dates in entry(path, Festival).dates] == YEARS

    def test_lasts_at_most_a_lunar_month(self, path: Path) -> None:
        assert all(dates.ends_on - dates.starts_on < MONTH for dates in entry(path, Festival).dates)

    def test_hides_nothing_in_its_text(self, path: Path) -> None:
        assert hidden_characters(path) == []


class TestTheFestivalsAsAWhole:
    def test_there_are_at_least_fourteen_of_every_kind(self, festivals: dict[str, Festival]) -> None:
        assert len(festivals) >= 14
        assert {festival.kind for festival in festivals.values()} == set(get_args(Kind))
        for language in ("en", "km", "zh"):
            assert repeated(getattr(festival.name, language) for festival in festivals.values()) == []

    @pytest.mark.parametrize("slug", sorted(FIXED))
    def test_days_of_the_solar_calendar_stay(self, festivals: dict[str, Festival], slug: str) -> None:
        for dates in festivals[slug].dates:
            assert dates.starts_on == dates.ends_on == date(dates.year, *FIXED[slug])
        assert festivals[slug].is_public_holiday

    def test_new_year_enters_in_the_middle_of_april_for_three_days(self, festivals: dict[str, Festival]) -> None:
        for dates in festivals["khmer-new-year"].dates:
            assert dates.starts_on in {date(dates.year, 4, 13), date(dates.year, 4, 14)}
            assert dates.ends_on - dates.starts_on == timedelta(days=2)

    @pytest.mark.parametrize("slug", sorted(FULL_MOONS))
    def test_feasts_of_the_full_moon_see_it_full(self, festivals: dict[str, Festival], slug: str) -> None:
        for dates in festivals[slug].dates:
            age = days_since_new_moon(dates.starts_on + timedelta(days=FULL_MOONS[slug]))
            assert age == pytest.approx(MONTH.total_seconds() / 2 / 86400, abs=1.6), dates

    @pytest.mark.parametrize("slug", sorted(NEW_MOONS))
    def test_feasts_of_the_new_moon_see_none(self, festivals: dict[str, Festival], slug: str) -> None:
        for dates in festivals[slug].dates:
            age = days_since_new_moon(dates.starts_on + timedelta(days=NEW_MOONS[slug]))
            assert min(age, MONTH / timedelta(days=1) - age) < 1.6, dates

    def test_ploughing_follows_visak_bochea_by_four_days(self, festivals: dict[str, Festival]) -> None:
        visak, ploughing = festivals["visak-bochea"].dates, festivals["royal-ploughing-ceremony"].dates
        gaps = [late.starts_on - early.starts_on for early, late in zip(visak, ploughing, strict=True)]
        assert gaps == [timedelta(days=4)] * len(YEARS)

    def test_robes_are_given_until_the_full_moon_of_the_water_festival(self, festivals: dict[str, Festival]) -> None:
        kathina, water = festivals["kathina"].dates, festivals["water-festival"].dates
        for robes, boats in zip(kathina, water, strict=True):
            assert robes.ends_on == boats.starts_on + timedelta(days=1)
            assert robes.ends_on - robes.starts_on == timedelta(days=28)

    def test_graves_are_swept_at_the_solar_term(self, festivals: dict[str, Festival]) -> None:
        for dates in festivals["qingming"].dates:
            assert date(dates.year, 4, 4) <= dates.starts_on <= date(dates.year, 4, 6)

    def test_mid_autumn_is_two_hundred_days_and_more_after_new_year(self, festivals: dict[str, Festival]) -> None:
        spring, autumn = festivals["chinese-new-year"].dates, festivals["mid-autumn-festival"].dates
        for first, fifteenth in zip(spring, autumn, strict=True):
            # Seven months and fourteen days; a leap month between would make it a month more.
            assert (fifteenth.starts_on - first.starts_on).days in {220, 221, 222}
