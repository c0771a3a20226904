"""Guides: by the day, both ends included."""

from datetime import date

from sojourn.platform.errors import InvalidInput
from sojourn.sales.bookings.facts import Guide
from sojourn.sales.bookings.rules import days_inclusive
from sojourn.sales.pricing.rules import Extra
from sojourn.sales.pricing.wording import counted


def line(guide: Guide, *, first: date, last: date, people: int) -> Extra:
    """Daily rate x days, whatever the size of the group. Raises InvalidInput naming the field."""
    if people > guide.max_group:
        raise InvalidInput.at("people_count", f"must be at most {guide.max_group} for this guide")
    days = days_inclusive(first, last)
    return Extra(description=f"{guide.title}: {counted(days, 'day')}", quantity=days, unit_price=guide.rate)
