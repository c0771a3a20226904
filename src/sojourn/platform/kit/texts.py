"""What people write, by its length: checked once, here, for every model that takes it."""

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

_BREAKS = str.maketrans("", "", "\n\r\t")
# Signs that turn what is written after them around: with one in it, a name reads as another.
_DIRECTIONS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def _on_one_line(text: str) -> str:
    if any(unicodedata.category(sign) == "Cc" for sign in text):
        raise ValueError("must not contain control characters")
    return text


def on_lines(text: str) -> str:
    """Raises ValueError for control characters but tabs and the ends of lines, which browsers write in either way."""
    _on_one_line(text.translate(_BREAKS))
    return text


def _as_a_name(text: str) -> str:
    if _DIRECTIONS & {*text}:
        raise ValueError("must not turn the direction of the text around it")
    if not any(unicodedata.category(sign)[0] in "LN" for sign in text):
        raise ValueError("must have a letter")
    return text


PersonName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100),
    AfterValidator(_on_one_line),
    AfterValidator(_as_a_name),
]
Line = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(_on_one_line)
]
SearchText = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80), AfterValidator(_on_one_line)
]
Reason = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), AfterValidator(on_lines)
]
Paragraph = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000), AfterValidator(on_lines)
]
