"""The one way a model meets JSON.

A wire model is declared once, in snake_case. Its camelCase aliases are generated; which of the two a
storefront speaks is decided by its dialect (`platform/http/dialect.py`), never by the feature.
"""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Generic, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel

from sojourn.platform.kit.money import MAX_AMOUNT, round_money

T = TypeVar("T")

MIN_YEAR, MAX_YEAR = 1900, 2999
# The tag of one way to say a field: not a part of what was sent, so it is left out where wrong fields are named.
ALTERNATIVE = ""
_NUMBER = re.compile(r"[+-]?[0-9.]+")


class Wire(BaseModel):
    """Base of every model that crosses HTTP: frozen, unknown properties refused."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        extra="forbid",
        frozen=True,
        # Most of them are only ever read or written as a dialect's twin: their own validators are built at first use.
        defer_build=True,
    )


class SortByTime(StrEnum):
    """The order of lists at the desk that have no other."""

    NEWEST = "newest"
    OLDEST = "oldest"


class PageIn(Wire):
    """Which page of a list."""

    page: Annotated[int, Field(ge=1, le=10_000)] = 1
    per_page: Annotated[int, Field(ge=1, le=100)] = 20

    @property
    def offset(self) -> int:
        """How many rows come before it."""
        return (self.page - 1) * self.per_page


class Page(Wire, Generic[T]):
    """One page of a list; `total` counts all rows that match, not only these."""

    items: list[T]
    page: int
    per_page: int
    total: int


def _two_decimals(value: Decimal) -> Decimal:
    if not value.is_finite() or value != round_money(value):
        raise ValueError("must have at most two decimals")
    return round_money(value)


def _as_text(value: Decimal) -> str:
    return f"{value:.2f}"


_MONEY_SCHEMA: dict[str, Any] = {"type": "string", "pattern": r"^-?\d+\.\d{2}$", "examples": ["289.00"]}

Money = Annotated[
    Decimal,
    PlainSerializer(_as_text, return_type=str, when_used="json"),
    WithJsonSchema(_MONEY_SCHEMA, "serialization"),
]
"""An amount that is sent: a string with two decimals."""

MoneyIn = Annotated[Decimal, Field(ge=0, le=MAX_AMOUNT), AfterValidator(_two_decimals)]
"""An amount that is received: not negative, at most two decimals."""

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
LongText = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]


def _written_out(value: object) -> object:
    # Pydantic takes numbers, too, for seconds since 1970: 20270131 would be a day in August of that year.
    if isinstance(value, (int, float)) or (isinstance(value, str) and _NUMBER.fullmatch(value.strip())):
        raise ValueError("must be written out, for example 2027-01-31")
    return value


def _within_reach(value: date) -> date:
    # Days are counted on from these, and zones move them: at the calendar's very ends neither is possible. And the
    # driver sends its last day as PostgreSQL's 'infinity', to which no series of days ever comes.
    if not MIN_YEAR <= value.year <= MAX_YEAR:
        raise ValueError(f"must lie in the years {MIN_YEAR} to {MAX_YEAR}")
    return value


def _aware(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("must name its time zone, for example 2027-01-31T09:00:00Z")
    _within_reach(value)
    return value.astimezone(UTC)


Day = Annotated[date, BeforeValidator(_written_out), AfterValidator(_within_reach)]
"""A calendar day that is received, ISO 8601."""

Instant = Annotated[datetime, BeforeValidator(_written_out), AfterValidator(_aware)]
"""A moment that is received, ISO 8601: must carry its zone; kept in UTC."""
