"""Tools that look around: places worth seeing, festivals, the weather, what money is worth."""

import json
from datetime import date, timedelta
from uuid import UUID

from sojourn.care.currency import service as currency
from sojourn.care.currency.errors import RatesUnavailable
from sojourn.care.currency.models import RatesAsked, RatesOut
from sojourn.care.weather import service as weather
from sojourn.care.weather.errors import CityUnknown, WeatherUnavailable
from sojourn.care.weather.models import WeatherAsked, WeatherOut
from sojourn.catalog.faults import refuse
from sojourn.catalog.festivals import queries as festivals
from sojourn.catalog.festivals.models import FestivalKind
from sojourn.catalog.places import queries as places
from sojourn.catalog.places import rules as place_rules
from sojourn.catalog.places.models import PlaceCategory, PlaceSearch
from sojourn.catalog.values import InLanguage, Place
from sojourn.channels.ai_tools.cards import card
from sojourn.channels.ai_tools.shelf import PerPage
from sojourn.channels.ai_tools.tool import Call, tool
from sojourn.platform.errors import InvalidInput
from sojourn.platform.kit.clock import local_date
from sojourn.platform.kit.wire import Day, Money, Wire
from sojourn.platform.storefront import Module

MAX_SPAN = timedelta(days=366)
USUAL_SPAN = timedelta(days=60)


class SearchPlacesIn(PlaceSearch):
    """Which places. `near` is `latitude,longitude`; with `within_km`, only those so close."""

    per_page: PerPage = 10


class PlaceCard(Wire):
    """A place worth seeing; `distance_km` is from `near`, the fee USD a person, months 1 to 12."""

    id: UUID
    slug: str
    name: str
    description: str
    category: PlaceCategory
    province: str
    latitude: float
    longitude: float
    distance_km: float | None
    opening_hours: str | None
    entry_fee_usd: Money | None
    best_months: list[int]
    visit_minutes: int | None
    tips: list[str]


class PlacesFound(Wire):
    items: list[PlaceCard]
    total: int


class ListFestivalsIn(InLanguage):
    """Held at any time from `first_day` (today if not said) to `last_day` (60 days later if not said)."""

    first_day: Day | None = None
    last_day: Day | None = None
    province: Place | None = None


class FestivalCard(Wire):
    """A festival's days in one year. Not `is_confirmed`: computed, and may still be moved by the authorities."""

    id: UUID
    slug: str
    name: str
    description: str
    what_to_know: str
    province: str | None
    kind: FestivalKind
    is_public_holiday: bool
    starts_on: date
    ends_on: date
    is_confirmed: bool


class FestivalsFound(Wire):
    items: list[FestivalCard]


@tool(title="Search places", module=Module.EXPLORE)
async def search_places(call: Call, asked: SearchPlacesIn) -> PlacesFound:
    """Find places worth seeing by words, category, province or distance, with opening hours, fees and tips. Nothing to
    book here: for that, search_trips or search_guides."""
    refuse(place_rules.faults_of_filters(asked))
    async with call.ctx.read() as connection:
        body, total = await places.search(connection, asked, language=asked.language or call.ctx.language)
    return PlacesFound(items=[card(PlaceCard, row) for row in json.loads(body)], total=total)


@tool(title="List festivals", module=Module.FESTIVALS)
async def list_festivals(call: Call, asked: ListFestivalsIn) -> FestivalsFound:
    """Festivals and public holidays in a span of days, in the order of time. Ask before suggesting dates: prices and
    crowds follow them."""
    first = asked.first_day or local_date(call.ctx.now(), call.ctx.storefront.time_zone)
    last = asked.last_day or first + USUAL_SPAN
    if not timedelta(0) <= last - first <= MAX_SPAN:
        raise InvalidInput.at("last_day", f"must lie 0 to {MAX_SPAN.days} days after `first_day`")
    async with call.ctx.read() as connection:
        body, _ = await festivals.list_held_between(
            connection, first, last, province=asked.province, language=asked.language or call.ctx.language, limit=50,
            offset=0,
        )  # fmt: skip
    return FestivalsFound(items=[card(FestivalCard, row) for row in json.loads(body)])


@tool(title="Read the weather", module=Module.WEATHER, is_open_world=True, refusals=(CityUnknown, WeatherUnavailable))
async def get_weather(call: Call, asked: WeatherAsked) -> WeatherOut:
    """The weather now and on the next days in a city, a province's seat, or near a position. Look at `is_stale`."""
    return await weather.read_weather(
        call.vendors.weather, asked=asked, language=call.ctx.language, cache=call.ctx.runtime.shared,
        now=call.ctx.now(),
    )  # fmt: skip


@tool(title="Read exchange rates", module=Module.CURRENCY, is_open_world=True, refusals=(RatesUnavailable,))
async def get_currency_rates(call: Call, asked: RatesAsked) -> RatesOut:
    """What one unit of a currency is worth in others. For display only: bookings are charged in their own currency."""
    return await currency.read_rates(
        call.vendors.rates, base=asked.base, cache=call.ctx.runtime.shared, now=call.ctx.now()
    )


TOOLS = (search_places, list_festivals, get_weather, get_currency_rates)
