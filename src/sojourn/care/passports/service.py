"""Reading a passport: for the customer's form and for staff, who decide. Nothing that is read is kept."""

import asyncio
from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sojourn.care.documents import queries as documents
from sojourn.care.documents.errors import DocumentNotFound
from sojourn.care.documents.models import Document
from sojourn.care.documents.rules import PDF
from sojourn.care.documents.service import ORIGINAL
from sojourn.care.passports import queries
from sojourn.care.passports.errors import NotAPassport, PassportLinesNeeded, PassportUnreadable
from sojourn.care.passports.models import PassportReading, ReadingSource
from sojourn.care.passports.mrz import Mrz, MrzUnreadable, lines_of, read_mrz
from sojourn.care.passports.rules import prefill, warnings_for
from sojourn.catalog.services.models import DocumentCategory
from sojourn.people.auth.access import Actor
from sojourn.platform.audit.trail import Act, record
from sojourn.platform.db.database import Connection
from sojourn.platform.errors import InvalidInput, Unavailable
from sojourn.platform.http.context import Context, Origin
from sojourn.platform.kit.lazily import lazily
from sojourn.providers.ocr.port import ReaderUnavailable, TextReader
from sojourn.providers.storage.port import FileMissing, FileStore, StorageUnavailable

if TYPE_CHECKING:
    from sojourn.care.passports import finding
else:
    finding = lazily("sojourn.care.passports.finding")


async def read_typed(
    tx: Connection, *, document_id: UUID, actor: Actor, text: str, today: date, now: datetime, origin: Origin
) -> PassportReading:
    """Read the lines that somebody has typed from a passport that was handed in.

    Raises DocumentNotFound, NotAPassport, InvalidInput.
    """
    document = await _get_passport(tx, document_id=document_id, actor=actor)
    try:
        mrz = read_mrz(lines_of(text), today=today)
    except MrzUnreadable as fault:
        raise InvalidInput.at("mrz", str(fault)) from fault
    return await _told(tx, document, mrz, source=ReadingSource.TYPED, actor=actor, today=today, now=now, origin=origin)


async def read_picture(
    ctx: Context, *, document_id: UUID, actor: Actor, files: FileStore, reader: TextReader | None
) -> PassportReading:
    """Read the lines in the picture of a passport that was handed in: at its foot, else anywhere on it.

    Raises DocumentNotFound, NotAPassport, PassportLinesNeeded, PassportUnreadable, Unavailable.
    """
    async with ctx.read() as connection:
        document = await _get_passport(connection, document_id=document_id, actor=actor)
    if reader is None or document.mime_type == PDF:
        raise PassportLinesNeeded
    picture = await _content(files, f"{document.folder}/{ORIGINAL}")
    try:
        foot = await asyncio.to_thread(finding.lower_part, picture)
        mrz = finding.find_mrz(await reader.read(foot), today=ctx.today())
        if mrz is None:
            mrz = finding.find_mrz(await reader.read(picture), today=ctx.today())
    except ReaderUnavailable as fault:
        raise Unavailable from fault
    if mrz is None:
        raise PassportUnreadable
    async with ctx.unit_of_work() as tx:
        return await _told(
            tx, document, mrz, source=ReadingSource.PICTURE, actor=actor, today=ctx.today(), now=ctx.now(),
            origin=ctx.origin,
        )  # fmt: skip


async def _get_passport(connection: Connection, *, document_id: UUID, actor: Actor) -> Document:
    document = await documents.get_visible(connection, document_id=document_id, actor=actor)
    if document.category is not DocumentCategory.PASSPORT:
        raise NotAPassport(details={"category": document.category.value})
    return document


async def _content(files: FileStore, key: str) -> bytes:
    try:
        stored = await files.open(key)
        return b"".join([chunk async for chunk in stored.chunks])
    except FileMissing as fault:
        raise DocumentNotFound from fault
    except StorageUnavailable as fault:
        raise Unavailable from fault


async def _told(
    tx: Connection, document: Document, mrz: Mrz, *, source: ReadingSource, actor: Actor, today: date, now: datetime,
    origin: Origin,
) -> PassportReading:  # fmt: skip
    journey = await queries.find_journey(tx, document_id=document.id)
    # Which digits failed, never what was read.
    act = Act(
        action="passport.read", subject_kind="DOCUMENT", subject_id=document.id, actor_id=actor.user_id,
        reference=document.order_number, detail={"source": source, "format": mrz.format, "failed": list(mrz.failed)},
    )  # fmt: skip
    await record(tx, act, now=now, origin=origin)
    return PassportReading(
        document_id=document.id,
        source=source,
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
