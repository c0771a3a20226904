"""The catalogue's images, as they cross HTTP and as they are drawn."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final
from uuid import UUID

from pydantic import StringConstraints

from sojourn.platform.kit.wire import Instant, PageIn, Wire

MAX_BYTES: Final = 10 * 1024 * 1024
MIME_TYPE: Final = "image/webp"

Alt = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]


class Size(StrEnum):
    """Under which name each size lies in the image's folder."""

    FULL = "full"
    THUMBNAIL = "thumbnail"


class ImageIn(Wire):
    """`alt`: what is to be seen, for who cannot see it."""

    alt: Alt = ""


class ImagePatch(Wire):
    """Under its address an image never changes; what is said of it may."""

    alt: Alt


class ImageFilters(PageIn):
    """`is_unnamed`: those that no entry names, which go after a day; it is looked after once an hour."""

    is_unnamed: bool | None = None


class ImageOut(Wire):
    """`url` and `thumbnail_url` go into the `images` of what is on offer. `width` and `height` in pixels, of `url`'s.

    Since `unnamed_since` no entry names it.
    """

    id: UUID
    url: str
    thumbnail_url: str
    width: int
    height: int
    alt: str
    unnamed_since: Instant | None
    created_at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """An image in its two sizes, as WebP. `width` and `height` of the larger."""

    full: bytes
    thumbnail: bytes
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image that is kept; its files lie below `folder`."""

    id: UUID
    alt: str
    width: int
    height: int
    folder: str
    unnamed_since: datetime | None
    created_at: datetime
