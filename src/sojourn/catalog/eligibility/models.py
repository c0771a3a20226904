"""Who needs which visa: as it is asked, answered, and kept by an agency."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints

from sojourn.catalog.eligibility.countries import countries
from sojourn.catalog.services.models import ServiceType
from sojourn.catalog.shelving import Patch
from sojourn.catalog.values import ImageUrl, InLanguage, LongerText, Paging, Slug
from sojourn.platform.kit.wire import Day, Money, Text, Wire


class Purpose(StrEnum):
    TOURISM = "TOURISM"
    BUSINESS = "BUSINESS"
    STUDY = "STUDY"
    WORK = "WORK"


class Outcome(StrEnum):
    """ASK_A_CONSULTANT: we do not know, or it depends on more than a table can say."""

    VISA_FREE = "VISA_FREE"
    VISA_ON_ARRIVAL = "VISA_ON_ARRIVAL"
    E_VISA = "E_VISA"
    VISA_REQUIRED = "VISA_REQUIRED"
    ASK_A_CONSULTANT = "ASK_A_CONSULTANT"


class RequiredDocument(StrEnum):
    """What authorities ask for; titles in three languages lie in `documents.yaml`."""

    PASSPORT = "PASSPORT"
    PASSPORT_SIX_MONTHS = "PASSPORT_SIX_MONTHS"
    APPLICATION_FORM = "APPLICATION_FORM"
    PHOTO = "PHOTO"
    ONWARD_TICKET = "ONWARD_TICKET"
    ITINERARY = "ITINERARY"
    ACCOMMODATION = "ACCOMMODATION"
    BANK_STATEMENT = "BANK_STATEMENT"
    EMPLOYMENT_LETTER = "EMPLOYMENT_LETTER"
    TRAVEL_INSURANCE = "TRAVEL_INSURANCE"
    BUSINESS_INVITATION = "BUSINESS_INVITATION"
    ADMISSION_LETTER = "ADMISSION_LETTER"
    PROOF_OF_FUNDS = "PROOF_OF_FUNDS"
    WORK_PERMIT = "WORK_PERMIT"
    ARRIVAL_CARD = "ARRIVAL_CARD"
    TRAVEL_AUTHORISATION = "TRAVEL_AUTHORISATION"


def _listed(code: str) -> str:
    if code not in countries():
        raise ValueError("must be a country code of ISO 3166-1, such as KH")
    return code


Country = Annotated[
    str,
    StringConstraints(strip_whitespace=True, to_upper=True, min_length=2, max_length=2),
    AfterValidator(_listed),
]
Stay = Annotated[int, Field(ge=1, le=3650)]
Documents = Annotated[list[RequiredDocument], Field(max_length=20)]
ServiceSlugs = Annotated[list[Slug], Field(max_length=10)]


class EligibilityQuestion(InLanguage):
    """`nationality` and `destination` are ISO 3166-1 codes of two letters."""

    nationality: Country
    destination: Country
    purpose: Purpose = Purpose.TOURISM


class EligibilityRuleIn(Wire):
    """What one authority says of one nationality. `source` is the authority's page, read on `checked_on`.

    `max_stay_days` is for one visit; left out where it depends. `services` are slugs of what helps, the best first.
    """

    nationality: Country
    destination: Country
    purpose: Purpose
    outcome: Outcome
    max_stay_days: Stay | None = None
    documents: Documents = []
    caution: LongerText | None = None
    caution_km: LongerText | None = None
    caution_zh: LongerText | None = None
    source_name: Text
    source_url: ImageUrl
    checked_on: Day
    services: ServiceSlugs = []
    is_active: bool = True

    @property
    def slug(self) -> str:
        """As the row's: it is known by its three codes."""
        return f"{self.nationality}-{self.destination}-{self.purpose}".lower()


class EligibilityRulePatch(Patch):
    """What is to change; what is left out stays."""

    nationality: Country | None = None
    destination: Country | None = None
    purpose: Purpose | None = None
    outcome: Outcome | None = None
    max_stay_days: Stay | None = None
    documents: Documents | None = None
    caution: LongerText | None = None
    caution_km: LongerText | None = None
    caution_zh: LongerText | None = None
    source_name: Text | None = None
    source_url: ImageUrl | None = None
    checked_on: Day | None = None
    services: ServiceSlugs | None = None
    is_active: bool | None = None


class EligibilityRuleOut(Wire):
    """A rule as the desk reads it."""

    id: UUID
    slug: str
    nationality: str
    destination: str
    purpose: Purpose
    outcome: Outcome
    max_stay_days: int | None
    documents: list[RequiredDocument]
    caution: str | None
    caution_km: str | None
    caution_zh: str | None
    display_caution: str | None
    source_name: str
    source_url: str
    checked_on: Day
    services: list[str]
    is_active: bool
    version: int
    created_at: AwareDatetime
    updated_at: AwareDatetime


class EligibilityRuleFilters(Paging):
    """Which rules. `checked_before`: last checked before that day."""

    nationality: Country | None = None
    destination: Country | None = None
    purpose: Purpose | None = None
    outcome: Outcome | None = None
    checked_before: Day | None = None
    is_active: bool | None = None


class Source(Wire):
    """Who says so, and where."""

    name: str
    url: str


class DocumentToBring(Wire):
    key: RequiredDocument
    title: str


class ServiceToBuy(Wire):
    """A service on sale that helps; `price` in USD."""

    id: UUID
    slug: str
    type: ServiceType
    display_title: str
    price: Money


class EligibilityOut(Wire):
    """What holds for one traveller, as far as we know. Texts are in the language asked for.

    Without a rule `is_known` is false and the outcome ASK_A_CONSULTANT. `is_outdated`: nobody has checked the source
    for longer than the agency's months; `warning` says so. `max_stay_days` is for one visit.
    """

    nationality: str
    destination: str
    purpose: Purpose
    outcome: Outcome
    is_known: bool
    max_stay_days: int | None
    documents: list[DocumentToBring]
    caution: str | None
    source: Source | None
    checked_on: Day | None
    is_outdated: bool
    warning: str | None
    services: list[ServiceToBuy]


class CountryOut(Wire):
    """A country or territory of ISO 3166-1, with the names that CLDR gives it."""

    code: str
    name: str
    name_km: str
    name_zh: str
    display_name: str
