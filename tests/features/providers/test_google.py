"""What of Google's answers is believed: the signed token, made by it, for us, for this attempt, now."""

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import RSAAlgorithm
from tests.conftest import NOON
from tests.features.providers.scripted_server import DROPPED, ScriptedServer, scripted_server

from sojourn.platform.kit.clock import FrozenClock
from sojourn.providers.oauth.google import GoogleIdentity, challenge_of
from sojourn.providers.oauth.port import IdentityRefused, IdentityUnavailable, SignInAttempt

KEY = rsa.generate_private_key(65_537, 2048)
CLIENT = "sojourn.apps.example"
ATTEMPT = SignInAttempt(
    state="s" * 43, nonce="n" * 43, code_verifier="v" * 86, redirect_uri="https://api.derlg.com/v1/auth/google/callback"
)


class Google:
    """A provider with one key, which answers what the test wants."""

    def __init__(self, server: ScriptedServer) -> None:
        self.server = server
        self.clock = FrozenClock(NOON)
        self.client = GoogleIdentity(client_id=CLIENT, client_secret="secret", issuer=server.url, clock=self.clock)

    def claims(self, **changes: object) -> dict[str, Any]:
        now = int(NOON.timestamp())
        return {
            "iss": self.server.url, "aud": CLIENT, "azp": CLIENT, "sub": "117", "email": "dara@gmail.example",
            "email_verified": True, "name": "Sok Dara", "nonce": ATTEMPT.nonce, "iat": now, "exp": now + 3600,
        } | changes  # fmt: skip

    def signed(self, **changes: object) -> str:
        return jwt.encode(self.claims(**changes), KEY, algorithm="RS256", headers={"kid": "k1"})

    def will_discover(self) -> None:
        here = self.server.url
        self.server.will_answer(
            200,
            {
                "issuer": here, "authorization_endpoint": f"{here}/auth", "token_endpoint": f"{here}/token",
                "jwks_uri": f"{here}/keys",
            },
        )  # fmt: skip

    def will_hand_out(self, id_token: object, *, has_keys: bool = True) -> None:
        self.server.will_answer(200, {"access_token": "a", "token_type": "Bearer", "id_token": id_token})
        if has_keys:
            public = json.loads(RSAAlgorithm.to_jwk(KEY.public_key())) | {"kid": "k1", "alg": "RS256", "use": "sig"}
            self.server.will_answer(200, {"keys": [public]})


@pytest.fixture
async def google() -> AsyncIterator[Google]:
    async with scripted_server() as server:
        opened = Google(server)
        opened.will_discover()
        yield opened
        await opened.client.aclose()


async def test_a_good_token_is_believed(google: Google) -> None:
    google.will_hand_out(google.signed())
    identity = await google.client.redeem("4/code", ATTEMPT)
    assert (identity.subject, identity.email, identity.is_email_verified, identity.name) == (
        "117", "dara@gmail.example", True, "Sok Dara",
    )  # fmt: skip
    exchanged = google.server.asked[1]
    assert b"code_verifier=" + ATTEMPT.code_verifier.encode() in exchanged.body
    assert b"client_secret=secret" in exchanged.body


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://evil.example"}, {"aud": "another"}, {"aud": ["another", "third"]}, {"azp": "another"},
        {"nonce": "of another attempt"}, {"nonce": None}, {"sub": ""}, {"email": None}, {"exp": 0}, {"iat": 10**10},
        {"aud": None}, {"exp": "soon"}, {"sub": 7},
    ],
)  # fmt: skip
async def test_a_token_for_something_else_is_refused(google: Google, changes: dict[str, Any]) -> None:
    # pyjwt does not sign some of these; put together by hand they would be read all the same.
    payload = json.dumps(google.claims(**changes)).encode()
    google.will_hand_out(jwt.api_jws.encode(payload, KEY, algorithm="RS256", headers={"kid": "k1"}))
    with pytest.raises(IdentityRefused):
        await google.client.redeem("4/code", ATTEMPT)


async def test_a_token_ends(google: Google) -> None:
    google.will_hand_out(google.signed())
    google.clock.advance(timedelta(hours=1, minutes=1))
    with pytest.raises(IdentityRefused):
        await google.client.redeem("4/code", ATTEMPT)


async def test_only_googles_key_signs(google: Google) -> None:
    stranger = rsa.generate_private_key(65_537, 2048)
    google.will_hand_out(jwt.encode(google.claims(), stranger, algorithm="RS256", headers={"kid": "k1"}))
    with pytest.raises(IdentityRefused):
        await google.client.redeem("4/code", ATTEMPT)


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
async def test_nor_does_a_weaker_way_of_signing(google: Google, algorithm: str) -> None:
    public = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    head, _, _ = jwt.encode(google.claims(), "x" * 32, algorithm="HS256", headers={"kid": "k1"}).rpartition(".")
    if algorithm == "none":
        head = jwt.encode(google.claims(), "", algorithm="none", headers={"kid": "k1"}).rpartition(".")[0]
    # The published key as a shared secret: what everybody knows. By hand, because pyjwt does not lend itself to it.
    signature = hmac.digest(public, head.encode(), "sha256") if algorithm == "HS256" else b""
    google.will_hand_out(f"{head}.{urlsafe_b64encode(signature).decode().rstrip('=')}")
    with pytest.raises(IdentityRefused):
        await google.client.redeem("4/code", ATTEMPT)


@pytest.mark.parametrize("verified", [False, "true", 1, None])
async def test_an_address_is_confirmed_when_google_says_so_plainly(google: Google, verified: object) -> None:
    google.will_hand_out(google.signed(email_verified=verified))
    assert not (await google.client.redeem("4/code", ATTEMPT)).is_email_verified


@pytest.mark.parametrize("id_token", ["", "a.b.c", 7, None, {"a": 1}])
async def test_what_is_no_token_is_refused(google: Google, id_token: object) -> None:
    google.will_hand_out(id_token, has_keys=False)
    with pytest.raises(IdentityRefused):
        await google.client.redeem("4/code", ATTEMPT)


async def test_a_used_code_is_refused_and_a_wrong_secret_is_our_fault(google: Google) -> None:
    google.server.will_answer(400, {"error": "invalid_grant"})
    with pytest.raises(IdentityRefused):
        await google.client.redeem("4/code", ATTEMPT)
    google.server.will_answer(401, {"error": "invalid_client"})
    with pytest.raises(IdentityUnavailable):
        await google.client.redeem("4/code", ATTEMPT)


@pytest.mark.parametrize("answer", [b"<html>", b"[]", b""])
async def test_half_an_answer_is_no_answer(google: Google, answer: bytes) -> None:
    google.server.will_answer(200, answer)
    with pytest.raises(IdentityUnavailable):
        await google.client.redeem("4/code", ATTEMPT)


async def test_a_line_that_breaks_is_no_answer(google: Google) -> None:
    google.server.answers.append(DROPPED)
    with pytest.raises(IdentityUnavailable):
        await google.client.redeem("4/code", ATTEMPT)


async def test_another_issuers_discovery_is_refused() -> None:
    async with scripted_server() as server:
        client = GoogleIdentity(client_id=CLIENT, client_secret="secret", issuer=server.url)
        server.will_answer(200, {"issuer": "https://evil.example", "authorization_endpoint": "x"})
        with pytest.raises(IdentityUnavailable):
            await client.authorization_url(ATTEMPT)
        await client.aclose()


def test_the_challenge_is_the_rfcs() -> None:
    # RFC 7636, appendix B.
    challenge = challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
    assert challenge == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
