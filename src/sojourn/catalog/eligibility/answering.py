"""From a row of the table to what a traveller reads."""

from datetime import date

from sojourn.catalog.eligibility.countries import countries, country_name
from sojourn.catalog.eligibility.models import (
    CountryOut,
    DocumentToBring,
    EligibilityOut,
    EligibilityQuestion,
    Outcome,
    RequiredDocument,
    ServiceToBuy,
    Source,
)
from sojourn.catalog.eligibility.rules import is_outdated
from sojourn.catalog.eligibility.texts import document_title, outdated_warning
from sojourn.platform.db.database import Row
from sojourn.platform.i18n import Language


def answer(question: EligibilityQuestion, row: Row, *, language: Language, today: date, months: int) -> EligibilityOut:
    """What `queries.find_answer` found, in words."""
    is_known = row["outcome"] is not None
    is_old = is_known and is_outdated(row["checked_on"], today=today, months=months)
    return EligibilityOut(
        nationality=question.nationality,
        destination=question.destination,
        purpose=question.purpose,
        outcome=Outcome(row["outcome"]) if is_known else Outcome.ASK_A_CONSULTANT,
        is_known=is_known,
        max_stay_days=row["max_stay_days"],
        documents=[
            DocumentToBring(key=RequiredDocument(key), title=document_title(RequiredDocument(key), language))
            for key in row["documents"] or ()
        ],
        caution=row["caution"],
        source=Source(name=row["source_name"], url=row["source_url"]) if is_known else None,
        checked_on=row["checked_on"],
        is_outdated=is_old,
        warning=outdated_warning(row["checked_on"], language) if is_old else None,
        services=[ServiceToBuy.model_validate(service) for service in row["services"]],
    )


def list_countries(language: Language) -> list[CountryOut]:
    """Every country, by its name in `language`."""
    named = [
        CountryOut(
            code=code,
            name=country_name(code, Language.EN),
            name_km=country_name(code, Language.KM),
            name_zh=country_name(code, Language.ZH),
            display_name=country_name(code, language),
        )
        for code in countries()
    ]
    return sorted(named, key=lambda country: (country.display_name, country.code))
