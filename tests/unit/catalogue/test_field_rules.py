"""What the fields of things on the shelf must be to each other: trips, services, hotels, vehicles, guides."""

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from tests.features.catalog import samples

from sojourn.catalog.faults import MAX_DAYS, Fault
from sojourn.catalog.guides import rules as guides
from sojourn.catalog.guides.models import GuideFilters, GuideIn
from sojourn.catalog.hotels import rules as hotels
from sojourn.catalog.hotels.models import MAX_NIGHTS, HotelFilters, HotelIn
from sojourn.catalog.services import rules as services
from sojourn.catalog.services.models import ServiceIn, TypedServiceFilters
from sojourn.catalog.transportation import rules as transportation
from sojourn.catalog.transportation.models import VehicleFilters, VehicleIn
from sojourn.catalog.trips import rules as trips
from sojourn.catalog.trips.models import Included, TripFilters, TripIn

Json = dict[str, Any]
DAY = date(2027, 3, 1)
ROOM = {"hotel": "riverside-garden", "key": "double"}


def fields(faults: Iterable[Fault]) -> list[str]:
    return [fault.field for fault in faults]


def day(number: int) -> Json:
    return {**samples.ITINERARY[0], "day": number}


def option(key: str) -> Json:
    return {"key": key, "title": {"en": key}, "price_usd": "5.00", "per": "PERSON"}


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({}, []),
        ({"min_people": 12}, []),
        ({"min_people": 13}, ["max_people"]),
        ({"min_people": 12, "capacity_per_departure": 11}, ["capacity_per_departure"]),
        ({"min_people": 12, "capacity_per_departure": 12}, []),
        ({"min_people": 12, "capacity_per_departure": None}, []),
        ({"min_people": 13, "capacity_per_departure": None}, ["max_people", "capacity_per_departure"]),
        ({"non_refundable_fee_usd": "289.00"}, []),
        ({"non_refundable_fee_usd": "289.01"}, ["non_refundable_fee_usd"]),
        ({"itinerary": []}, []),
        ({"itinerary": [day(1)]}, ["itinerary"]),
        ({"itinerary": [day(2), day(1)]}, ["itinerary"]),
        ({"itinerary": [day(1), day(2), day(3)]}, ["itinerary"]),
        ({"options": [option("a"), option("b")]}, []),
        ({"options": [option("a"), option("b"), option("a")]}, ["options"]),
        ({"latitude": None, "longitude": None}, []),
        ({"latitude": None}, ["latitude"]),
        ({"longitude": None}, ["longitude"]),
        ({"included": {"room": ROOM}}, []),
        ({"included": {"room": ROOM}, "duration_days": 1, "itinerary": []}, ["included.room"]),
        ({"included": {"guide": "sok-dara"}, "duration_days": 1, "itinerary": []}, []),
    ],
)
def test_fields_of_a_trip(changes: Json, wrong: list[str]) -> None:
    assert fields(trips.faults_of(TripIn.model_validate(samples.trip(**changes)))) == wrong


def test_what_is_included_is_in_the_catalogue() -> None:
    included = Included.model_validate({"room": ROOM, "vehicle": "temple-van"})
    found = {"room": UUID(int=1), "vehicle": None, "guide": None}
    assert fields(trips.faults_of_included(included, found)) == ["included.vehicle"]
    assert fields(trips.faults_of_included(Included(), dict.fromkeys(found))) == []


@pytest.mark.parametrize(
    ("asked", "wrong"),
    [
        ({"min_duration": 3, "max_duration": 3}, []),
        ({"min_duration": 4, "max_duration": 3}, ["min_duration"]),
        ({"min_duration": 4}, []),
        ({"max_duration": 1}, []),
        ({"min_price": "10.00", "max_price": "10.00", "budget": "10.00"}, []),
        ({"min_price": "10.01", "max_price": "10.00"}, ["min_price"]),
        ({"min_price": "10.01", "budget": "10.00"}, ["min_price"]),
    ],
)
def test_ranges_of_trips_do_not_cross(asked: Json, wrong: list[str]) -> None:
    assert fields(trips.faults_of_filters(TripFilters(**asked))) == wrong


def item(key: str) -> Json:
    return {"key": key, "category": "PASSPORT", "title": {"en": key}}


def stages(*passed: str) -> list[Json]:
    return [{"key": f"step-{n}", "title": {"en": "Step"}, "refundStage": stage} for n, stage in enumerate(passed)]


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({}, []),
        ({"serviceFee": None}, []),
        ({"serviceFee": None, "governmentFee": "329.00"}, []),
        ({"serviceFee": None, "governmentFee": "329.01"}, ["government_fee"]),
        ({"serviceFee": "298.99"}, ["price"]),
        ({"oldPrice": None}, []),
        ({"oldPrice": "329.01"}, []),
        ({"oldPrice": "329.00"}, ["old_price"]),
        ({"checklist": [item("passport"), item("photo")]}, []),
        ({"checklist": [item("passport"), item("photo"), item("passport")]}, ["checklist"]),
        ({"stages": [*stages("NOT_STARTED"), *stages("IN_REVIEW")]}, ["stages"]),
        ({"stages": stages("NOT_STARTED", "IN_REVIEW", "INFORMATION_MISSING", "IN_REVIEW", "LODGED", "COMPLETED")}, []),
        ({"stages": stages("IN_REVIEW", "NOT_STARTED")}, ["stages"]),
        ({"stages": stages("INFORMATION_MISSING", "NOT_STARTED")}, ["stages"]),
        ({"stages": stages("LODGED", "INFORMATION_MISSING")}, ["stages"]),
        ({"stages": stages("COMPLETED", "LODGED")}, ["stages"]),
    ],
)
def test_fields_of_a_service(changes: Json, wrong: list[str]) -> None:
    assert fields(services.faults_of(ServiceIn.model_validate(samples.service(**changes)))) == wrong


def test_the_service_fee_is_what_the_government_leaves() -> None:
    said = ServiceIn.model_validate(samples.service(serviceFee="1.00"))
    unsaid = ServiceIn.model_validate(samples.service(serviceFee=None))
    assert (services.service_fee_of(said), services.service_fee_of(unsaid)) == (Decimal("1.00"), Decimal("299.00"))


def test_ranges_of_services_do_not_cross() -> None:
    for lowest, wrong in ((Decimal(2), []), (Decimal(3), ["min_price"])):
        asked = TypedServiceFilters(min_price=lowest, max_price=Decimal(2))
        assert fields(services.faults_of_filters(asked)) == wrong


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({}, []),
        ({"rooms": [samples.room(), samples.room("family"), samples.room()]}, ["rooms"]),
        ({"latitude": None, "longitude": None}, []),
        ({"latitude": None}, ["latitude"]),
        ({"longitude": None}, ["longitude"]),
    ],
)
def test_fields_of_a_hotel(changes: Json, wrong: list[str]) -> None:
    assert fields(hotels.faults_of(HotelIn.model_validate(samples.hotel(**changes)))) == wrong


@pytest.mark.parametrize(
    ("asked", "wrong"),
    [
        ({}, []),
        ({"check_in": DAY}, ["check_out"]),
        ({"check_out": DAY}, ["check_in"]),
        ({"check_in": DAY, "check_out": DAY}, ["check_out"]),
        ({"check_in": DAY, "check_out": DAY + timedelta(days=1)}, []),
        ({"check_in": DAY, "check_out": DAY + timedelta(days=MAX_NIGHTS)}, []),
        ({"check_in": DAY, "check_out": DAY + timedelta(days=MAX_NIGHTS + 1)}, ["check_out"]),
        ({"min_price": Decimal(2), "max_price": Decimal(1)}, ["min_price"]),
    ],
)
def test_stays_that_are_asked_for(asked: Json, wrong: list[str]) -> None:
    assert fields(hotels.faults_of_filters(HotelFilters(**asked))) == wrong


def test_a_ride_has_one_price() -> None:
    there = {"from_place": "Siem Reap", "to_place": "Kep", "price_usd": "110.00"}
    back = {"from_place": "Kep", "to_place": "Siem Reap", "price_usd": "110.00"}
    for transfers, wrong in (([there, back], []), ([there, back, {**there, "price_usd": "1.00"}], ["transfers"])):
        vehicle = VehicleIn.model_validate(samples.vehicle(transfers=transfers))
        assert fields(transportation.faults_of(vehicle)) == wrong


def test_a_guide_has_each_language_and_province_once() -> None:
    cases: list[tuple[Json, list[str]]] = [
        ({}, []),
        ({"languages": ["en", "zh", "en"]}, ["languages"]),
        ({"provinces": ["Kep", "Takeo", "Kep"]}, ["provinces"]),
    ]
    for changes, wrong in cases:
        assert fields(guides.faults_of(GuideIn.model_validate(samples.guide(**changes)))) == wrong


@pytest.mark.parametrize(
    ("first", "last", "wrong"),
    [
        (None, None, None),
        (DAY, None, None),
        (None, DAY, "first"),
        (DAY, DAY, None),
        (DAY, DAY - timedelta(days=1), "last"),
        (DAY, DAY + timedelta(days=MAX_DAYS - 1), None),
        (DAY, DAY + timedelta(days=MAX_DAYS), "last"),
    ],
)
def test_days_that_are_asked_for(first: date | None, last: date | None, wrong: str | None) -> None:
    ride = VehicleFilters(travel_date=first, end_date=last)
    names = {"first": "travel_date", "last": "end_date"}
    assert fields(transportation.faults_of_filters(ride)) == ([names[wrong]] if wrong else [])
    walk = GuideFilters(available_date=first, end_date=last)
    names = {"first": "available_date", "last": "end_date"}
    assert fields(guides.faults_of_filters(walk)) == ([names[wrong]] if wrong else [])
