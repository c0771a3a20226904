"""Pictures of documents are drawn anew, and a small one beside them (rules, section 8)."""

from io import BytesIO
from typing import Final

from PIL import Image

from sojourn.care.documents.errors import DocumentUnreadable
from sojourn.care.documents.rules import JPEG
from sojourn.platform.pictures import PictureBroken, PictureKind
from sojourn.platform.unpacking import unpack

THUMBNAIL: Final = (320, 320)


def redraw(content: bytes, mime_type: str) -> tuple[bytes, bytes]:
    """The picture and a small JPEG of it, upright and without metadata.

    Raises PictureTooLarge, DocumentUnreadable.
    """
    kind = PictureKind.JPEG if mime_type == JPEG else PictureKind.PNG
    try:
        clean = unpack(content, kind)
    except PictureBroken as fault:
        raise DocumentUnreadable from fault
    return _written(clean, kind), _written(_small(clean), PictureKind.JPEG)


def _small(picture: Image.Image) -> Image.Image:
    small = picture.copy()
    small.thumbnail(THUMBNAIL)
    if small.mode == "RGBA":
        white = Image.new("RGB", small.size, "white")
        white.paste(small, mask=small.getchannel("A"))
        return white
    return small.convert("RGB")


def _written(picture: Image.Image, kind: PictureKind) -> bytes:
    written = BytesIO()
    picture.save(written, kind, **({"quality": 90, "optimize": True} if kind is PictureKind.JPEG else {}))
    return written.getvalue()
