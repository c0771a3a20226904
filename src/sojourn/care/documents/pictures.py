"""Pictures are drawn anew: what was hidden in the file stays behind, where and when they were taken included."""

from io import BytesIO
from typing import Final

from PIL import Image, ImageOps, UnidentifiedImageError

from sojourn.care.documents.errors import DocumentUnreadable, PictureTooLarge
from sojourn.care.documents.rules import JPEG

# Four times a phone's photograph. A small file can claim billions: its size is read before anything is unpacked.
MAX_PIXELS: Final = 50_000_000
THUMBNAIL: Final = (320, 320)
_PLAIN_MODES = {"1": "L", "I;16": "L", "I": "L", "F": "L", "LA": "RGBA", "PA": "RGBA", "CMYK": "RGB", "YCbCr": "RGB"}

# Ours is the stricter bound, and it is a refusal instead of a warning.
Image.MAX_IMAGE_PIXELS = None


def redraw(content: bytes, mime_type: str) -> tuple[bytes, bytes]:
    """The picture and a small JPEG of it, upright and without metadata.

    Raises PictureTooLarge, DocumentUnreadable.
    """
    kind = "JPEG" if mime_type == JPEG else "PNG"
    try:
        with Image.open(BytesIO(content), formats=[kind]) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                raise PictureTooLarge(details={"max_pixels": MAX_PIXELS})
            opened.load()
            clean = _plain(ImageOps.exif_transpose(opened), kind)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, MemoryError) as fault:
        raise DocumentUnreadable from fault
    return _written(clean, kind), _written(_small(clean), "JPEG")


def _plain(picture: Image.Image, kind: str) -> Image.Image:
    mode = _PLAIN_MODES.get(picture.mode, picture.mode)
    if picture.mode == "P":
        mode = "RGBA" if "transparency" in picture.info else "RGB"
    if kind == "JPEG" and mode not in ("L", "RGB"):
        mode = "RGB"
    plain = picture.convert(mode) if mode != picture.mode else picture.copy()
    plain.info.clear()
    return plain


def _small(picture: Image.Image) -> Image.Image:
    small = picture.copy()
    small.thumbnail(THUMBNAIL)
    if small.mode == "RGBA":
        white = Image.new("RGB", small.size, "white")
        white.paste(small, mask=small.getchannel("A"))
        return white
    return small.convert("RGB")


def _written(picture: Image.Image, kind: str) -> bytes:
    written = BytesIO()
    picture.save(written, kind, **({"quality": 90, "optimize": True} if kind == "JPEG" else {}))
    return written.getvalue()
