"""On which days a festival falls in a year: pure functions on dates.

Feasts of the moon come from python-holidays, whose Khmer calendar reaches from 1914 to 2157 and whose Chinese one from
1901 to 2099. Beyond that, and where a feast has none in a year, there is no answer.
"""

from collections.abc import Callable, Iterator
from datetime import date, timedelta

from holidays.calendars.chinese import _ChineseLunisolar
from holidays.calendars.thai import KHMER_CALENDAR, _ThaiLunisolar

from sojourn.catalog.festivals.models import Feast, FestivalDays, FestivalIn, Reckoning

_KHMER = _ThaiLunisolar(KHMER_CALENDAR)
_CHINESE = _ChineseLunisolar()
_KHMER_SOURCE = "Computed: Khmer lunar calendar (python-holidays)"
_CHINESE_SOURCE = "Computed: Chinese lunar calendar (python-holidays)"

# The Khmer solar year of the Surya Siddhanta: 292207 days in 800 years, counted in the Chula era, which is 638 years
# younger than ours. The sun enters Aries 1732/800 of a day before the year's number changes.
# Source: J. C. Eade, The Calendrical Systems of Mainland South-East Asia (1995).
_CHULA_ERA = 638
_CHULA_EPOCH = date(638, 3, 25)
_DAYS_IN_800_YEARS = 292_207
_EPOCH_EXCESS = 373
_BEFORE_NUMBER_CHANGES = 1732


def _khmer_new_year(year: int) -> date:
    parts = _DAYS_IN_800_YEARS * (year - _CHULA_ERA) + _EPOCH_EXCESS - _BEFORE_NUMBER_CHANGES
    return _CHULA_EPOCH + timedelta(days=parts // 800)


_FEASTS: dict[Feast, tuple[Callable[[int], date | None], str]] = {
    Feast.KHMER_NEW_YEAR: (_khmer_new_year, "Computed: entry of the sun into Aries, Khmer solar year (Eade 1995)"),
    Feast.MEAK_FULL_MOON: (_KHMER.makha_bucha_date, _KHMER_SOURCE),
    Feast.PISAK_FULL_MOON: (_KHMER.visakha_bucha_date, _KHMER_SOURCE),
    Feast.ASADH_FULL_MOON: (_KHMER.asarnha_bucha_date, _KHMER_SOURCE),
    Feast.PHOTROBOT_NEW_MOON: (_KHMER.pchum_ben_date, _KHMER_SOURCE),
    Feast.ASSOCH_FULL_MOON: (_KHMER.ok_phansa_date, _KHMER_SOURCE),
    Feast.KADEK_FULL_MOON: (_KHMER.loy_krathong_date, _KHMER_SOURCE),
    Feast.CHINESE_NEW_YEAR: (lambda year: _CHINESE.lunar_new_year_date(year)[0], _CHINESE_SOURCE),
    Feast.QINGMING: (lambda year: _CHINESE.qingming_date(year)[0], "Computed: solar term Qingming (python-holidays)"),
    Feast.CHINESE_EIGHTH_FULL_MOON: (lambda year: _CHINESE.mid_autumn_date(year)[0], _CHINESE_SOURCE),
}


def find_days(reckoning: Reckoning, year: int) -> FestivalDays | None:
    """The computed days of `year`; None when its calendar has no answer."""
    if reckoning.feast is Feast.DATE:
        feast, source = _on_date(reckoning, year), "Computed: the same date each year"
    else:
        find, source = _FEASTS[reckoning.feast]
        feast = find(year)
    if feast is None:
        return None
    first = feast + timedelta(days=reckoning.shift)
    last = first + timedelta(days=reckoning.days - 1)
    return FestivalDays(year=year, starts_on=first, ends_on=last, is_confirmed=False, source=source)


def _on_date(reckoning: Reckoning, year: int) -> date | None:
    if reckoning.month is None or reckoning.day is None:
        return None
    try:
        return date(year, reckoning.month, reckoning.day)
    except ValueError:  # 29 February
        return None


def occurrences(festival: FestivalIn, *, first_year: int, last_year: int) -> Iterator[FestivalDays]:
    """What is written down, and for the years between that have nothing written, what is computed."""
    written = {dates.year for dates in festival.dates}
    for dates in festival.dates:
        yield FestivalDays(
            year=dates.year, starts_on=dates.starts_on, ends_on=dates.ends_on, is_confirmed=True, source=dates.source
        )
    if festival.reckoning is not None:
        for year in sorted(set(range(first_year, last_year + 1)) - written):
            if (found := find_days(festival.reckoning, year)) is not None:
                yield found
