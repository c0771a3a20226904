"""Sign in with Google, in a browser's steps, against a real OpenID provider; and what people try on the way."""

import asyncio
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from tests.conftest import StartSystem
from tests.features.people.conftest import Queued
from tests.features.people.google import (
    EMAIL,
    altered,
    choose,
    come_back,
    error_in,
    query_of,
    sign_in,
    visit,
    whoami,
)
from tests.support.client import PASSWORD, StorefrontClient, faulty_fields, read, refusal
from tests.support.trail import acts_on

from sojourn.people.effects import WELCOME
from sojourn.people.roles import Role
from sojourn.platform.kit.clock import FrozenClock


async def test_a_stranger_becomes_a_customer(derlg: StorefrontClient, queued: Queued) -> None:
    answer = await sign_in(derlg, name="Sok Dara")
    assert answer.headers["location"] == "https://derlg.com"
    assert "httponly" in answer.headers["set-cookie"].lower()
    assert list(derlg.cookies) == ["derlg_refresh"]  # the other one has done its work
    user = await whoami(derlg)
    assert (user["email"], user["name"], user["role"], user["email_verified"]) == (EMAIL, "Sok Dara", "TRAVELER", True)
    # One transaction's acts have ids of the same millisecond: their order says nothing.
    acts = {act["action"]: act["detail"] for act in await derlg.rows("SELECT action, detail FROM audit_entries")}
    assert acts == {
        "account.registered": {"way": "google"},
        "auth.identity_linked": {"provider": "google"},
        "auth.signed_in": {"way": "google"},
    }
    assert [job["user_id"] for job in await queued(derlg, WELCOME)] == [user["id"]]


async def test_the_same_person_is_known_again_under_another_address(derlg: StorefrontClient) -> None:
    await sign_in(derlg, sub="117")
    first = await whoami(derlg)
    browser = derlg.visitor()
    await sign_in(browser, email="dara@elsewhere.example", email_verified="no", sub="117")
    assert (await whoami(browser))["id"] == first["id"]
    assert len(await derlg.rows("SELECT id FROM users")) == 1


async def test_the_visit_ends_where_it_began(derlg: StorefrontClient) -> None:
    for wanted, reached in (
        ("/bookings?tab=open", "https://derlg.com/bookings?tab=open"),
        ("https://www.derlg.com/x", "https://www.derlg.com/x"),
        ("http://localhost:3000/", "http://localhost:3000/"),
    ):
        answer = await come_back(derlg, await choose(await visit(derlg, return_to=wanted)))
        assert answer.headers["location"] == reached


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/", "//evil.example", "/\\evil.example", "\\\\evil.example", "https://derlg.com@e.example",
        "https://derlg.com.evil.example", "javascript:alert(1)", "data:text/html,x", "https:evil.example",
        "http://derlg.com/", "https://derlg.com:444/", "https://[", "/a\nb", "https://derlg.com\t.evil.example",
        "https://evil.example#https://derlg.com", "///evil.example", "https://DERLG.com.",
    ],
)  # fmt: skip
async def test_nobody_is_sent_where_a_stranger_says(derlg: StorefrontClient, address: str) -> None:
    assert faulty_fields(await derlg.get("/auth/google", params={"return_to": address})) == ["return_to"]
    assert faulty_fields(await derlg.post("/auth/google/start", json={"redirect_uri": address})) == ["redirect_uri"]
    assert await derlg.rows("SELECT state_hash FROM sign_in_attempts") == []


async def test_an_account_whose_address_is_confirmed_is_linked(derlg: StorefrontClient) -> None:
    guest = await derlg.register(email=EMAIL.upper())
    await derlg.rows("UPDATE users SET email_verified_at = now()")
    await sign_in(derlg)
    assert (await whoami(derlg))["id"] == str(guest.user_id)
    form = {"email": EMAIL, "password": PASSWORD}
    assert read(await derlg.visitor().post("/auth/login", json=form))["user"]["id"] == str(guest.user_id)
    assert read(await guest.get("/auth/me"))["id"] == str(guest.user_id)


async def test_whoever_registered_anothers_address_is_out_when_its_owner_comes(derlg: StorefrontClient) -> None:
    thief = await derlg.register(email=EMAIL, token_delivery="body")
    await sign_in(derlg)
    assert (await whoami(derlg))["id"] == str(thief.user_id)
    form = {"email": EMAIL, "password": PASSWORD}
    assert refusal(await derlg.visitor().post("/auth/login", json=form), 401) == "INVALID_CREDENTIALS"
    assert refusal(await thief.get("/auth/me"), 401) == "NOT_AUTHENTICATED"
    assert refusal(await thief.post("/auth/refresh"), 401) == "REFRESH_TOKEN_INVALID"
    assert ("auth.account_handed_over", thief.user_id) in await acts_on(derlg, thief.user_id)


async def test_an_address_that_google_has_not_confirmed_opens_nothing(derlg: StorefrontClient) -> None:
    guest = await derlg.register(email=EMAIL)
    for email in (EMAIL, "new@gmail.example"):
        browser = derlg.visitor()
        answer = await sign_in(browser, email=email, email_verified="no")
        assert error_in(answer) == "PROVIDER_EMAIL_UNVERIFIED"
        assert browser.cookies.get("derlg_refresh") is None
    assert [row["id"] for row in await derlg.rows("SELECT id FROM users")] == [guest.user_id]
    assert await derlg.rows("SELECT subject FROM linked_identities") == []


async def test_an_address_with_a_new_owner_at_google_is_not_handed_over(derlg: StorefrontClient) -> None:
    await sign_in(derlg, sub="1")
    browser = derlg.visitor()
    assert error_in(await sign_in(browser, sub="2")) == "OTHER_IDENTITY_LINKED"
    assert browser.cookies.get("derlg_refresh") is None


async def test_a_callback_counts_once(derlg: StorefrontClient) -> None:
    back = await choose(await visit(derlg))
    cookie = derlg.cookies["derlg_google"]
    assert error_in(await come_back(derlg, back)) is None
    browser = derlg.visitor()
    browser.cookies.set("derlg_google", cookie)
    assert error_in(await come_back(browser, back)) == "SIGN_IN_ATTEMPT_INVALID"
    assert browser.cookies.get("derlg_refresh") is None


async def test_only_the_browser_that_began_can_end_it(derlg: StorefrontClient) -> None:
    """Otherwise somebody could sign a victim in as himself."""
    back = await choose(await visit(derlg))
    victim = derlg.visitor()
    assert error_in(await come_back(victim, back)) == "SIGN_IN_ATTEMPT_INVALID"
    await visit(victim)  # an attempt of her own does not help
    assert error_in(await come_back(victim, back)) == "SIGN_IN_ATTEMPT_INVALID"
    assert victim.cookies.get("derlg_refresh") is None
    assert error_in(await come_back(derlg, back)) is None  # nor has she used it up


@pytest.mark.parametrize("change", [{"state": "x" * 43}, {"state": ""}, {"code": "4/unknown"}, {"code": ""}])
async def test_an_answer_that_is_not_googles_opens_nothing(derlg: StorefrontClient, change: dict[str, str]) -> None:
    back = query_of(altered(await choose(await visit(derlg)), **change))
    answer = await derlg.get("/auth/google/callback", params={k: v for k, v in back.items() if v})
    assert error_in(answer) in {"SIGN_IN_ATTEMPT_INVALID", "IDENTITY_NOT_CONFIRMED"}
    assert await derlg.rows("SELECT id FROM users") == []


async def test_an_attempt_ends_after_ten_minutes(derlg: StorefrontClient, clock: FrozenClock) -> None:
    back = await choose(await visit(derlg))
    clock.advance(timedelta(minutes=10))
    assert error_in(await come_back(derlg, back)) == "SIGN_IN_ATTEMPT_INVALID"


async def test_a_person_may_say_no(derlg: StorefrontClient) -> None:
    async with httpx.AsyncClient(trust_env=False) as browser:
        address = await visit(derlg, return_to="/sign-in?from=home")
        denied = (await browser.post(address, data={"deny": "yes"})).headers["location"]
    answer = await come_back(derlg, denied)
    assert answer.headers["location"] == ("https://derlg.com/sign-in?from=home&sign_in_error=IDENTITY_NOT_CONFIRMED")


@pytest.mark.parametrize("change", [{"nonce": "of another attempt"}, {"client_id": "somebody-else.apps.example"}])
async def test_a_token_that_was_made_for_something_else_is_refused(
    derlg: StorefrontClient, change: dict[str, str]
) -> None:
    answer = await come_back(derlg, await choose(altered(await visit(derlg), **change)))
    assert error_in(answer) == "IDENTITY_NOT_CONFIRMED"
    assert await derlg.rows("SELECT id FROM users") == []


async def test_a_stolen_code_is_worth_nothing_in_another_attempt(derlg: StorefrontClient) -> None:
    thief = derlg.visitor()
    code = query_of(await choose(await visit(derlg)))["code"]
    own = await choose(await visit(thief), email="thief@gmail.example")
    assert error_in(await come_back(thief, altered(own, code=code))) == "IDENTITY_NOT_CONFIRMED"


async def test_new_keys_at_google_are_fetched(derlg: StorefrontClient, sandbox: str) -> None:
    await sign_in(derlg)
    async with httpx.AsyncClient(trust_env=False) as http:
        rotated = (await http.post(f"{sandbox}/_sandbox/google/rotate")).json()["kid"]
        published = (await http.get(f"{sandbox}/google/oauth2/v3/certs")).json()["keys"]
    assert published[0]["kid"] == rotated
    assert error_in(await sign_in(derlg.visitor())) is None


async def test_coming_twice_at_once_makes_one_account(derlg: StorefrontClient) -> None:
    browsers = [derlg.visitor() for _ in range(4)]
    backs = [await choose(await visit(browser)) for browser in browsers]
    answers = await asyncio.gather(*(come_back(b, back) for b, back in zip(browsers, backs, strict=True)))
    assert [error_in(answer) for answer in answers] == [None] * 4
    assert len(await derlg.rows("SELECT id FROM users")) == 1


async def test_a_closed_account_stays_closed(derlg: StorefrontClient) -> None:
    await sign_in(derlg)
    await derlg.rows("UPDATE users SET is_active = false")
    assert error_in(await sign_in(derlg.visitor())) == "ACCOUNT_CLOSED"
    await derlg.rows("UPDATE users SET deletion_requested_at = now()")
    assert error_in(await sign_in(derlg.visitor())) == "ACCOUNT_DELETION_PENDING"


async def test_what_waits_is_kept_as_hashes(derlg: StorefrontClient) -> None:
    address = await visit(derlg)
    [row] = await derlg.rows("SELECT * FROM sign_in_attempts")
    assert query_of(address)["state"].encode() not in row["state_hash"]
    assert derlg.cookies["derlg_google"].encode() not in row["holder_hash"]
    assert row["code_verifier"] not in address  # only its hash travels


async def test_a_client_with_a_page_of_its_own(holyone: StorefrontClient) -> None:
    start = {"redirectUri": "https://holyonetravels.com/signed-in"}
    begun = read(await holyone.post("/auth/google/start", json=start))
    back = await choose(begun["authorizationUrl"])
    assert back.startswith("https://holyonetravels.com/signed-in?")
    answer = {name: query_of(back)[name] for name in ("code", "state")} | {"tokenDelivery": "body"}
    stolen = {**answer, "attemptToken": "x" * 43}
    assert refusal(await holyone.post("/auth/google", json=stolen), 400) == "SIGN_IN_ATTEMPT_INVALID"
    signed_in = read(await holyone.post("/auth/google", json={**answer, "attemptToken": begun["attemptToken"]}))
    assert (signed_in["user"]["email"], signed_in["expiresIn"]) == (EMAIL, 900)
    bearer = {"Authorization": f"Bearer {signed_in['accessToken']}"}
    assert read(await holyone.get("/auth/me", headers=bearer))["fullName"] == "dara"
    again = read(await holyone.post("/auth/refresh", json={"refreshToken": signed_in["refreshToken"]}))
    assert again["user"]["id"] == signed_in["user"]["id"]
    replayed = {**answer, "attemptToken": begun["attemptToken"]}
    assert refusal(await holyone.post("/auth/google", json=replayed), 400) == "SIGN_IN_ATTEMPT_INVALID"


async def test_staff_come_in_by_google_as_what_they_are(derlg: StorefrontClient) -> None:
    admin = await derlg.sign_in_as(Role.ADMIN, email=EMAIL)
    await sign_in(derlg)
    assert ((await whoami(derlg))["id"], (await whoami(derlg))["role"]) == (str(admin.user_id), "ADMIN")


async def test_without_a_client_id_it_is_not_offered(start_system: StartSystem) -> None:
    async with start_system(GOOGLE_CLIENT_ID="") as system:
        assert refusal(await system.derlg.get("/auth/google"), 404) == "SIGN_IN_METHOD_OFF"
        start = {"redirect_uri": "https://derlg.com/x"}
        assert refusal(await system.derlg.post("/auth/google/start", json=start), 404) == "SIGN_IN_METHOD_OFF"


async def test_when_google_cannot_be_reached_nothing_breaks(start_system: StartSystem) -> None:
    async with start_system(GOOGLE_API_BASE="http://127.0.0.1:9/google") as system:
        assert refusal(await system.derlg.get("/auth/google"), 503) == "TEMPORARILY_UNAVAILABLE"


async def test_the_way_there_carries_what_a_careful_client_sends(derlg: StorefrontClient) -> None:
    asked = parse_qs(urlsplit(await visit(derlg)).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == ["http://127.0.0.1:8000/v1/auth/google/callback"]
    assert asked["scope"] == ["openid email profile"]
    cookie = next(c for c in derlg.cookies.jar if c.name == "derlg_google")
    assert cookie.path == "/v1/auth/google"
