"""Whatever comes in, the answer is a refusal with a name and never a crash."""

import contextlib

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stripe._encode import _api_encode

from sojourn.sandbox.api import ENDPOINTS, Endpoint
from sojourn.sandbox.errors import ParameterError
from sojourn.sandbox.forms import decode

HEADERS = {"Authorization": "Bearer sk_test_hostile", "Content-Type": "application/x-www-form-urlencoded"}
KEYS = st.text(st.characters(exclude_characters="[]", exclude_categories=["Cs"]), min_size=1, max_size=8)
VALUES = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
TREES = st.dictionaries(KEYS, VALUES | st.dictionaries(KEYS, VALUES, min_size=1, max_size=3), max_size=4)
FIELDS = st.sampled_from(
    ["amount", "currency", "payment_method", "metadata[a]", "expand[]", "limit", "created[gte]", "client_secret"]
) | st.sampled_from(
    ["payment_method_data[card][number]", "starting_after", "confirm", "charge", "types[]", "card", "["]
)
NUMBERS = st.integers().map(str)
WORDS = st.sampled_from(["", "usd", "pm_card_visa", "true", "NaN", "1e9", "\x00", "-0", "9" * 5000, "pi_1", "\u17d2"])


@given(tree=TREES)
def test_what_the_sdk_encodes_is_read_back(tree: dict[str, str | dict[str, str]]) -> None:
    encoded = str(httpx.QueryParams(list(_api_encode(tree))))
    assert decode(encoded) == tree


@given(text=st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(ParameterError):
        assert isinstance(decode(text), dict)


@pytest.mark.parametrize("text", ["%ff=1", "a[b=1", "a=1&a[b]=2", "a]=1", "&".join(f"a{n}=1" for n in range(1001))])
def test_malformed_forms_are_refused(text: str) -> None:
    with pytest.raises(ParameterError):
        decode(text)


@settings(max_examples=200, deadline=None)
@given(
    endpoint=st.sampled_from(ENDPOINTS),
    fields=st.lists(st.tuples(FIELDS, NUMBERS | WORDS | VALUES), max_size=5),
    object_id=st.sampled_from(["pi_none", "%00", "%F0%9F%92%A3", "pm_card_visa", "a" * 300]),
)
def test_no_call_ever_breaks(
    sandbox: str, endpoint: Endpoint, fields: list[tuple[str, str | int | float | bool | None]], object_id: str
) -> None:
    path = endpoint.path.replace("{id}", object_id)
    encoded = str(httpx.QueryParams(fields))
    is_post = endpoint.method == "POST"
    with httpx.Client(base_url=sandbox, headers=HEADERS, trust_env=False) as http:
        answer = http.request(
            endpoint.method, path if is_post else f"{path}?{encoded}", content=encoded if is_post else None
        )
    assert answer.status_code in {200, 400, 402, 404}
    assert answer.status_code == 200 or answer.json()["error"]["message"]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"card": "\\ud800"}', b'{"card": 7}', b"\xff", b"[" * 5000])
@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", "/_sandbox/faults"), ("POST", "/_sandbox/payment_intents/pi_none/pay"), ("POST", "/emails")],
)
def test_unreadable_json_is_refused(sandbox: str, method: str, path: str, content: bytes) -> None:
    with httpx.Client(base_url=sandbox, headers={"Authorization": "Bearer re_hostile"}, trust_env=False) as http:
        answer = http.request(method, path, content=content)
    assert answer.status_code in {400, 422}


def test_a_body_beyond_reason_is_refused(sandbox: str) -> None:
    with httpx.Client(base_url=sandbox, headers=HEADERS, trust_env=False) as http:
        answer = http.post("/v1/customers", content=b"a" * (41 * 1024 * 1024))
    assert answer.status_code == 413
