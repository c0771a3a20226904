"""The places whose weather may be asked for."""

from collections import Counter

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sojourn.care.weather.cities import REACH_KM, City, distance_km, find_city, find_nearest, known_cities
from sojourn.platform.i18n import Language
from sojourn.storefronts import STOREFRONTS

LATITUDES, LONGITUDES = st.floats(-90, 90), st.floats(-180, 180)
PROVINCES = yaml.safe_load((STOREFRONTS["derlg"].catalogue / "provinces.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("province", PROVINCES, ids=lambda province: province["key"])
def test_every_province_of_the_catalogue_is_known(province: dict[str, str | float]) -> None:
    for name in (province["key"], province["en"], province["km"], province["zh"]):
        city = find_city(str(name))
        assert city is not None
        assert city.model_dump(include=set(province)) == province


@pytest.mark.parametrize("city", known_cities(), ids=lambda city: city.key)
def test_all_its_names_find_it(city: City) -> None:
    assert all(find_city(city.name(language)) == city for language in Language)
    assert all(find_city(alias.upper()) == city for alias in city.aliases)
    assert 9.9 < city.latitude < 14.7
    assert 102.3 < city.longitude < 107.7
    nearest = find_nearest(city.latitude, city.longitude)
    assert nearest == (city, 0)


def test_no_two_places_share_a_name() -> None:
    names = Counter(
        name.casefold()
        for city in known_cities()
        for name in {city.key.replace("-", " "), city.en.casefold(), city.km, city.zh, *city.aliases}
    )
    assert [name for name, count in names.items() if count > 1] == []


@pytest.mark.parametrize("name", ["", " ", "-", "province", "省", "Paris", "រ", "siem", "reap"])
def test_what_is_no_place(name: str) -> None:
    assert find_city(name) is None


@given(st.text(max_size=60))
def test_no_text_breaks_the_search(name: str) -> None:
    find_city(name)


@given(LATITUDES, LONGITUDES)
def test_what_is_near_is_within_reach(latitude: float, longitude: float) -> None:
    found = find_nearest(latitude, longitude)
    distances = [distance_km(latitude, longitude, city.latitude, city.longitude) for city in known_cities()]
    if found is None:
        assert min(distances) > REACH_KM
    else:
        assert found[1] == min(distances) <= REACH_KM


@given(LATITUDES, LONGITUDES, LATITUDES, LONGITUDES)
def test_distances_are_as_far_there_as_back(a: float, b: float, c: float, d: float) -> None:
    assert distance_km(a, b, c, d) == pytest.approx(distance_km(c, d, a, b), abs=1e-6)
    assert 0 <= distance_km(a, b, c, d) <= 20_016
    assert distance_km(a, b, a, b) == 0


def test_distances_that_are_known() -> None:
    assert distance_km(11, 104, 12, 104) == pytest.approx(111.195, abs=0.001)  # a degree of the meridian
    assert distance_km(0, 0, 0, 90) == pytest.approx(10_007.557, abs=0.001)  # a quarter of the equator
