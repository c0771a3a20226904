"""Addresses, numbers and languages as people type them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from sojourn.people.users.fields import MAX_EMAIL, AvatarUrl, Email, LanguageIn, Phone, Secret

EMAIL, PHONE = TypeAdapter(Email), TypeAdapter(Phone)
LANGUAGE, SECRET, AVATAR = TypeAdapter(LanguageIn), TypeAdapter(Secret), TypeAdapter(AvatarUrl)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (" Dara@Example.COM ", "Dara@example.com"),
        ("o'hara+trips@example.co.uk", "o'hara+trips@example.co.uk"),
        ("ada@b\u00fccher.example", "ada@b\u00fccher.example"),
        ("ada@xn--bcher-kva.example", "ada@b\u00fccher.example"),
        ("cafe\u0301@example.com", "caf\u00e9@example.com"),
    ],
)
def test_an_address_is_kept_as_typed_in_one_form(typed: str, kept: str) -> None:
    assert EMAIL.validate_python(typed) == kept


@given(st.text(max_size=400))
def test_no_text_is_taken_for_an_address_that_is_none(text: str) -> None:
    try:
        kept = EMAIL.validate_python(text)
    except ValidationError:
        return
    assert len(kept) <= MAX_EMAIL
    assert kept.count("@") == 1
    assert EMAIL.validate_python(kept) == kept


@pytest.mark.parametrize("typed", ["+855 12 345 678", "012345678", "(020) 7946-0000", "+1.202.555.0143", "12345"])
def test_numbers_are_taken_as_people_write_them(typed: str) -> None:
    assert PHONE.validate_python(f" {typed} ") == typed


@pytest.mark.parametrize("typed", ["", "1234", "+", "++855123456", "12345x", "1" * 21, "٠١٢٣٤٥٦", "12345\n6"])
def test_what_is_no_number_is_refused(typed: str) -> None:
    with pytest.raises(ValidationError):
        PHONE.validate_python(typed)


@pytest.mark.parametrize(("typed", "kept"), [("EN", "en"), ("KH", "km"), ("km", "km"), ("ZH", "zh"), ("zh", "zh")])
def test_both_spellings_of_a_language(typed: str, kept: str) -> None:
    assert LANGUAGE.validate_python(typed) == kept


@pytest.mark.parametrize("typed", ["", "de", "english", "en-US", 1, None, ["en"]])
def test_other_languages_are_refused(typed: object) -> None:
    with pytest.raises(ValidationError):
        LANGUAGE.validate_python(typed)


@pytest.mark.parametrize("typed", ["javascript:alert(1)", "//x", "http://", "https://x y", 'https://x"y', "ftp://x"])
def test_a_picture_is_behind_a_web_address(typed: str) -> None:
    with pytest.raises(ValidationError):
        AVATAR.validate_python(typed)


@pytest.mark.parametrize(
    "typed", ["short", "x" * 201, "with blank in the middle of", "x" * 30 + "\x00", "x" * 30 + "\n"]
)
def test_a_secret_is_url_safe(typed: str) -> None:
    with pytest.raises(ValidationError):
        SECRET.validate_python(typed)
