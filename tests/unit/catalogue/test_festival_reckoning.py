"""Computed days of festivals: against announced ones, against the files, and against the moon itself."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.catalogue.derlg_data import files_of, raw

from sojourn.catalog.festivals.models import Feast, FestivalDays, FestivalFilters, FestivalIn, Reckoning
from sojourn.catalog.festivals.reckoning import find_days, occurrences
from sojourn.catalog.festivals.rules import faults_of, span_of

FILES = {path.stem: raw(path) for path in files_of("festivals")}
FESTIVALS: dict[str, dict[str, Any]] = {
    slug: {name: content[name] for name in ("slug", "kind", "reckoning", "dates")} | {"name": slug}
    for slug, content in FILES.items()
}

# As the government announced them (sub-decrees on public holidays), and the Chinese days as everybody kept them.
ANNOUNCED = {
    "khmer-new-year": ["2022-04-14", "2023-04-14", "2024-04-13", "2025-04-14", "2026-04-14", "2027-04-14"],
    "visak-bochea": ["2022-05-15", "2023-05-04", "2024-05-22", "2025-05-11", "2026-05-01"],
    "royal-ploughing-ceremony": ["2022-05-19", "2023-05-08", "2024-05-26", "2025-05-15", "2026-05-05"],
    "pchum-ben": ["2022-09-24", "2023-10-13", "2024-10-01", "2025-09-21", "2026-10-10", "2027-09-29"],
    "water-festival": ["2022-11-07", "2023-11-26", "2024-11-14", "2025-11-04", "2026-11-23", "2027-11-12"],
    "chinese-new-year": ["2024-02-10", "2025-01-29", "2026-02-17", "2027-02-06", "2028-01-26"],
    "mid-autumn-festival": ["2024-09-17", "2025-10-06", "2026-09-25", "2027-09-15"],
    "qingming": ["2024-04-04", "2025-04-04", "2026-04-05", "2027-04-05"],
    "independence-day": ["2024-11-09", "2030-11-09"],
}
DAYS = [(slug, day) for slug, days in ANNOUNCED.items() for day in days]

# Meeus, Astronomical Algorithms, ch. 49: a mean new moon, and the mean month. The true moon strays by up to 14 hours,
# and calendars that go by rules by another day.
NEW_MOON = datetime(2000, 1, 6, 14, 20, tzinfo=UTC)
MONTH = timedelta(days=29.530588861)
FULL = MONTH / 2
KHMER_MOONS = {
    Feast.MEAK_FULL_MOON: FULL, Feast.PISAK_FULL_MOON: FULL, Feast.ASADH_FULL_MOON: FULL,
    Feast.PHOTROBOT_NEW_MOON: timedelta(0), Feast.ASSOCH_FULL_MOON: FULL, Feast.KADEK_FULL_MOON: FULL,
}  # fmt: skip
CHINESE_MOONS = {Feast.CHINESE_NEW_YEAR: timedelta(0), Feast.CHINESE_EIGHTH_FULL_MOON: FULL}
YEARS = st.integers(1950, 2095)


def reckoning(slug: str) -> Reckoning:
    return Reckoning.model_validate(FESTIVALS[slug]["reckoning"])


def found(slug_or_feast: str | Feast, year: int) -> FestivalDays:
    rule = Reckoning(feast=slug_or_feast) if isinstance(slug_or_feast, Feast) else reckoning(slug_or_feast)
    days = find_days(rule, year)
    assert days is not None
    return days


@pytest.mark.parametrize(("slug", "day"), DAYS)
def test_computed_days_are_the_announced_ones(slug: str, day: str) -> None:
    first = date.fromisoformat(day)
    days = found(slug, first.year)
    assert (days.starts_on, days.year, days.is_confirmed) == (first, first.year, False)
    assert days.source.startswith("Computed: ")


@pytest.mark.parametrize("slug", FESTIVALS)
def test_computed_days_are_those_of_the_files(slug: str) -> None:
    festival = FestivalIn.model_validate(FESTIVALS[slug])
    assert list(faults_of(festival)) == []
    for dates in festival.dates:
        computed = found(slug, dates.year)
        assert (computed.starts_on, computed.ends_on) == (dates.starts_on, dates.ends_on)


@pytest.mark.parametrize("slug", FESTIVALS)
def test_no_festival_runs_dry(slug: str) -> None:
    festival = FestivalIn.model_validate(FESTIVALS[slug])
    days = list(occurrences(festival, first_year=2025, last_year=2090))
    assert sorted(day.year for day in days) == list(range(2025, 2091))
    assert {day.year for day in days if day.is_confirmed} == {2026, 2027}
    assert {(day.ends_on - day.starts_on).days for day in days} == {
        (day.ends_on - day.starts_on).days for day in days if day.is_confirmed
    }


@given(year=YEARS, feast=st.sampled_from(sorted(KHMER_MOONS | CHINESE_MOONS)))
def test_feasts_of_the_moon_see_it_as_they_should(year: int, feast: Feast) -> None:
    noon = datetime.combine(found(feast, year).starts_on, time(5, tzinfo=UTC))
    off = (noon - NEW_MOON - (KHMER_MOONS | CHINESE_MOONS)[feast]) % MONTH
    assert min(off, MONTH - off) < timedelta(days=2.6)


@given(year=YEARS, feast=st.sampled_from(sorted(set(Feast) - {Feast.DATE})))
def test_a_year_lies_between_two_feasts(year: int, feast: Feast) -> None:
    gap = found(feast, year + 1).starts_on - found(feast, year).starts_on
    if feast in KHMER_MOONS or feast in CHINESE_MOONS:
        assert gap.days in {353, 354, 355, 383, 384, 385}
    else:
        assert gap.days in {365, 366}


def test_the_new_year_of_the_sun_slips_by_a_day_a_century() -> None:
    firsts = {year: found("khmer-new-year", year).starts_on.strftime("%m-%d") for year in range(2000, 2101)}
    assert {firsts[year] for year in range(2000, 2060)} == {"04-13", "04-14"}
    assert firsts[2100] == "04-15"


@pytest.mark.parametrize("year", [1800, 2158, 2999])
def test_beyond_its_calendar_a_feast_has_no_answer(year: int) -> None:
    for feast in (*KHMER_MOONS, *CHINESE_MOONS):
        assert find_days(Reckoning(feast=feast), year) is None


def test_what_is_written_down_counts_more_than_what_is_computed() -> None:
    body = FESTIVALS["pchum-ben"] | {
        "dates": [{"year": 2028, "starts_on": "2028-10-01", "ends_on": "2028-10-04", "source": "Sub-decree"}]
    }
    days = {day.year: day for day in occurrences(FestivalIn.model_validate(body), first_year=2027, last_year=2029)}
    assert (days[2028].starts_on, days[2028].ends_on) == (date(2028, 10, 1), date(2028, 10, 4))
    assert (days[2028].is_confirmed, days[2028].source) == (True, "Sub-decree")
    assert [days[year].is_confirmed for year in (2027, 2029)] == [False, False]


@given(year=st.integers(1900, 2999), month=st.none() | st.integers(1, 12))
def test_the_months_of_a_year_are_its_days(year: int, month: int | None) -> None:
    first, last = span_of(FestivalFilters(year=year, month=month), date(2026, 12, 1))
    assert first.year == last.year == year
    assert first.day == 1
    assert (last + timedelta(days=1)).day == 1
    assert (first.month, last.month) == ((month, month) if month else (1, 12))
