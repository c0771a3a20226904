"""Tools that look: trips, hotels, vehicles and guides on offer, and what is free; as the public routes do."""

import json
from collections.abc import Sequence
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from sojourn.catalog import shelf_queries
from sojourn.catalog.faults import Fault, faults_of_past, refuse
from sojourn.catalog.guides import queries as guides
from sojourn.catalog.guides import rules as guide_rules
from sojourn.catalog.guides.errors import GuideNotFound
from sojourn.catalog.guides.models import GuideFilters
from sojourn.catalog.hotels import queries as hotels
from sojourn.catalog.hotels import rules as hotel_rules
from sojourn.catalog.hotels.errors import HotelNotFound
from sojourn.catalog.hotels.models import HotelFilters, HotelOut
from sojourn.catalog.transportation import queries as vehicles
from sojourn.catalog.transportation import rules as vehicle_rules
from sojourn.catalog.transportation.errors import VehicleNotFound
from sojourn.catalog.transportation.models import VehicleFilters
from sojourn.catalog.trips import queries as trips
from sojourn.catalog.trips import rules as trip_rules
from sojourn.catalog.trips.errors import TripNotFound
from sojourn.catalog.trips.models import TripFilters, TripOut
from sojourn.catalog.values import InLanguage
from sojourn.channels.ai_tools.cards import GuideCard, HotelCard, TripCard, VehicleCard, card
from sojourn.channels.ai_tools.tool import Call, tool
from sojourn.platform.db.database import Connection
from sojourn.platform.errors import InvalidInput
from sojourn.platform.http.dialect import RawJson
from sojourn.platform.kit.wire import Day, Wire
from sojourn.platform.storefront import Module
from sojourn.sales.bookings import service as bookings
from sojourn.sales.bookings.errors import TripNotBookable
from sojourn.sales.inventory import stock_queries
from sojourn.sales.inventory.models import DayAvailability, RoomAvailability

MAX_DAYS = 92
PerPage = Annotated[int, Field(ge=1, le=50)]
Name = Annotated[str, Field(min_length=1, max_length=120, description="Its id or slug.")]


class SearchTripsIn(TripFilters):
    """Which trips."""

    per_page: PerPage = 10


class SearchHotelsIn(HotelFilters):
    """Which hotels. Give `check_in` and `check_out` to see only those with enough rooms free."""

    per_page: PerPage = 10


class SearchVehiclesIn(VehicleFilters):
    """Which vehicles. Give `travel_date` (to `end_date`) to see only those that are free."""

    per_page: PerPage = 10


class SearchGuidesIn(GuideFilters):
    """Which guides. Give `available_date` (to `end_date`) to see only those who are free."""

    per_page: PerPage = 10


class TripsFound(Wire):
    items: list[TripCard]
    total: int


class HotelsFound(Wire):
    items: list[HotelCard]
    total: int


class VehiclesFound(Wire):
    items: list[VehicleCard]
    total: int


class GuidesFound(Wire):
    items: list[GuideCard]
    total: int


class TripIn(InLanguage):
    trip_id: Name


class HotelIn(InLanguage):
    hotel_id: Name


class Kind(StrEnum):
    """What can be free."""

    TRIP = "TRIP"
    HOTEL = "HOTEL"
    VEHICLE = "VEHICLE"
    GUIDE = "GUIDE"


class AvailabilityIn(Wire):
    """Both days count; at most 92 of them."""

    kind: Kind
    id: Name
    first_day: Day
    last_day: Day


class Availability(Wire):
    """What is left on each day: places of a trip, vehicles of a fleet, the guide; of a hotel each kind of room."""

    kind: Kind
    id: str
    days: list[DayAvailability]
    rooms: list[RoomAvailability]


@tool(title="Search trips", module=Module.TRIPS)
async def search_trips(call: Call, asked: SearchTripsIn) -> TripsFound:
    """Find packaged trips by province, length, price, environment, mood or words. Use suggest_trips when the customer
    describes wishes rather than filters."""
    refuse(trip_rules.faults_of_filters(asked))
    async with call.ctx.read() as connection:
        body, total = await trips.list_trips(
            connection, asked, language=asked.language or call.ctx.language, is_active=True
        )
    return TripsFound(items=[card(TripCard, row) for row in json.loads(body)], total=total)


@tool(title="Read one trip", module=Module.TRIPS, refusals=(TripNotFound,))
async def get_trip(call: Call, asked: TripIn) -> TripOut | RawJson:
    """Everything about one trip: itinerary day by day, what is included, options with their keys and prices, and the
    cancellation policy."""
    async with call.ctx.read() as connection:
        body = await shelf_queries.get_active(
            connection, trips.TRIPS, asked.trip_id, language=asked.language or call.ctx.language
        )
    return RawJson(body)


@tool(title="Search hotels", module=Module.HOTELS)
async def search_hotels(call: Call, asked: SearchHotelsIn) -> HotelsFound:
    """Find hotels and their rooms by province, stars, price and guests. With check_in and check_out: only those with
    rooms free on every night."""
    refuse((*hotel_rules.faults_of_filters(asked), *_past(call, "check_in", asked.check_in)))
    async with call.ctx.read() as connection:
        body, total = await hotels.list_hotels(
            connection, asked, language=asked.language or call.ctx.language, is_active=True, now=call.ctx.now()
        )
    return HotelsFound(items=[card(HotelCard, row) for row in json.loads(body)], total=total)


@tool(title="Read one hotel", module=Module.HOTELS, refusals=(HotelNotFound,))
async def get_hotel(call: Call, asked: HotelIn) -> HotelOut | RawJson:
    """Everything about one hotel and its rooms."""
    async with call.ctx.read() as connection:
        body = await shelf_queries.get_active(
            connection, hotels.HOTELS, asked.hotel_id, language=asked.language or call.ctx.language
        )
    return RawJson(body)


@tool(title="Search vehicles", module=Module.TRANSPORTATION)
async def search_vehicles(call: Call, asked: SearchVehiclesIn) -> VehiclesFound:
    """Find vehicles by category, seats, province and price. With travel_date: only those with one of the fleet free."""
    refuse((*vehicle_rules.faults_of_filters(asked), *_past(call, "travel_date", asked.travel_date)))
    async with call.ctx.read() as connection:
        body, total = await vehicles.list_vehicles(
            connection, asked, language=asked.language or call.ctx.language, is_active=True, now=call.ctx.now()
        )
    return VehiclesFound(items=[card(VehicleCard, row) for row in json.loads(body)], total=total)


@tool(title="Search guides", module=Module.GUIDES)
async def search_guides(call: Call, asked: SearchGuidesIn) -> GuidesFound:
    """Find guides by the language they speak (`language`, such as zh), province, group size and price. With
    available_date: only those who are free."""
    refuse((*guide_rules.faults_of_filters(asked), *_past(call, "available_date", asked.available_date)))
    async with call.ctx.read() as connection:
        body, total = await guides.list_guides(
            connection, asked, language=asked.shown_in(call.ctx.language), is_active=True, now=call.ctx.now()
        )
    return GuidesFound(items=[card(GuideCard, row) for row in json.loads(body)], total=total)


@tool(
    title="Check availability",
    module=Module.BOOKINGS,
    refusals=(TripNotFound, TripNotBookable, HotelNotFound, VehicleNotFound, GuideNotFound),
)
async def check_availability(call: Call, asked: AvailabilityIn) -> Availability:
    """How many places, rooms, vehicles are left on each day of a span, or whether a guide is free."""
    if not timedelta(0) <= asked.last_day - asked.first_day < timedelta(days=MAX_DAYS):
        raise InvalidInput.at("last_day", f"must lie 0 to {MAX_DAYS - 1} days after `first_day`")
    async with call.ctx.read() as connection:
        if asked.kind is Kind.HOTEL:
            rooms = await stock_queries.list_room_nights(
                connection, asked.id, first=asked.first_day, last=asked.last_day, now=call.ctx.now(),
                today=call.ctx.today(),
            )  # fmt: skip
            return Availability(kind=asked.kind, id=asked.id, days=[], rooms=_rooms(rooms))
        days = await _days(call, connection, asked)
    return Availability(kind=asked.kind, id=asked.id, days=list(days), rooms=[])


async def _days(call: Call, connection: Connection, asked: AvailabilityIn) -> Sequence[DayAvailability]:
    if asked.kind is Kind.TRIP:
        return await days_of_trip(call, connection, asked.id, first=asked.first_day, last=asked.last_day)
    find = stock_queries.list_vehicle_days if asked.kind is Kind.VEHICLE else stock_queries.list_guide_days
    raw = await find(
        connection, asked.id, first=asked.first_day, last=asked.last_day, now=call.ctx.now(), today=call.ctx.today()
    )
    return [DayAvailability.model_validate(day) for day in json.loads(raw.body)]


async def days_of_trip(
    call: Call, connection: Connection, id_or_slug: str, *, first: date, last: date
) -> Sequence[DayAvailability]:
    """Places left on each day of a trip. Raises TripNotFound, TripNotBookable."""
    body = await shelf_queries.get_active(connection, trips.TRIPS, id_or_slug, language=call.ctx.language)
    trip = json.loads(body)
    found: Sequence[DayAvailability] = await bookings.list_availability(
        connection, trip_id=UUID(trip["id"]), first=first, last=last, now=call.ctx.now(), today=call.ctx.today()
    )
    return found


def _past(call: Call, name: str, day: date | None) -> list[Fault]:
    return faults_of_past(name, day, today=call.ctx.today())


def _rooms(raw: RawJson) -> list[RoomAvailability]:
    return [RoomAvailability.model_validate(room) for room in json.loads(raw.body)]


TOOLS = (search_trips, get_trip, search_hotels, get_hotel, search_vehicles, search_guides, check_availability)
