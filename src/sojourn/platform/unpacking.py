"""Pictures that strangers send, drawn anew: what was hidden in the file stays behind, where and when they were taken
included. Imported with the first picture."""

from contextlib import suppress
from io import BytesIO
from typing import Final

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from sojourn.platform.pictures import MAX_PIXELS, PictureBroken, PictureKind, PictureTooLarge

_PLAIN_MODES = {"1": "L", "I;16": "L", "I": "L", "F": "L", "LA": "RGBA", "PA": "RGBA", "CMYK": "RGB", "YCbCr": "RGB"}
# Browsers take numbers without a profile for these.
_SRGB: Final = ImageCms.createProfile("sRGB")

# Ours is the stricter bound, and it is a refusal instead of a warning.
Image.MAX_IMAGE_PIXELS = None


def unpack(content: bytes, kind: PictureKind) -> Image.Image:
    """The picture's pixels, upright and without metadata: of what moves, the first one. Raises PictureTooLarge,
    PictureBroken."""
    try:
        with Image.open(BytesIO(content), formats=[kind]) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                raise PictureTooLarge(details={"max_pixels": MAX_PIXELS})
            opened.load()
            ImageOps.exif_transpose(opened, in_place=True)  # else it is copied even where it stands upright
            return _plain(_in_srgb(opened), kind)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, MemoryError) as fault:
        raise PictureBroken from fault


def _in_srgb(picture: Image.Image) -> Image.Image:
    """The same colours in the numbers that they have without a profile, because the profile goes with the metadata.

    A profile that cannot be read says nothing; that of greys changes little.
    """
    profile = picture.info.get("icc_profile")
    if not profile or picture.mode not in ("RGB", "RGBA", "CMYK", "P"):
        return picture
    alpha = None
    if picture.mode in ("RGBA", "P"):
        picture = picture.convert("RGBA" if picture.mode == "RGBA" or "transparency" in picture.info else "RGB")
        alpha = picture.getchannel("A") if picture.mode == "RGBA" else None
    colours = picture.convert("RGB") if alpha else picture
    with suppress(ImageCms.PyCMSError, OSError):
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        drawn = ImageCms.profileToProfile(colours, source, _SRGB, outputMode="RGB")
        if drawn is not None:
            if alpha:
                drawn.putalpha(alpha)
            return drawn
    return picture


def _plain(picture: Image.Image, kind: PictureKind) -> Image.Image:
    mode = _PLAIN_MODES.get(picture.mode, picture.mode)
    if picture.mode == "P":
        mode = "RGBA" if "transparency" in picture.info else "RGB"
    if kind is PictureKind.JPEG and mode not in ("L", "RGB"):
        mode = "RGB"
    plain = picture.convert(mode) if mode != picture.mode else picture.copy()
    plain.info.clear()
    return plain
