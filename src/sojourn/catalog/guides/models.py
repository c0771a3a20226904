"""What a guide is, as they are read, written and asked for."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from sojourn.catalog.policies import CancellationPolicy, ChosenPolicy, PolicyName
from sojourn.catalog.shelving import Patch
from sojourn.catalog.values import Images, LanguageCode, LanguageCodes, LanguageName, Lines, Place, Price, Query, Slug
from sojourn.platform.i18n import Language
from sojourn.platform.kit.wire import Day, LongText, Money, MoneyIn, PageIn, Text, Wire


class LicenseType(StrEnum):
    """NATIONAL guides may lead anywhere, PROVINCIAL ones in their provinces."""

    NATIONAL = "NATIONAL"
    PROVINCIAL = "PROVINCIAL"


class GuideSort(StrEnum):
    RATING = "rating"
    PRICE_ASC = "price_asc"
    PRICE_DESC = "price_desc"
    EXPERIENCE = "experience"
    NEWEST = "newest"


Places = Annotated[list[Place], Field(min_length=1, max_length=25)]
Group = Annotated[int, Field(ge=1, le=500)]
Years = Annotated[int, Field(ge=0, le=80)]


class GuideIn(Wire):
    """A new guide. Rate in USD a day for the whole group; `languages` are ISO 639-1 codes."""

    slug: Slug
    name: Text
    bio: LongText = ""
    bio_kh: LongText | None = None
    bio_zh: LongText | None = None
    languages: LanguageCodes
    provinces: Places
    specialties: Lines = []
    daily_rate_usd: Price
    max_group: Group
    license_type: LicenseType
    years_experience: Years = 0
    cancellation_policy: ChosenPolicy = PolicyName.MODERATE
    images: Images = []
    is_active: bool = True


class GuidePatch(Patch):
    """What is to change; what is left out stays."""

    slug: Slug | None = None
    name: Text | None = None
    bio: LongText | None = None
    bio_kh: LongText | None = None
    bio_zh: LongText | None = None
    languages: LanguageCodes | None = None
    provinces: Places | None = None
    specialties: Lines | None = None
    daily_rate_usd: Price | None = None
    max_group: Group | None = None
    license_type: LicenseType | None = None
    years_experience: Years | None = None
    cancellation_policy: ChosenPolicy | None = None
    images: Images | None = None
    is_active: bool | None = None


class GuideOut(Wire):
    """A guide. `display_bio` is in the language asked for."""

    id: UUID
    slug: str
    name: str
    bio: str
    bio_kh: str | None
    bio_zh: str | None
    display_bio: str
    languages: list[str]
    provinces: list[str]
    specialties: list[str]
    daily_rate_usd: Money
    max_group: int
    license_type: LicenseType
    years_experience: int
    cancellation_policy: CancellationPolicy
    images: list[str]
    is_active: bool
    avg_rating: float | None
    review_count: int
    version: int
    created_at: AwareDatetime
    updated_at: AwareDatetime


class GuideFilters(PageIn):
    """Which guides. `language` is one they speak; `display_language` the one that `display_bio` is in.

    With `available_date` (to `end_date`): only those who are free each day.
    """

    language: LanguageCode | None = None
    province: Place | None = None
    available_date: Day | None = None
    end_date: Day | None = None
    max_price: MoneyIn | None = None
    people: Group | None = None
    q: Query | None = None
    sort: GuideSort = GuideSort.RATING
    display_language: LanguageName | None = None

    def shown_in(self, default: Language) -> Language:
        return self.display_language or default


class AdminGuideFilters(GuideFilters):
    """As the public filters; both active and retired guides unless `is_active` says which."""

    is_active: bool | None = None
