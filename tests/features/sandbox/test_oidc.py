"""The pretended Google, as a careless client and a thief would meet it."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from .conftest import Shop

VERIFIER = "v" * 64
ASKED = {
    "response_type": "code", "client_id": "shop.apps.example", "redirect_uri": "http://127.0.0.1:3000/back?x=1",
    "scope": "openid email", "state": "s", "nonce": "n", "code_challenge_method": "S256",
    "code_challenge": "w1TpKUdYE9hUAcNSeeSRFioHDxfUxuHho_JHAfZ_vDM",
}  # fmt: skip
AUTHORIZE = "/google/o/oauth2/v2/auth"


async def _code(shop: Shop, **asked: str) -> str:
    answer = await shop.http.post(AUTHORIZE, params=ASKED | asked, data={"email": "a@b.example", "name": "A"})
    assert answer.status_code == 303, answer.text
    back = parse_qs(urlsplit(answer.headers["location"]).query)
    assert (back["x"], back["state"]) == (["1"], ["s"])
    return back["code"][0]


async def _redeem(shop: Shop, code: str, **changes: str) -> httpx.Response:
    form = {
        "grant_type": "authorization_code", "code": code, "redirect_uri": ASKED["redirect_uri"],
        "client_id": ASKED["client_id"], "client_secret": "any", "code_verifier": VERIFIER,
    }  # fmt: skip
    return await shop.http.post("/google/token", data=form | changes)


async def test_a_code_brings_tokens_and_they_bring_the_person(shop: Shop) -> None:
    tokens = (await _redeem(shop, await _code(shop))).json()
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    person = (await shop.http.get("/google/v1/userinfo", headers=bearer)).json()
    assert (person["email"], person["name"], person["email_verified"]) == ("a@b.example", "A", False)
    assert (await shop.http.get("/google/v1/userinfo")).status_code == 401


async def test_a_code_that_is_used_twice_ends_what_it_brought(shop: Shop) -> None:
    code = await _code(shop)
    bearer = {"Authorization": f"Bearer {(await _redeem(shop, code)).json()['access_token']}"}
    assert (await _redeem(shop, code)).json()["error"] == "invalid_grant"
    assert (await shop.http.get("/google/v1/userinfo", headers=bearer)).status_code == 401


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_verifier": "w" * 64}, "invalid_grant"), ({"code_verifier": ""}, "invalid_grant"),
        ({"redirect_uri": "http://127.0.0.1:3000/other"}, "invalid_grant"), ({"client_id": "other"}, "invalid_grant"),
        ({"client_secret": ""}, "invalid_client"), ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"code": "4/unknown"}, "invalid_grant"),
    ],
)  # fmt: skip
async def test_a_code_is_worth_nothing_to_others(shop: Shop, changes: dict[str, str], error: str) -> None:
    code = changes.get("code") or await _code(shop)
    refused = await _redeem(shop, code, **{name: value for name, value in changes.items() if name != "code"})
    assert (refused.is_error, refused.json()["error"]) == (True, error)


@pytest.mark.parametrize(
    "missing", ["response_type", "client_id", "redirect_uri", "scope", "state", "nonce", "code_challenge"]
)
async def test_a_client_that_is_not_careful_is_told_so(shop: Shop, missing: str) -> None:
    asked: dict[str, Any] = {name: value for name, value in ASKED.items() if name != missing}
    answer = await shop.http.get(AUTHORIZE, params=asked)
    assert answer.status_code == 400
    assert missing in answer.text


async def test_plain_challenges_and_odd_addresses_are_refused(shop: Shop) -> None:
    for change in ({"code_challenge_method": "plain"}, {"redirect_uri": "javascript:alert(1)"}):
        assert (await shop.http.get(AUTHORIZE, params=ASKED | change)).status_code == 400


async def test_the_page_shows_what_was_sent_as_text(shop: Shop) -> None:
    page = await shop.http.get(AUTHORIZE, params=ASKED | {"client_id": "<script>", "login_hint": '"><script>'})
    assert page.status_code == 200
    assert "<script>" not in page.text
    nobody = await shop.http.post(AUTHORIZE, params=ASKED, data={"email": "nobody"})
    assert nobody.status_code == 400
