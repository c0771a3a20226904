"""Tools that reckon: what days in one place would cost."""

import json
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from sojourn.catalog.guides import queries as guides
from sojourn.catalog.guides.models import GuideFilters, GuideSort
from sojourn.catalog.hotels import queries as hotels
from sojourn.catalog.hotels.models import HotelFilters
from sojourn.catalog.transportation import queries as vehicles
from sojourn.catalog.transportation.models import VehicleFilters, VehicleSort
from sojourn.catalog.trips import queries as trips
from sojourn.catalog.trips.models import TripFilters, TripSort
from sojourn.catalog.values import InLanguage, LanguageCode, Place
from sojourn.channels.ai_tools import budget
from sojourn.channels.ai_tools.budget import CostLine, Style
from sojourn.channels.ai_tools.cards import GuideCard, HotelCard, TripCard, VehicleCard, card
from sojourn.channels.ai_tools.tool import Call, tool
from sojourn.platform.db.database import Connection
from sojourn.platform.i18n import Language
from sojourn.platform.kit.money import round_money
from sojourn.platform.kit.wire import Day, Money, Wire
from sojourn.platform.storefront import Module

MAX_CANDIDATES = 100
PACKAGES_SHOWN = 3
NOT_INCLUDED = ("meals not named in a room or trip", "entrance tickets", "flights and visas", "insurance")


class BudgetIn(InLanguage):
    """Days and people in one province. With `travel_date`, only what is free on those days counts."""

    province: Place
    days: Annotated[int, Field(ge=1, le=30)]
    people: Annotated[int, Field(ge=1, le=100)]
    style: Style = Style.COMFORT
    travel_date: Day | None = None
    has_transport: bool = True
    has_guide: bool = True
    guide_language: LanguageCode | None = Field(None, description="One the guide must speak, such as zh.")

    @property
    def nights(self) -> int:
        return self.days - 1


class Package(Wire):
    """A packaged trip that fits into the days, as another way; USD for the whole party."""

    trip: TripCard
    total_usd: Money


class Budget(Wire):
    """An estimate from prices on the shelf, before discounts; nothing is held. `missing`: what could not be found."""

    province: str
    days: int
    nights: int
    people: int
    style: Style
    lines: list[CostLine]
    total_usd: Money
    per_person_usd: Money
    missing: list[str]
    not_included: list[str]
    packages: list[Package]


@tool(title="Estimate a budget", module=Module.HOTELS)
async def estimate_budget(call: Call, asked: BudgetIn) -> Budget:
    """What some days in a province would cost a party in a style: hotel, vehicle and guide from the agency's own
    prices, line by line, each with the id to book; and packaged trips that fit, to compare."""
    language = asked.language or call.ctx.language
    async with call.ctx.read() as connection:
        found = {
            "lodging": await _lodging(call, connection, asked, language),
            "transport": await _transport(call, connection, asked, language),
            "guide": await _guide(call, connection, asked, language),
        }
        packages = await _packages(connection, asked, language)
    wanted = {"lodging": asked.nights > 0, "transport": asked.has_transport, "guide": asked.has_guide}
    lines = [line for line in found.values() if line is not None]
    total = budget.total_of(lines)
    return Budget(
        province=asked.province,
        days=asked.days,
        nights=asked.nights,
        people=asked.people,
        style=asked.style,
        lines=lines,
        total_usd=total,
        per_person_usd=round_money(total / asked.people),
        missing=[name for name, line in found.items() if wanted[name] and line is None],
        not_included=list(NOT_INCLUDED),
        packages=packages,
    )


async def _lodging(call: Call, connection: Connection, asked: BudgetIn, language: Language) -> CostLine | None:
    if not asked.nights:
        return None
    check_out = asked.travel_date + timedelta(days=asked.nights) if asked.travel_date is not None else None
    filters = HotelFilters(
        province=asked.province, check_in=asked.travel_date, check_out=check_out, per_page=MAX_CANDIDATES
    )
    body, _ = await hotels.list_hotels(connection, filters, language=language, is_active=True, now=call.ctx.now())
    stays = budget.stays_for([card(HotelCard, row) for row in json.loads(body)], asked.people)
    stay = budget.chosen(stays, asked.style)
    return budget.lodging_line(stay, asked.nights) if stay is not None else None


async def _transport(call: Call, connection: Connection, asked: BudgetIn, language: Language) -> CostLine | None:
    if not asked.has_transport:
        return None
    last_day = asked.travel_date + timedelta(days=asked.nights) if asked.travel_date is not None else None
    filters = VehicleFilters(
        province=asked.province, min_capacity=asked.people, travel_date=asked.travel_date, end_date=last_day,
        sort=VehicleSort.PRICE_ASC, per_page=MAX_CANDIDATES,
    )  # fmt: skip
    body, _ = await vehicles.list_vehicles(connection, filters, language=language, is_active=True, now=call.ctx.now())
    vehicle = budget.chosen([card(VehicleCard, row) for row in json.loads(body)], asked.style)
    return budget.transport_line(vehicle, asked.days) if vehicle is not None else None


async def _guide(call: Call, connection: Connection, asked: BudgetIn, language: Language) -> CostLine | None:
    if not asked.has_guide:
        return None
    last_day = asked.travel_date + timedelta(days=asked.nights) if asked.travel_date is not None else None
    filters = GuideFilters(
        province=asked.province, language=asked.guide_language, people=asked.people,
        available_date=asked.travel_date, end_date=last_day, sort=GuideSort.PRICE_ASC, per_page=MAX_CANDIDATES,
    )  # fmt: skip
    body, _ = await guides.list_guides(connection, filters, language=language, is_active=True, now=call.ctx.now())
    guide = budget.chosen([card(GuideCard, row) for row in json.loads(body)], asked.style)
    return budget.guide_line(guide, asked.days) if guide is not None else None


async def _packages(connection: Connection, asked: BudgetIn, language: Language) -> list[Package]:
    filters = TripFilters(
        province=asked.province, max_duration=asked.days, sort=TripSort.PRICE_ASC, per_page=MAX_CANDIDATES
    )
    body, _ = await trips.list_trips(connection, filters, language=language, is_active=True)
    fitting = [
        trip for row in json.loads(body) if (trip := card(TripCard, row)).min_people <= asked.people <= trip.max_people
    ]
    return [Package(trip=trip, total_usd=trip.price_per_person_usd * asked.people) for trip in fitting[:PACKAGES_SHOWN]]


TOOLS = (estimate_budget,)
