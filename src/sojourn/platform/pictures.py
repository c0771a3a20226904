"""Pictures that strangers send, drawn anew: what was hidden in the file stays behind, where and when they were taken
included."""

import asyncio
from collections.abc import Callable
from enum import StrEnum
from io import BytesIO
from typing import Final, ParamSpec, TypeVar

from PIL import Image, ImageOps, UnidentifiedImageError

from sojourn.platform.errors import Refusal

# Four times a phone's photograph. A small file can claim billions: its size is read before anything is unpacked.
MAX_PIXELS: Final = 50_000_000
_PLAIN_MODES = {"1": "L", "I;16": "L", "I": "L", "F": "L", "LA": "RGBA", "PA": "RGBA", "CMYK": "RGB", "YCbCr": "RGB"}
# Each picture may take some hundred megabytes while it is unpacked.
_DRAWING: Final = asyncio.Semaphore(2)

# Ours is the stricter bound, and it is a refusal instead of a warning.
Image.MAX_IMAGE_PIXELS = None

Given = ParamSpec("Given")
Drawn = TypeVar("Drawn")


class PictureKind(StrEnum):
    """Formats, as Pillow calls them."""

    JPEG = "JPEG"
    PNG = "PNG"
    WEBP = "WEBP"


class PictureTooLarge(Refusal):
    """`details`: the most pixels."""

    status = 422
    code = "PICTURE_TOO_LARGE"
    sentence = "The picture has too many pixels."


class PictureBroken(Exception):
    """It begins as a picture of its kind does, and cannot be read as one."""


def find_kind(content: bytes) -> PictureKind | None:
    """The kind of a picture by its first bytes alone; None for what is none."""
    if content.startswith(b"\xff\xd8\xff"):
        return PictureKind.JPEG
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return PictureKind.PNG
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return PictureKind.WEBP
    return None


def unpack(content: bytes, kind: PictureKind) -> Image.Image:
    """The picture's pixels, upright and without metadata: of what moves, the first one. Raises PictureTooLarge,
    PictureBroken."""
    try:
        with Image.open(BytesIO(content), formats=[kind]) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                raise PictureTooLarge(details={"max_pixels": MAX_PIXELS})
            opened.load()
            return _plain(ImageOps.exif_transpose(opened), kind)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, MemoryError) as fault:
        raise PictureBroken from fault


async def in_thread(draw: Callable[Given, Drawn], *given: Given.args, **named: Given.kwargs) -> Drawn:
    """`draw` beside the event loop: few at a time, for the memory that they take."""
    async with _DRAWING:
        return await asyncio.to_thread(draw, *given, **named)


def _plain(picture: Image.Image, kind: PictureKind) -> Image.Image:
    mode = _PLAIN_MODES.get(picture.mode, picture.mode)
    if picture.mode == "P":
        mode = "RGBA" if "transparency" in picture.info else "RGB"
    if kind is PictureKind.JPEG and mode not in ("L", "RGB"):
        mode = "RGB"
    plain = picture.convert(mode) if mode != picture.mode else picture.copy()
    plain.info.clear()
    return plain
