"""What the fields of a place must be to each other, and boxes around a point: whatever is near enough lies in one."""

from math import asin, cos, radians, sin, sqrt
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sojourn.catalog.places.models import MAX_KM, PlaceIn, PlaceSearch, PlaceSort, Spot
from sojourn.catalog.places.rules import (
    EARTH_RADIUS_KM,
    Box,
    boxes_around,
    faults_of,
    faults_of_filters,
    order_of,
)

LATITUDES = st.floats(-90, 90)
LONGITUDES = st.floats(-180, 180)
STEPS = st.floats(-6, 6)  # in degrees: what is near enough to matter
KILOMETRES = st.floats(0.01, MAX_KM)


def kilometres(one: Spot, other: Spot) -> float:
    half = (
        sin(radians(other.latitude - one.latitude) / 2) ** 2
        + cos(radians(one.latitude))
        * cos(radians(other.latitude))
        * sin(radians(other.longitude - one.longitude) / 2) ** 2
    )
    return 2 * EARTH_RADIUS_KM * asin(min(1, sqrt(half)))


def holds(box: Box, spot: Spot) -> bool:
    return box.south <= spot.latitude <= box.north and box.west <= spot.longitude <= box.east


@example(latitude=13.4, longitude=103.9, north=0.4, east=0, km=50)
@example(latitude=0, longitude=179.99, north=0, east=0.1, km=20)
@example(latitude=-89.9, longitude=0, north=-0.1, east=5, km=20)
@given(latitude=LATITUDES, longitude=LONGITUDES, north=STEPS, east=STEPS, km=KILOMETRES)
def test_what_is_near_is_in_a_box(latitude: float, longitude: float, north: float, east: float, km: float) -> None:
    here = Spot(latitude, longitude)
    there = Spot(min(90, max(-90, latitude + north)), (longitude + east + 180) % 360 - 180)
    boxes = boxes_around(here, km)
    if kilometres(here, there) <= km:
        assert any(holds(box, there) for box in boxes)


@given(longitude=LONGITUDES, latitude=LATITUDES, km=KILOMETRES)
def test_boxes_lie_on_the_globe_and_are_one_or_two(longitude: float, latitude: float, km: float) -> None:
    boxes = boxes_around(Spot(latitude, longitude), km)
    assert 1 <= len(boxes) <= 2
    for box in boxes:
        assert -90.01 <= box.south < box.north <= 90.01
        assert -180.01 <= box.west <= box.east <= 180.01


def test_a_box_is_not_much_wider_than_its_circle() -> None:
    [box] = boxes_around(Spot(13.4125, 103.867), 10)
    assert 19.9 < kilometres(Spot(box.south, 103.867), Spot(box.north, 103.867)) < 20.1
    assert 19.9 < kilometres(Spot(13.4125, box.west), Spot(13.4125, box.east)) < 20.1


def test_two_boxes_meet_at_the_date_line() -> None:
    for longitude in (179.95, -179.95):
        west, east = boxes_around(Spot(0, longitude), 20)
        assert (west.east, east.west) == (180, -180)
        assert (west.south, west.north) == (east.south, east.north)
        assert 0.35 < (180 - west.west) + (east.east + 180) < 0.37, "20 km to either side, in degrees of the equator"
        assert (180 - west.west > east.east + 180) is (longitude > 0)


def test_near_a_pole_every_longitude_is_near() -> None:
    [north] = boxes_around(Spot(89.95, 20), 20)
    [south] = boxes_around(Spot(-89.95, 20), 20)
    for box in (north, south):
        assert (box.west, box.east) == (-180, 180)
    assert (90 < north.north < 90.001, 89.7 < north.south < 89.8) == (True, True)
    assert (-90.001 < south.south < -90, -89.8 < south.north < -89.7) == (True, True)


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"tags": ["river", "walk"], "best_months": [1, 11]}, []),
        ({"tags": ["river", "walk", "river"]}, ["tags"]),
        ({"best_months": [1, 11, 1]}, ["best_months"]),
    ],
)
def test_fields_of_a_place(changes: dict[str, Any], wrong: list[str]) -> None:
    bayon = {
        "slug": "bayon", "name": "Bayon", "category": "TEMPLE", "province": "Siem Reap", "latitude": 13.44,
        "longitude": 103.86, **changes,
    }  # fmt: skip
    assert [fault.field for fault in faults_of(PlaceIn.model_validate(bayon))] == wrong


NEAR = "13.41,103.87"


@pytest.mark.parametrize(
    ("asked", "order", "wrong"),
    [
        ({}, PlaceSort.NAME, []),
        ({"near": NEAR}, PlaceSort.DISTANCE, []),
        ({"near": NEAR, "within_km": 5}, PlaceSort.DISTANCE, []),
        ({"within_km": 5}, PlaceSort.NAME, ["near"]),
        ({"query": "gate"}, PlaceSort.RELEVANCE, []),
        ({"query": "gate", "near": NEAR}, PlaceSort.DISTANCE, []),
        ({"query": "gate", "near": NEAR, "sort": "relevance"}, PlaceSort.RELEVANCE, []),
        ({"query": "gate", "sort": "name"}, PlaceSort.NAME, []),
        ({"near": NEAR, "sort": "fee"}, PlaceSort.FEE, []),
        ({"sort": "distance"}, PlaceSort.DISTANCE, ["near"]),
        ({"sort": "relevance"}, PlaceSort.RELEVANCE, ["query"]),
        ({"near": NEAR, "sort": "relevance"}, PlaceSort.RELEVANCE, ["query"]),
        ({"query": "gate", "sort": "distance", "within_km": 5}, PlaceSort.DISTANCE, ["near", "near"]),
    ],
)
def test_the_order_of_places(asked: dict[str, Any], order: PlaceSort, wrong: list[str]) -> None:
    filters = PlaceSearch.model_validate(asked)
    assert order_of(filters) is order
    assert [fault.field for fault in faults_of_filters(filters)] == wrong
