"""Reading a passport: for the customer's form and for staff, who decide. Nothing that is read is kept."""

from datetime import date, datetime
from uuid import UUID

from sojourn.care.documents import queries as documents
from sojourn.care.passports import queries
from sojourn.care.passports.errors import NotAPassport
from sojourn.care.passports.models import PassportReading
from sojourn.care.passports.mrz import Mrz, MrzUnreadable, lines_of, read_mrz
from sojourn.care.passports.rules import prefill, warnings_for
from sojourn.catalog.services.models import DocumentCategory
from sojourn.people.auth.access import Actor
from sojourn.platform.audit.trail import Act, record
from sojourn.platform.db.database import Connection
from sojourn.platform.errors import InvalidInput
from sojourn.platform.http.context import Origin


async def read_typed(
    tx: Connection, *, document_id: UUID, actor: Actor, text: str, today: date, now: datetime, origin: Origin
) -> PassportReading:
    """Read the lines that somebody has typed from a passport that was handed in.

    Raises DocumentNotFound, NotAPassport, InvalidInput.
    """
    document = await documents.get_visible(tx, document_id=document_id, actor=actor)
    if document.category is not DocumentCategory.PASSPORT:
        raise NotAPassport(details={"category": document.category.value})
    try:
        mrz = read_mrz(lines_of(text), today=today)
    except MrzUnreadable as fault:
        raise InvalidInput.at("mrz", str(fault)) from fault
    journey = await queries.find_journey(tx, document_id=document.id)
    # Which digits failed, never what was read.
    act = Act(
        action="passport.read", subject_kind="DOCUMENT", subject_id=document.id, actor_id=actor.user_id,
        reference=document.order_number, detail={"format": mrz.format, "failed": list(mrz.failed)},
    )  # fmt: skip
    await record(tx, act, now=now, origin=origin)
    return _told(document.id, mrz, today=today, journey=journey)


def _told(document_id: UUID, mrz: Mrz, *, today: date, journey: queries.Journey) -> PassportReading:
    return PassportReading(
        document_id=document_id,
        format=mrz.format,
        document_type=mrz.document_type,
        issuing_state=mrz.issuing_state,
        surname=mrz.surname,
        given_names=mrz.given_names,
        document_number=mrz.document_number,
        nationality=mrz.nationality,
        birth_date=mrz.birth_date,
        sex=mrz.sex,
        expires_on=mrz.expires_on,
        failed_checks=list(mrz.failed),
        warnings=warnings_for(mrz, today=today, travel_date=journey.travel_date, buyer=journey.traveler),
        prefill=prefill(mrz),
    )
