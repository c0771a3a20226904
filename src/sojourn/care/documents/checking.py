"""Between the quarantine and the store: size, type, malware, and pictures drawn anew (rules, section 8)."""

from hashlib import sha256
from typing import TYPE_CHECKING

import structlog
from starlette.datastructures import UploadFile

from sojourn.care.documents.errors import DocumentInfected, DocumentTooLarge, DocumentTypeRefused
from sojourn.care.documents.models import MAX_BYTES, CheckedFile
from sojourn.care.documents.rules import PDF, clean_file_name, find_type
from sojourn.platform.errors import InvalidInput, Unavailable
from sojourn.platform.kit.lazily import lazily
from sojourn.platform.pictures import in_thread
from sojourn.providers.scanner.port import Scanner, ScannerUnavailable, ScanStatus, Verdict

if TYPE_CHECKING:
    from sojourn.care.documents import pictures
else:
    pictures = lazily("sojourn.care.documents.pictures")

logger = structlog.get_logger(__name__)


async def check(upload: UploadFile, *, scanner: Scanner) -> CheckedFile:
    """What of an upload may be kept.

    Raises InvalidInput (empty), DocumentTooLarge, DocumentTypeRefused, DocumentInfected, DocumentUnreadable,
    PictureTooLarge, Unavailable (the scanner does not answer).
    """
    if not upload.size:
        raise InvalidInput.at("file", "is empty")
    if upload.size > MAX_BYTES:
        raise DocumentTooLarge
    content = await upload.read()
    mime_type = find_type(content)
    if mime_type is None:
        raise DocumentTypeRefused
    verdict = await _scan(content, scanner)
    digest = sha256(content).digest()
    thumbnail = None
    if mime_type != PDF:
        content, thumbnail = await in_thread(pictures.redraw, content, mime_type)
    return CheckedFile(
        file_name=clean_file_name(upload.filename or "", mime_type),
        mime_type=mime_type,
        content=content,
        thumbnail=thumbnail,
        digest=digest,
        scan_status=verdict.status,
    )


async def _scan(content: bytes, scanner: Scanner) -> Verdict:
    try:
        verdict = await scanner.scan(content)
    except ScannerUnavailable as fault:
        logger.exception("the malware scanner does not answer")
        raise Unavailable from fault
    if verdict.status is ScanStatus.INFECTED:
        logger.warning("malware refused", malware=verdict.malware)
        raise DocumentInfected
    return verdict
