"""Suggesting trips: wishes in, a few trips and why out."""

import json
from datetime import date
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import Field

from sojourn.catalog.faults import faults_of_past, refuse
from sojourn.catalog.trips import queries as trips
from sojourn.catalog.trips.models import Environment, Mood, TripFilters
from sojourn.catalog.values import InLanguage, Place
from sojourn.channels.ai_tools.cards import TripCard, card
from sojourn.channels.ai_tools.tool import Call, tool
from sojourn.platform.kit.wire import Day, Money, MoneyIn, Wire
from sojourn.platform.storefront import Module
from sojourn.sales.inventory import queries as inventory
from sojourn.sales.pricing.wording import counted


class SuggestTripsIn(InLanguage):
    """What the customer wishes for. Everything may be left out; what is said must fit, moods rank."""

    people: Annotated[int, Field(ge=1, le=500)] = 2
    days: Annotated[int, Field(ge=1, le=60)] | None = Field(None, description="At most so many days.")
    budget_per_person: MoneyIn | None = Field(None, description="In USD, for the whole trip.")
    moods: Annotated[list[Mood], Field(max_length=len(Mood))] = []
    environment: Environment | None = None
    province: Place | None = None
    travel_date: Day | None = Field(None, description="Only trips with enough places left on that day.")
    limit: Annotated[int, Field(ge=1, le=10)] = 3


class Suggestion(Wire):
    """One trip, what it would cost the party before discounts, and why it fits."""

    trip: TripCard
    total_usd: Money
    available: int | None = Field(description="Places left on travel_date; null when no day was named.")
    reasons: list[str]


class Suggestions(Wire):
    suggestions: list[Suggestion]
    considered: int = Field(description="How many trips met the fixed wishes.")


@tool(title="Suggest trips", module=Module.TRIPS)
async def suggest_trips(call: Call, asked: SuggestTripsIn) -> Suggestions:
    """Suggest a few packaged trips for a party's wishes: length, budget per person, moods, place, day. Each comes with
    its total and the reasons; the best fit is first. Nothing is held."""
    refuse(faults_of_past("travel_date", asked.travel_date, today=call.ctx.today()))
    filters = TripFilters(
        language=asked.language, environment=asked.environment, province=asked.province, max_duration=asked.days,
        max_price=asked.budget_per_person, mood=asked.moods, per_page=100,
    )  # fmt: skip
    async with call.ctx.read() as connection:
        body, total = await trips.list_trips(
            connection, filters, language=asked.language or call.ctx.language, is_active=True
        )
        fitting = [trip for row in json.loads(body) if _holds(trip := card(TripCard, row), asked.people)]
        left: dict[UUID, int] | None = None
        if asked.travel_date is not None:
            left = await inventory.count_left_of_trips(
                connection, trip_ids=[trip.id for trip in fitting], day=asked.travel_date, now=call.ctx.now()
            )
    free = [trip for trip in fitting if left is None or left.get(trip.id, 0) >= asked.people]
    best = sorted(free, key=lambda trip: _rank(trip, asked))[: asked.limit]
    found = [_suggestion(trip, asked, left[trip.id] if left is not None else None) for trip in best]
    return Suggestions(suggestions=found, considered=total)


def _holds(trip: TripCard, people: int) -> bool:
    return trip.min_people <= people <= trip.max_people


def _rank(trip: TripCard, asked: SuggestTripsIn) -> tuple[int, int, float, Decimal]:
    """Most moods met, then the length wished for, then the best rated, then the cheapest."""
    unused_days = asked.days - trip.duration_days if asked.days is not None else 0
    return -len(_moods_met(trip, asked)), unused_days, -(trip.avg_rating or 0), trip.price_per_person_usd


def _moods_met(trip: TripCard, asked: SuggestTripsIn) -> list[str]:
    return [mood.value for mood in asked.moods if mood.value in trip.mood_tags]


def _suggestion(trip: TripCard, asked: SuggestTripsIn, left: int | None) -> Suggestion:
    reasons = [f"{counted(trip.duration_days, 'day')} in {trip.province}"]
    if moods := _moods_met(trip, asked):
        reasons.append(f"meets: {', '.join(moods)}")
    if asked.budget_per_person is not None:
        reasons.append(f"{trip.price_per_person_usd:.2f} of {asked.budget_per_person:.2f} USD per person")
    if trip.avg_rating is not None:
        reasons.append(f"rated {trip.avg_rating:.1f} by {trip.review_count}")
    if left is not None:
        reasons.append(f"{counted(left, 'place')} left on {_day(asked.travel_date)}")
    return Suggestion(trip=trip, total_usd=trip.price_per_person_usd * asked.people, available=left, reasons=reasons)


def _day(day: date | None) -> str:
    return day.isoformat() if day is not None else ""


TOOLS = (suggest_trips,)
