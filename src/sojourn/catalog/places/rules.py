"""What the fields of a place must be to each other, and where on the globe to look for neighbours."""

from collections.abc import Iterator
from math import asin, cos, degrees, pi, radians, sin
from typing import NamedTuple

from sojourn.catalog.faults import Fault
from sojourn.catalog.places.models import PlaceIn, PlaceSearch, PlaceSort, Spot
from sojourn.catalog.values import find_repeated

EARTH_RADIUS_KM = 6371.0088  # the mean radius of the IUGG, as in the database's great_circle_km
_SLACK = 1e-9  # what rounding may take from a box that must hold everything


class Box(NamedTuple):
    """Latitudes and longitudes in degrees, from south-west to north-east."""

    south: float
    west: float
    north: float
    east: float


def faults_of(place: PlaceIn) -> Iterator[Fault]:
    """Nothing is said twice."""
    if (tag := find_repeated(place.tags)) is not None:
        yield Fault("tags", f"has {tag} twice")
    if (month := find_repeated([str(number) for number in place.best_months])) is not None:
        yield Fault("best_months", f"has {month} twice")


def faults_of_filters(filters: PlaceSearch) -> Iterator[Fault]:
    """Orders that nothing was said for."""
    if filters.near is None and filters.within_km is not None:
        yield Fault("near", "is needed as well")
    if filters.near is None and filters.sort is PlaceSort.DISTANCE:
        yield Fault("near", "is needed to sort by distance")
    if filters.query is None and filters.sort is PlaceSort.RELEVANCE:
        yield Fault("query", "is needed to sort by relevance")


def order_of(filters: PlaceSearch) -> PlaceSort:
    """What was asked for, else the nearest first, else what the text names, else by name."""
    if filters.sort is not None:
        return filters.sort
    if filters.near is not None:
        return PlaceSort.DISTANCE
    return PlaceSort.RELEVANCE if filters.query is not None else PlaceSort.NAME


def boxes_around(spot: Spot, km: float) -> list[Box]:
    """Boxes that hold every point within `km` of `spot`: one, or two where they meet at the date line.

    Source: J. P. Matuschek, Finding Points Within a Distance of a Latitude/Longitude Using Bounding Coordinates.
    """
    angle = km / EARTH_RADIUS_KM
    latitude = radians(spot.latitude)
    south, north = latitude - angle, latitude + angle
    if south <= -pi / 2 or north >= pi / 2:  # a pole is within reach, and with it every longitude
        return [Box(max(degrees(south), -90) - _SLACK, -180, min(degrees(north), 90) + _SLACK, 180)]
    reach = degrees(asin(sin(angle) / cos(latitude))) + _SLACK
    south, north = degrees(south) - _SLACK, degrees(north) + _SLACK
    west, east = spot.longitude - reach, spot.longitude + reach
    if west < -180:
        return [Box(south, west + 360, north, 180), Box(south, -180, north, east)]
    if east > 180:
        return [Box(south, west, north, 180), Box(south, -180, north, east - 360)]
    return [Box(south, west, north, east)]
