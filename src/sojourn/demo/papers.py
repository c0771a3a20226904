"""Papers that a customer hands in: scans, a photograph with its position, and something that is no paper at all."""

from datetime import date
from io import BytesIO
from itertools import cycle

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


def passport_lines(surname: str, given_name: str, *, number: str, born: date, expires: date) -> str:
    """The two lines at the foot of a Cambodian woman's passport (ICAO 9303, part 4)."""
    fields = [_checked(f"{number:<<9}"), _checked(f"{born:%y%m%d}"), _checked(f"{expires:%y%m%d}"), _checked("<" * 14)]
    body = f"{fields[0]}KHM{fields[1]}F{fields[2]}{fields[3]}"
    return f"{f'P<KHM{surname}<<{given_name}':<<44}\n{body}{_checked(''.join(fields))[-1]}"


def _checked(field: str) -> str:
    """The field and its check digit: letters count from ten, fillers nothing, weights are 7, 3 and 1."""
    values = (0 if sign == "<" else int(sign, 36) for sign in field)
    return f"{field}{sum(value * weight for value, weight in zip(values, cycle((7, 3, 1)), strict=False)) % 10}"


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
