"""What was sent becomes two WebPs of ours: no wider than a page shows them, without metadata."""

from io import BytesIO
from typing import Final

from PIL import Image
from starlette.datastructures import UploadFile

from sojourn.catalog.images.errors import ImageTooLarge, ImageTypeRefused, ImageUnreadable
from sojourn.catalog.images.models import MAX_BYTES, Drawing
from sojourn.platform.errors import InvalidInput
from sojourn.platform.pictures import PictureBroken, PictureKind, find_kind, in_thread
from sojourn.platform.unpacking import unpack

# Width and height at most, in pixels: even a very tall picture stays one that a page can show.
FULL: Final = (1600, 3200)
THUMBNAIL: Final = (480, 960)
_QUALITY: Final = 82


async def draw(upload: UploadFile) -> Drawing:
    """The two sizes of an upload.

    Raises InvalidInput (empty), ImageTooLarge, ImageTypeRefused, ImageUnreadable, PictureTooLarge.
    """
    if not upload.size:
        raise InvalidInput.at("file", "is empty")
    if upload.size > MAX_BYTES:
        raise ImageTooLarge
    content = await upload.read()
    kind = find_kind(content)
    if kind is None:
        raise ImageTypeRefused
    try:
        return await in_thread(_draw, content, kind)
    except PictureBroken as fault:
        raise ImageUnreadable from fault


def _draw(content: bytes, kind: PictureKind) -> Drawing:
    picture = unpack(content, kind)
    if picture.mode == "L":
        picture = picture.convert("RGB")
    picture.thumbnail(FULL, Image.Resampling.LANCZOS)
    small = picture.copy()
    small.thumbnail(THUMBNAIL, Image.Resampling.LANCZOS)
    return Drawing(full=_written(picture), thumbnail=_written(small), width=picture.width, height=picture.height)


def _written(picture: Image.Image) -> bytes:
    written = BytesIO()
    picture.save(written, PictureKind.WEBP, quality=_QUALITY)
    return written.getvalue()
