"""Pictures that strangers send: which are taken, and where they are drawn (`unpacking.py`)."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from functools import partial
from typing import Final, ParamSpec, TypeVar

from sojourn.platform.errors import Refusal

# Four times a phone's photograph. A small file can claim billions: its size is read before anything is unpacked.
MAX_PIXELS: Final = 50_000_000
# One at a time: a picture of that size takes 200 MB, and for moments twice that.
_DRAWING: Final = ThreadPoolExecutor(max_workers=1, thread_name_prefix="pictures")

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


async def in_thread(draw: Callable[Given, Drawn], *given: Given.args, **named: Given.kwargs) -> Drawn:
    """`draw` beside the event loop: one at a time, for the memory that it takes."""
    return await asyncio.get_running_loop().run_in_executor(_DRAWING, partial(draw, *given, **named))
