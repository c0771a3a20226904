"""Papers that a customer hands in: scans, a photograph with its position, and something that is no paper at all."""

from io import BytesIO

from PIL import Image, ImageDraw

PROGRAM = b"MZ\x90\x00" + bytes(512)
_SIZE = (800, 600)
_GPS = 0x8825
_SIEM_REAP = {1: "N", 2: (13.0, 21.0, 44.0), 3: "E", 4: (103.0, 51.0, 36.0)}


def scan(words: str) -> bytes:
    """A PDF of one page with these words on it."""
    return _saved(_page(words), "PDF")


def photograph(words: str) -> bytes:
    """A JPEG as a telephone takes it: it says where."""
    exif = Image.Exif()
    exif[_GPS] = _SIEM_REAP
    return _saved(_page(words), "JPEG", exif=exif)


def has_position(picture: bytes) -> bool:
    """Whether a picture says where it was taken."""
    with Image.open(BytesIO(picture)) as opened:
        return bool(opened.getexif().get_ifd(_GPS))


def _page(words: str) -> Image.Image:
    page = Image.new("RGB", _SIZE, "white")
    ImageDraw.Draw(page).text((40, 40), words, fill="black")
    return page


def _saved(page: Image.Image, kind: str, **more: object) -> bytes:
    written = BytesIO()
    page.save(written, kind, **more)
    return written.getvalue()
