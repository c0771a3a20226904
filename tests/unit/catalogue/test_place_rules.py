"""Boxes around a point: whatever lies near enough is in one of them."""

from math import asin, cos, radians, sin, sqrt

from hypothesis import example, given
from hypothesis import strategies as st

from sojourn.catalog.places.models import MAX_KM, Spot
from sojourn.catalog.places.rules import EARTH_RADIUS_KM, Box, boxes_around

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
