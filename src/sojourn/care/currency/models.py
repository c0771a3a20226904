"""What is asked about currencies, and what is answered."""

from decimal import Decimal
from typing import Annotated

from pydantic import AwareDatetime, BeforeValidator, PlainSerializer, StringConstraints, WithJsonSchema

from sojourn.platform.kit.wire import Wire


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


def _plain(value: Decimal) -> str:
    return f"{value:f}"


Currency = Annotated[str, BeforeValidator(_upper), StringConstraints(pattern=r"^[A-Z]{3}$")]

Rate = Annotated[
    Decimal,
    PlainSerializer(_plain, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)?$", "examples": ["4025.5"]}, "serialization"),
]
"""A rate that is sent: a string without exponent."""


class RatesAsked(Wire):
    """For one unit of which currency, ISO 4217."""

    base: Currency = "USD"


class RatesOut(Wire):
    """Units of each currency for one unit of `base`: for display only, what is charged is in the booking's currency.

    `as_of` is when we read them and `age_seconds` how long ago that is; `is_stale` when that is more than an hour and
    the vendor cannot be read. `published_at` is the vendor's own time, where it tells one.
    """

    base: str
    rates: dict[str, Rate]
    as_of: AwareDatetime
    age_seconds: int
    is_stale: bool
    published_at: AwareDatetime | None
    source: str
