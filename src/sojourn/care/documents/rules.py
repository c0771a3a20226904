"""Which files are documents, what they are called, when somebody is reminded: pure functions (rules, section 8)."""

import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sojourn.catalog.services.models import DocumentCategory
from sojourn.platform.kit.lazily import lazily

if TYPE_CHECKING:
    import puremagic
else:
    puremagic = lazily("puremagic")

PDF, JPEG, PNG = "application/pdf", "image/jpeg", "image/png"
REMIND_AFTER_DAYS = (3, 7, 14)
UNATTACHED_LIFE = timedelta(hours=24)
CASE_LIFE = timedelta(days=90)

_EXTENSIONS = {PDF: (".pdf",), JPEG: (".jpg", ".jpeg"), PNG: (".png",)}
_STARTS = {PDF: b"%PDF-", JPEG: b"\xff\xd8\xff", PNG: b"\x89PNG\r\n\x1a\n"}
_MAX_STEM = 100
# Marks that turn the direction of text: `exe.fdp` must not read as `pdf.exe`.
_TURNS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
# How browsers write a quote or a control in the name of a part.
_ESCAPED = re.compile("%(0[0-9a-f]|1[0-9a-f]|22)", re.IGNORECASE)
_RESERVED = re.compile(r'[<>:"|?*]')


def find_type(content: bytes) -> str | None:
    """The content type of a document by its bytes alone; None for what is none.

    Its first bytes must be the format's: what several formats can read is taken for none.
    """
    try:
        found = {match.mime_type for match in puremagic.magic_string(content)}
    except (puremagic.PureError, ValueError):
        return None
    return next((kind for kind, start in _STARTS.items() if kind in found and content.startswith(start)), None)


def clean_file_name(sent: str, mime_type: str) -> str:
    """What the file is called from now on: no folders, controls or turned text; its extension says what it is."""
    plain = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), sent)
    name = unicodedata.normalize("NFC", re.split(r"[/\\]", plain)[-1])
    name = _RESERVED.sub("_", _TURNS.sub("", name))
    name = "".join(sign for sign in name if unicodedata.category(sign) not in ("Cc", "Cs", "Co", "Cn"))
    extensions = _EXTENSIONS[mime_type]
    stem = name
    for extension in extensions:
        stem = stem[: -len(extension)] if stem.lower().endswith(extension) else stem
    stem = " ".join(stem.split()).strip(". ")[:_MAX_STEM].strip(". ")
    return (stem or "document") + extensions[0]


def content_disposition(file_name: str) -> str:
    """The header that makes a browser save a file under its name (RFC 6266)."""
    plain = re.sub(r"[^A-Za-z0-9._ -]", "_", file_name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(file_name, safe='')}"


def find_item(
    checklist: Sequence[dict[str, Any]], *, key: str | None, category: DocumentCategory | None
) -> dict[str, Any] | None:
    """The item of a checklist with that key, else the only one of that category."""
    if key is not None:
        return next((item for item in checklist if item["key"] == key), None)
    alike = [item for item in checklist if item["category"] == category]
    return alike[0] if len(alike) == 1 else None


def reminder_due(*, since: datetime, now: datetime) -> int | None:
    """The latest of the reminders (in days) whose time has come; earlier ones that were missed are not made up for."""
    return max((days for days in REMIND_AFTER_DAYS if since + timedelta(days=days) <= now), default=None)
