"""What a festival is, as it is read, written and asked for."""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from sojourn.catalog.shelving import Patch
from sojourn.catalog.values import Images, Paging, Place, Slug
from sojourn.platform.i18n import Language
from sojourn.platform.kit.wire import MAX_YEAR, MIN_YEAR, LongText, Text, Wire

MAX_LENGTH_DAYS = 60


class FestivalKind(StrEnum):
    NATIONAL = "NATIONAL"
    RELIGIOUS = "RELIGIOUS"
    CULTURAL = "CULTURAL"
    CHINESE = "CHINESE"


class Feast(StrEnum):
    """The day that a festival's days are counted from. The moons are those of the Khmer calendar."""

    DATE = "DATE"  # `month` and `day` of the common calendar
    KHMER_NEW_YEAR = "KHMER_NEW_YEAR"
    MEAK_FULL_MOON = "MEAK_FULL_MOON"
    PISAK_FULL_MOON = "PISAK_FULL_MOON"
    ASADH_FULL_MOON = "ASADH_FULL_MOON"
    PHOTROBOT_NEW_MOON = "PHOTROBOT_NEW_MOON"
    ASSOCH_FULL_MOON = "ASSOCH_FULL_MOON"
    KADEK_FULL_MOON = "KADEK_FULL_MOON"
    CHINESE_NEW_YEAR = "CHINESE_NEW_YEAR"
    QINGMING = "QINGMING"
    CHINESE_EIGHTH_FULL_MOON = "CHINESE_EIGHTH_FULL_MOON"


Year = Annotated[int, Field(ge=MIN_YEAR, le=MAX_YEAR)]
MonthNumber = Annotated[int, Field(ge=1, le=12)]


class Reckoning(Wire):
    """How the days are found in a year for which none are written down: `days` of them, the first of them `shift` days
    after (before, if negative) the feast."""

    feast: Feast
    month: MonthNumber | None = None
    day: Annotated[int, Field(ge=1, le=31)] | None = None
    shift: Annotated[int, Field(ge=-30, le=30)] = 0
    days: Annotated[int, Field(ge=1, le=MAX_LENGTH_DAYS)] = 1


class WrittenDates(Wire):
    """The days of one year as they were announced, or taken from a table: both ends are days of the festival."""

    year: Year
    # Plain dates, because data files are read strictly; that they lie in their year is a rule.
    starts_on: date
    ends_on: date
    source: Text


Dates = Annotated[list[WrittenDates], Field(max_length=50)]


class FestivalIn(Wire):
    """A new festival. `province` null: all over the country. `dates` are what is known of single years; for the others
    the days are computed by `reckoning`, if there is one."""

    slug: Slug
    name: Text
    name_kh: Text | None = None
    name_zh: Text | None = None
    description: LongText = ""
    description_kh: LongText | None = None
    description_zh: LongText | None = None
    what_to_know: LongText = ""
    what_to_know_kh: LongText | None = None
    what_to_know_zh: LongText | None = None
    province: Place | None = None
    kind: FestivalKind
    is_public_holiday: bool = False
    reckoning: Reckoning | None = None
    dates: Dates = []
    images: Images = []
    is_active: bool = True


class FestivalPatch(Patch):
    """What is to change; what is left out stays."""

    slug: Slug | None = None
    name: Text | None = None
    name_kh: Text | None = None
    name_zh: Text | None = None
    description: LongText | None = None
    description_kh: LongText | None = None
    description_zh: LongText | None = None
    what_to_know: LongText | None = None
    what_to_know_kh: LongText | None = None
    what_to_know_zh: LongText | None = None
    province: Place | None = None
    kind: FestivalKind | None = None
    is_public_holiday: bool | None = None
    reckoning: Reckoning | None = None
    dates: Dates | None = None
    images: Images | None = None
    is_active: bool | None = None


class FestivalDays(Wire):
    """When a festival is, in one year. `is_confirmed`: announced, or taken from a table; otherwise computed, and a day
    may still move. `source` says from where."""

    year: int
    starts_on: date
    ends_on: date
    is_confirmed: bool
    source: str


class _FestivalShown(Wire):
    id: UUID
    slug: str
    name: str
    name_kh: str | None
    name_zh: str | None
    display_name: str
    display_language: Language
    description: str
    description_kh: str | None
    description_zh: str | None
    display_description: str
    what_to_know: str
    what_to_know_kh: str | None
    what_to_know_zh: str | None
    display_what_to_know: str
    province: str | None
    kind: FestivalKind
    is_public_holiday: bool
    images: list[str]


class FestivalOut(_FestivalShown):
    """A festival with its days of last year, this one and those to come. `display_...` is in the language asked for,
    else in English, text by text; `display_language` says which one `display_name` is in."""

    occurrences: list[FestivalDays]
    reckoning: Reckoning | None
    dates: list[WrittenDates]
    is_active: bool
    version: int
    created_at: AwareDatetime
    updated_at: AwareDatetime


class OccurrenceOut(_FestivalShown):
    """A festival at its days of one year. The other fields are as in a festival; `is_confirmed` and `source` as in its
    days."""

    year: int
    starts_on: date
    ends_on: date
    is_confirmed: bool
    source: str


class FestivalFilters(Paging):
    """The festivals of a year, this one if not said, or of one of its months. With `province`: those held there, and
    those held all over the country."""

    year: Year | None = None
    month: MonthNumber | None = None
    province: Place | None = None


class UpcomingFilters(Paging):
    """Those that are held now or begin within so many days, as the agency's calendar counts them."""

    within_days: Annotated[int, Field(ge=1, le=366)] = 60
    province: Place | None = None


class AdminFestivalFilters(Paging):
    """Both active and retired festivals unless `is_active` says which."""

    is_active: bool | None = None
