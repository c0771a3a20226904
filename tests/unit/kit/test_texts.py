"""Texts as people write them, and none that only machines do."""

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from sojourn.platform.kit.texts import Line, Paragraph, PersonName, Reason, SearchText

ON_ONE_LINE = {"name": (PersonName, 100), "line": (Line, 200), "search": (SearchText, 80)}
ON_LINES = {"reason": (Reason, 500), "paragraph": (Paragraph, 2000)}


def kept(kind: Any, text: str) -> str | None:
    try:
        told: str = TypeAdapter(kind).validate_python(text)
    except ValidationError:
        return None
    return told


@pytest.mark.parametrize("name", [*ON_ONE_LINE, *ON_LINES])
def test_each_has_its_length(name: str) -> None:
    kind, longest = (ON_ONE_LINE | ON_LINES)[name]
    assert kept(kind, f" {'x' * longest} ") == "x" * longest
    assert kept(kind, "x" * (longest + 1)) is None
    assert kept(kind, "  ") is None


@pytest.mark.parametrize("typed", ["\u200b", "\ufeff", "...", "Dara\u202eniloS", "\u2067Dara\u2069", "\u0301"])
def test_a_name_can_be_read_and_reads_as_it_is(typed: str) -> None:
    assert kept(PersonName, typed) is None


@pytest.mark.parametrize("typed", ["ចាន់\u200bសុភា", "陈", "O'Hara-Smith 3rd", "محمد", "م\u200cح"])
def test_names_of_every_script(typed: str) -> None:
    assert kept(PersonName, typed) == typed


@given(st.text(max_size=120))
def test_a_line_is_one_line_without_surprises(text: str) -> None:
    is_clean = not any(unicodedata.category(sign) == "Cc" for sign in text)
    for kind, longest in ON_ONE_LINE.values():
        line = kept(kind, text)
        assert line is not None or kind is PersonName or not is_clean or not 1 <= len(text.strip()) <= longest
        assert line is None or (line == text.strip() and not any(unicodedata.category(sign) == "Cc" for sign in line))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\t"])
def test_only_a_longer_text_has_several(end: str) -> None:
    text = f"Please send it{end}again."
    assert [kept(kind, text) for kind, _longest in ON_LINES.values()] == [text, text]
    assert [kept(kind, text) for kind, _longest in ON_ONE_LINE.values()] == [None] * 3


@pytest.mark.parametrize("sign", ["\x00", "\x1b", "\x7f", "\x85"])
def test_no_text_steers_a_terminal_or_ends_a_string(sign: str) -> None:
    assert [kept(kind, f"a{sign}b") for kind, _longest in (ON_ONE_LINE | ON_LINES).values()] == [None] * 5
