"""By when a stage of the work is promised: working days on the storefront's clock."""

from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from sojourn.catalog.services.models import MAX_PROMISED_DAYS
from sojourn.platform.kit.clock import local_date
from sojourn.platform.kit.lazily import lazily
from sojourn.platform.storefront import Storefront

if TYPE_CHECKING:
    import holidays
else:
    holidays = lazily("holidays")

_SATURDAY = 5


@lru_cache(maxsize=8)
def working_days_from(day: date, *, country: str) -> tuple[date, ...]:
    """Entry n is the nth working day after `day`; entry 0 is `day` itself, or the first working day after it.

    Saturdays, Sundays and the public holidays of `country` (ISO 3166-1) are none.
    """
    off = holidays.country_holidays(country)  # fills its years as they are asked for
    days: list[date] = []
    candidate = day
    while len(days) <= MAX_PROMISED_DAYS + 1:
        if candidate.weekday() < _SATURDAY and candidate not in off:
            days.append(candidate)
        candidate += timedelta(days=1)
    after = days[1:] if days[0] == day else days
    return (days[0], *after[:MAX_PROMISED_DAYS])


def days_promised(now: datetime, storefront: Storefront) -> tuple[date, ...]:
    """`working_days_from` today, in the storefront's zone."""
    today = local_date(now, storefront.time_zone)
    return working_days_from(today, country=storefront.holiday_country)
