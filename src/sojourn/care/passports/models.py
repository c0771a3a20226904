"""What is told of a passport that was read. None of it is kept."""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import StringConstraints

from sojourn.care.passports.mrz import MrzCheck, MrzFormat
from sojourn.platform.kit.wire import Wire


class PassportWarning(StrEnum):
    """What a person should look at before the form is filled in."""

    CHECK_DIGITS_FAILED = "CHECK_DIGITS_FAILED"
    EXPIRED = "EXPIRED"
    EXPIRES_WITHIN_SIX_MONTHS_OF_TRAVEL = "EXPIRES_WITHIN_SIX_MONTHS_OF_TRAVEL"
    NAME_DIFFERS = "NAME_DIFFERS"


class ReadingSource(StrEnum):
    """Whether somebody has typed the lines, or the engine has read them in the picture."""

    TYPED = "TYPED"
    PICTURE = "PICTURE"


class PassportIn(Wire):
    """The lines of the machine-readable zone, at the foot of the page with the picture: two of 44 characters, or a
    card's two of 36 or three of 30. Without them the picture is read, where the agency has an engine for that."""

    mrz: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)] | None = None


class PassportPrefill(Wire):
    """For `service_details` and `customer_info` of the order: what the check digits do not speak against."""

    passport_number: str | None
    nationality: str | None
    full_name: str | None


class PassportReading(Wire):
    """What the lines say. `failed_checks` are the check digits that do not hold; where there are none, number and dates
    are as the document has them. Names have no check digit. Staff verify the document all the same."""

    document_id: UUID
    source: ReadingSource
    format: MrzFormat
    document_type: str
    issuing_state: str
    surname: str
    given_names: str
    document_number: str
    nationality: str
    birth_date: date | None
    sex: str | None
    expires_on: date | None
    failed_checks: list[MrzCheck]
    warnings: list[PassportWarning]
    prefill: PassportPrefill
