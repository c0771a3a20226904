"""What of a file is asked for, and what a download link names: pure functions."""

import re
from uuid import UUID

_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})", re.ASCII)
_ID_DIGITS = 32


def wanted_part(header: str | None, *, size: int) -> tuple[int, int] | None:
    """The first and the last byte that a `Range` asks for; None for the whole file (RFC 9110, section 14.2).

    What is not one range of bytes is taken for no range at all. Raises ValueError where the file has no such part.
    """
    found = _RANGE.fullmatch(header.strip()) if header else None
    if found is None or found.groups() == ("", ""):
        return None
    first, last = found.groups()
    if not first:  # the last so many bytes
        if int(last) == 0 or size == 0:
            raise ValueError("nothing is asked for")
        return max(size - int(last), 0), size - 1
    if last and int(last) < int(first):
        return None
    if int(first) >= size:
        raise ValueError("begins behind the end")
    return int(first), min(int(last), size - 1) if last else size - 1


def write_part(file_id: UUID, download_id: UUID) -> str:
    """Both ids as the `part` of a signed link."""
    return file_id.hex + download_id.hex


def read_part(part: str) -> tuple[UUID, UUID]:
    """File and download of a signed link's `part`. Raises ValueError."""
    return UUID(part[:_ID_DIGITS]), UUID(part[_ID_DIGITS:])
