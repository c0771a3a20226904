"""Passwords: what is accepted, and how old hashes are taken along."""

import bcrypt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sojourn.people.auth.passwords import check_acceptable, hash_password, verify_password
from sojourn.platform.errors import InvalidInput

RIGHT = "correct horse battery"


def _fault(password: str) -> str:
    with pytest.raises(InvalidInput) as caught:
        check_acceptable(password, email="dara.sok@example.com", name="Dara Sok-Chan", field="new_password")
    [field] = caught.value.details["fields"]
    assert field["field"] == "new_password"
    return str(field["type"])


@pytest.mark.parametrize("password", ["password123", "PassWord123", "1q2w3e4r5t", "qwertyuiop", "zzzzzzzzzzzz"])
def test_passwords_that_everybody_tries_are_refused(password: str) -> None:
    assert _fault(password) == "common"


@pytest.mark.parametrize("password", ["dara.sok@example.com", "Dara Sok-Chan", "DARASOK-CHAN"])
def test_names_and_addresses_are_no_passwords(password: str) -> None:
    assert _fault(password) == "too_similar"


@pytest.mark.parametrize("length", [0, 9, 129])
def test_the_length_is_counted_in_characters(length: int) -> None:
    assert _fault("កខគឃងចឆជឈញ"[:1] * length) == "value_error"


@pytest.mark.parametrize("password", [RIGHT, "ភាសាខ្មែរនិងចិន中文", "x7" * 63 + "yz"])
def test_anything_else_of_ten_to_128_characters_will_do(password: str) -> None:
    check_acceptable(password, email="dara.sok@example.com", name="Dara Sok-Chan")


@settings(max_examples=15, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=128))
async def test_only_the_right_password_verifies(password: str) -> None:
    kept = await hash_password(password)
    assert kept.startswith("$argon2id$")
    assert (await verify_password(password, kept)).is_right
    assert (await verify_password(password, kept)).new_hash is None
    assert not (await verify_password(password + "x", kept)).is_right


async def test_two_forms_of_one_text_are_one_password() -> None:
    assert (await verify_password("cafe\u0301 au lait", await hash_password("caf\u00e9 au lait"))).is_right


@pytest.mark.parametrize("password", [RIGHT, "ខ្មែរ" * 20, "x" * 100])
async def test_a_bcrypt_hash_verifies_and_is_replaced(password: str) -> None:
    old = bcrypt.hashpw(password.encode()[:72], bcrypt.gensalt(4)).decode()
    verdict = await verify_password(password, old)
    assert verdict.is_right
    assert verdict.new_hash is not None
    assert (await verify_password(password, verdict.new_hash)).is_right
    assert not (await verify_password("wrong", old)).is_right


@pytest.mark.parametrize("kept", [None, "", "plain text", "$2b$not a hash", "$argon2id$v=19$broken", "sha1$abc$def"])
async def test_no_hash_and_no_known_hash_are_never_right(kept: str | None) -> None:
    verdict = await verify_password(RIGHT, kept)
    assert (verdict.is_right, verdict.new_hash) == (False, None)
