"""Pictures that strangers send, drawn anew: what was hidden in the file stays behind, where and when they were taken
included. Imported with the first picture."""

from io import BytesIO

from PIL import Image, ImageOps, UnidentifiedImageError

from sojourn.platform.pictures import MAX_PIXELS, PictureBroken, PictureKind, PictureTooLarge

_PLAIN_MODES = {"1": "L", "I;16": "L", "I": "L", "F": "L", "LA": "RGBA", "PA": "RGBA", "CMYK": "RGB", "YCbCr": "RGB"}

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
            return _plain(ImageOps.exif_transpose(opened), kind)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, MemoryError) as fault:
        raise PictureBroken from fault


def _plain(picture: Image.Image, kind: PictureKind) -> Image.Image:
    mode = _PLAIN_MODES.get(picture.mode, picture.mode)
    if picture.mode == "P":
        mode = "RGBA" if "transparency" in picture.info else "RGB"
    if kind is PictureKind.JPEG and mode not in ("L", "RGB"):
        mode = "RGB"
    plain = picture.convert(mode) if mode != picture.mode else picture.copy()
    plain.info.clear()
    return plain
