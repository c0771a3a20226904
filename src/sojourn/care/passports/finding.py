"""Finding a machine-readable zone in what an engine has read in a picture.

Engines take letters and digits that look alike for each other. Where the specification says that only one kind may
stand, the other is put right; the check digits then say whether it was.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date
from io import BytesIO
from itertools import pairwise
from typing import Final

from PIL import Image

from sojourn.care.passports.mrz import FILLER, Mrz, MrzUnreadable, lines_of, read_mrz

_TO_LETTERS: Final = str.maketrans("012568", "OIZSGB")
_TO_DIGITS: Final = str.maketrans("OQDIZSGB", "00012568")
_SIGNS: Final = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ<")
# The zone lies at the foot of the page.
LOWER_FROM: Final = 0.55
# Where only digits, and where only letters may stand, in the line of numbers of two lines, and of three.
_DIGITS_OF_TWO: Final = (slice(9, 10), slice(13, 20), slice(21, 28))
_DIGITS_OF_THREE: Final = (slice(0, 7), slice(8, 15), slice(29, 30))


def lower_part(picture: bytes) -> bytes:
    """The foot of a picture, as PNG."""
    with Image.open(BytesIO(picture), formats=["JPEG", "PNG"]) as opened:
        foot = opened.convert("RGB").crop((0, int(opened.height * LOWER_FROM), opened.width, opened.height))
    written = BytesIO()
    foot.save(written, "PNG")
    return written.getvalue()


def find_mrz(texts: Sequence[str], *, today: date) -> Mrz | None:
    """The zone in these lines, the one with the fewest failed check digits if several look like one."""
    cleaned = ["".join(sign for sign in text.upper().replace("«", "<<") if sign in _SIGNS) for text in texts]
    found = []
    for lines in _candidates(cleaned):
        with suppress(MrzUnreadable):
            found.append(read_mrz(lines_of("\n".join(lines)), today=today))
    return min(found, key=lambda mrz: len(mrz.failed), default=None)


def _candidates(lines: Sequence[str]) -> Iterator[list[str]]:
    for first, second in pairwise(lines):
        if len(second) in (36, 44):
            yield [_letters(first, width=len(second)), _repaired(second, _DIGITS_OF_TWO, slice(10, 13))]
    for first, second, third in zip(lines, lines[1:], lines[2:], strict=False):
        if len(first) == len(second) == 30:
            yield [
                _repaired(first, (), slice(2, 5)),
                _repaired(second, _DIGITS_OF_THREE, slice(15, 18)),
                _letters(third, width=30),
            ]


def _letters(line: str, *, width: int) -> str:
    """A line of names. How many fillers end it is not to be trusted: their number is what is left."""
    return line.translate(_TO_LETTERS).rstrip(FILLER)[:width].ljust(width, FILLER)


def _repaired(line: str, digits: Sequence[slice], letters: slice) -> str:
    for part in digits:
        line = line[: part.start] + line[part].translate(_TO_DIGITS) + line[part.stop :]
    return line[: letters.start] + line[letters].translate(_TO_LETTERS) + line[letters.stop :]
