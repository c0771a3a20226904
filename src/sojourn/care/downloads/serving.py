"""The bytes of a download as an answer: in whole, or from where the line broke."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from hashlib import sha256

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from sojourn.care.documents.errors import FileLinkInvalid
from sojourn.care.documents.rules import content_disposition
from sojourn.care.documents.service import ORIGINAL
from sojourn.care.downloads import queries
from sojourn.care.downloads.errors import RangeNotSatisfiable
from sojourn.care.downloads.guide import compose
from sojourn.care.downloads.models import BoughtService, Offered
from sojourn.care.downloads.rules import wanted_part
from sojourn.platform.errors import Unavailable
from sojourn.platform.http.context import Context
from sojourn.providers.storage.port import FileMissing, FileStore, StorageUnavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """A file about to be sent. `tag` changes with every edition."""

    size: int
    chunks: AsyncIterator[bytes]
    tag: str


async def fetch(ctx: Context, store: FileStore, *, bought: BoughtService, offered: Offered) -> Content:
    """The file from the store, or the guide composed now. Raises FileLinkInvalid, Unavailable."""
    if offered.folder is None:
        async with ctx.read() as connection:
            guide = await queries.get_guide(connection, service_id=bought.service_id, language=bought.language)
        written = await compose(guide, bought=bought, storefront=ctx.storefront)
        return Content(size=len(written), chunks=_at_once(written), tag=f'"{sha256(written).hexdigest()[:32]}"')
    try:
        stored = await store.open(f"{offered.folder}/{ORIGINAL}")
    except FileMissing as fault:
        raise FileLinkInvalid from fault
    except StorageUnavailable as fault:
        raise Unavailable from fault
    return Content(size=stored.size, chunks=stored.chunks, tag=f'"{offered.id.hex}-{offered.version}"')


def part_for(request: Request, content: Content) -> tuple[int, int] | None:
    """What is asked for: first and last byte; None for all. A part of an edition that is gone is not asked for.

    Raises RangeNotSatisfiable.
    """
    if request.headers.get("if-range", content.tag) != content.tag:
        return None
    try:
        return wanted_part(request.headers.get("range"), size=content.size)
    except ValueError as fault:
        headers = {"Content-Range": f"bytes */{content.size}"}
        raise RangeNotSatisfiable(details={"size": content.size}, headers=headers) from fault


def answer(content: Content, *, offered: Offered, part: tuple[int, int] | None) -> Response:
    """The whole file, or the part of it. Never zipped on the way: its bytes are counted."""
    first, last = part or (0, content.size - 1)
    headers = {
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-store",
        "Content-Disposition": content_disposition(offered.file_name),
        "Content-Encoding": "identity",
        "Content-Length": str(last - first + 1),
        "ETag": content.tag,
    }
    if part is not None:
        headers["Content-Range"] = f"bytes {first}-{last}/{content.size}"
    chunks = content.chunks if part is None else _cut(content.chunks, first, last)
    return StreamingResponse(chunks, 200 if part is None else 206, headers, media_type=offered.mime_type)


async def _at_once(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def _cut(chunks: AsyncIterator[bytes], first: int, last: int) -> AsyncIterator[bytes]:
    """The bytes from `first` to `last`, both of them counted."""
    at = 0
    async for chunk in chunks:
        if wanted := chunk[max(first - at, 0) : last - at + 1]:
            yield wanted
        at += len(chunk)
        if at > last:
            return
