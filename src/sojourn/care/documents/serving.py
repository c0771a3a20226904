"""A kept file as an answer: never stored on the way, saved under its own name."""

from starlette.responses import Response, StreamingResponse

from sojourn.care.documents.errors import FileLinkInvalid
from sojourn.care.documents.rules import content_disposition
from sojourn.platform.errors import Unavailable
from sojourn.providers.storage.port import FileMissing, FileStore, StorageUnavailable


async def serve(files: FileStore, *, key: str, file_name: str, mime_type: str) -> Response:
    """The bytes under `key`. Raises FileLinkInvalid when they are gone, Unavailable."""
    try:
        stored = await files.open(key)
    except FileMissing as fault:
        raise FileLinkInvalid from fault
    except StorageUnavailable as fault:
        raise Unavailable from fault
    headers = {
        "Content-Disposition": content_disposition(file_name),
        "Content-Length": str(stored.size),
        "Cache-Control": "private, no-store",
    }
    return StreamingResponse(stored.chunks, media_type=mime_type, headers=headers)
