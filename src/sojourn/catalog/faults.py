"""Fields that are wrong, each by its name."""

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from pydantic import ValidationError

from sojourn.platform.errors import InvalidInput
from sojourn.platform.kit.wire import ALTERNATIVE

MAX_DAYS = 61


class Fault(NamedTuple):
    """A snake_case field, or a path with dots, and what is wrong with it."""

    field: str
    message: str
    kind: str = "value_error"


def invalid(faults: Iterable[Fault]) -> InvalidInput:
    """The refusal that names every field."""
    fields = [{"field": fault.field, "message": fault.message, "type": fault.kind} for fault in faults]
    return InvalidInput(details={"fields": fields})


def refuse(faults: Iterable[Fault]) -> None:
    """Raises `InvalidInput` when there is any fault."""
    found = list(faults)
    if found:
        raise invalid(found)


def faults_in(error: ValidationError) -> list[Fault]:
    """What a model found in values that were put together here: a row and its changes, or a data file."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    return [
        Fault(
            ".".join(str(part) for part in entry["loc"] if part != ALTERNATIVE) or "body",
            entry["msg"].removeprefix("Value error, "),
            entry["type"],
        )
        for entry in found
    ]


def crossed(low_name: str, low: Decimal | int | None, high_name: str, high: Decimal | int | None) -> list[Fault]:
    """A fault at the lower end of a range when both ends are given and cross."""
    is_wrong = low is not None and high is not None and low > high
    return [Fault(low_name, f"must not be above `{high_name}`")] if is_wrong else []


def faults_of_past(name: str, day: date | None, *, today: date) -> list[Fault]:
    """What is searched for must be for sale on that day: from tomorrow on."""
    return [Fault(name, f"must lie after {today}")] if day is not None and day <= today else []


def faults_of_days(first_name: str, first: date | None, last_name: str, last: date | None) -> list[Fault]:
    """A last day needs a first one, and lies at most `MAX_DAYS` days from it."""
    if last is None:
        return []
    if first is None:
        return [Fault(first_name, "is needed as well")]
    if not timedelta(0) <= last - first < timedelta(days=MAX_DAYS):
        return [Fault(last_name, f"must lie 0 to {MAX_DAYS - 1} days after `{first_name}`")]
    return []
