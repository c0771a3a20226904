"""DerLg's vehicles as shipped."""

from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal, get_args

import pytest
from pydantic import ConfigDict, Field
from tests.unit.catalogue.derlg_data import (
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

FILES = files_of("vehicles")

Category = Literal["TUK_TUK", "CAR", "VAN", "BUS", "BOAT", "BICYCLE", "MOTORBIKE", "SUV"]
Feature = Literal[
    "air_conditioning", "bottled_water", "child_seat", "first_aid_kit", "helmets", "life_jackets", "luggage_rack",
    "microphone", "panniers", "rain_cover", "reclining_seats", "roof_shade", "toilet", "usb_charging",
    "wheelchair_ramp", "wifi",
]  # fmt: skip
SEATS = {
    "TUK_TUK": (2, 6), "CAR": (3, 4), "SUV": (4, 7), "VAN": (5, 15), "BUS": (16, 50),
    "BOAT": (4, 60), "BICYCLE": (1, 1), "MOTORBIKE": (1, 2),
}  # fmt: skip
# What nobody may ride or sail without.
NEEDED = {"BOAT": "life_jackets", "MOTORBIKE": "helmets", "BICYCLE": "helmets"}


class Transfer(Strict):
    model_config = ConfigDict(populate_by_name=True)

    origin: Annotated[Text, Field(alias="from")]
    to: Text
    price_usd: Money


class Vehicle(Strict):
    slug: Slug
    name: Localized
    category: Category
    capacity: Annotated[int, Field(ge=1)]
    luggage: Annotated[int, Field(ge=0)]
    daily_rate_usd: Money
    per_km_rate_usd: Money | None
    transfers: list[Transfer]
    province: Text
    features: Annotated[list[Feature], Field(min_length=1)]
    with_driver: bool
    languages: list[SpokenLanguage]
    fleet_count: Annotated[int, Field(ge=1, le=100)]
    cancellation_policy: Policy


@pytest.fixture(scope="module")
def vehicles() -> list[Vehicle]:
    return [entry(path, Vehicle) for path in FILES]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
class TestEachVehicle:
    def test_has_exactly_the_fields_in_their_order(self, path: Path) -> None:
        entry(path, Vehicle)
        assert list(raw(path)) == list(Vehicle.model_fields)

    def test_file_is_named_after_its_slug(self, path: Path) -> None:
        assert path.name == f"{raw(path)['slug']}.yaml"

    def test_is_based_in_a_province(self, path: Path) -> None:
        assert entry(path, Vehicle).province in provinces()

    def test_seats_as_many_as_its_kind_can(self, path: Path) -> None:
        vehicle = entry(path, Vehicle)
        least, most = SEATS[vehicle.category]
        assert least <= vehicle.capacity <= most

    def test_a_driver_speaks_khmer_and_without_one_nobody_speaks(self, path: Path) -> None:
        vehicle = entry(path, Vehicle)
        assert ("km" in vehicle.languages) is vehicle.with_driver
        assert bool(vehicle.languages) is vehicle.with_driver

    def test_only_what_has_a_driver_takes_transfers(self, path: Path) -> None:
        vehicle = entry(path, Vehicle)
        assert vehicle.with_driver or not vehicle.transfers

    def test_transfers_lead_somewhere_once_and_cost_something(self, path: Path) -> None:
        transfers = entry(path, Vehicle).transfers
        assert all(transfer.origin != transfer.to and Decimal(transfer.price_usd) > 0 for transfer in transfers)
        assert repeated((transfer.origin, transfer.to) for transfer in transfers) == []

    def test_only_road_vehicles_count_kilometres(self, path: Path) -> None:
        vehicle = entry(path, Vehicle)
        assert (vehicle.per_km_rate_usd is not None) is (vehicle.category in {"CAR", "SUV", "VAN", "BUS"})
        assert vehicle.per_km_rate_usd is None or Decimal("0.30") <= Decimal(vehicle.per_km_rate_usd) <= 3

    def test_day_rates_are_plausible(self, path: Path) -> None:
        assert Decimal(3) <= Decimal(entry(path, Vehicle).daily_rate_usd) <= Decimal(300)

    def test_has_what_keeps_its_passengers_safe(self, path: Path) -> None:
        vehicle = entry(path, Vehicle)
        assert vehicle.category not in NEEDED or NEEDED[vehicle.category] in vehicle.features

    def test_lists_hold_nothing_twice(self, path: Path) -> None:
        vehicle = entry(path, Vehicle)
        assert repeated(vehicle.features) == repeated(vehicle.languages) == []

    def test_hides_nothing_in_its_text(self, path: Path) -> None:
        assert hidden_characters(path) == []


class TestTheVehiclesAsAWhole:
    def test_there_are_at_least_twenty_two(self, vehicles: list[Vehicle]) -> None:
        assert len(vehicles) >= 22

    def test_every_category_has_at_least_two(self, vehicles: list[Vehicle]) -> None:
        counts = Counter(vehicle.category for vehicle in vehicles)
        assert set(counts) == set(get_args(Category))
        assert min(counts.values()) >= 2

    def test_names_are_unique_in_every_language(self, vehicles: list[Vehicle]) -> None:
        for language in ("en", "km", "zh"):
            assert repeated(getattr(vehicle.name, language) for vehicle in vehicles) == []

    def test_they_start_from_several_provinces(self, vehicles: list[Vehicle]) -> None:
        assert len({vehicle.province for vehicle in vehicles}) >= 7

    @pytest.mark.parametrize("airport", ["Siem Reap Angkor International Airport", "Techo International Airport"])
    def test_both_airports_are_served_for_few_and_for_many(self, vehicles: list[Vehicle], airport: str) -> None:
        seats = [vehicle.capacity for vehicle in vehicles if airport in {stop.origin for stop in vehicle.transfers}]
        assert min(seats) <= 4
        assert max(seats) >= 20
