"""Sign in with Google: OpenID Connect's code flow with PKCE (S256), state and nonce.

Of all that Google answers, only the signed id_token is believed.
"""

import hmac
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

import httpx

from sojourn.platform.kit.clock import Clock, SystemClock
from sojourn.providers.oauth.port import Identity, IdentityRefused, IdentityUnavailable, SignInAttempt
from sojourn.providers.oauth.signed import PublishedKeys, fetch_object, read_claims, text_in
from sojourn.providers.tls import trusted

GOOGLE = "https://accounts.google.com"
ALGORITHMS = ("RS256",)
ENDPOINTS = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri")
MAX_CODE = 2_000
REFUSED = frozenset({"invalid_grant", "invalid_request"})


class GoogleIdentity:
    """`IdentityProvider` over any OpenID provider that keeps to Google's ways; `issuer` is where it is discovered.

    `clock` is the world's, not the storefront's: tokens end when their maker says. `timeout` in seconds, for each call.
    """

    name = "google"

    def __init__(
        self, *, client_id: str, client_secret: str, issuer: str = GOOGLE, clock: Clock | None = None,
        timeout: float = 10.0,
    ) -> None:  # fmt: skip
        self._client = httpx.AsyncClient(verify=trusted(), timeout=timeout)
        self._keys = PublishedKeys(self._client)
        self._client_id = client_id
        self._client_secret = client_secret
        self._issuer = issuer
        self._clock = clock or SystemClock()
        self._endpoints: dict[str, str] = {}

    async def authorization_url(self, attempt: SignInAttempt) -> str:
        endpoints = await self._discover()
        query = {
            "response_type": "code", "client_id": self._client_id, "redirect_uri": attempt.redirect_uri,
            "scope": "openid email profile", "state": attempt.state, "nonce": attempt.nonce,
            "code_challenge": challenge_of(attempt.code_verifier), "code_challenge_method": "S256",
            "prompt": "select_account",
        }  # fmt: skip
        return f"{endpoints['authorization_endpoint']}?{urlencode(query)}"

    async def redeem(self, code: str, attempt: SignInAttempt) -> Identity:
        if not 0 < len(code) <= MAX_CODE:
            raise IdentityRefused("there is no such code")
        endpoints = await self._discover()
        id_token = await self._exchange(code, attempt, url=endpoints["token_endpoint"])
        key = await self._keys.get(id_token, url=endpoints["jwks_uri"])
        # Google's documents name itself both ways.
        issuers = (endpoints["issuer"], endpoints["issuer"].removeprefix("https://"))
        claims = read_claims(
            id_token, key, algorithms=ALGORITHMS, issuers=issuers, audience=self._client_id, now=self._clock.now()
        )
        if not hmac.compare_digest(text_in(claims, "nonce").encode(), attempt.nonce.encode()):
            raise IdentityRefused("the token was made for another attempt")
        if claims.get("azp", self._client_id) != self._client_id:
            raise IdentityRefused("the token was made for another client")
        name = claims.get("name")
        return Identity(
            subject=text_in(claims, "sub"),
            email=text_in(claims, "email"),
            is_email_verified=claims.get("email_verified") is True,
            name=name if isinstance(name, str) else None,
        )

    async def _exchange(self, code: str, attempt: SignInAttempt, *, url: str) -> str:
        form = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": attempt.redirect_uri,
            "code_verifier": attempt.code_verifier, "client_id": self._client_id,
            "client_secret": self._client_secret,
        }  # fmt: skip
        try:
            answer = await self._client.post(url, data=form)
            body: Any = answer.json()
        except (httpx.HTTPError, ValueError) as fault:
            raise IdentityUnavailable(f"no usable answer: {type(fault).__name__}") from fault
        if not isinstance(body, dict):
            raise IdentityUnavailable("the answer is no object")
        if not answer.is_success:
            error = str(body.get("error"))[:60]
            raise (IdentityRefused if error in REFUSED else IdentityUnavailable)(f"{answer.status_code} {error}")
        return text_in(body, "id_token")

    async def _discover(self) -> dict[str, str]:
        if not self._endpoints:
            found = await fetch_object(self._client, f"{self._issuer}/.well-known/openid-configuration")
            endpoints = {name: str(found.get(name, "")) for name in ENDPOINTS}
            if endpoints["issuer"] != self._issuer or not all(endpoints.values()):
                raise IdentityUnavailable("the discovery document is not the issuer's")
            self._endpoints = endpoints
        return self._endpoints

    async def aclose(self) -> None:
        await self._client.aclose()


def challenge_of(verifier: str) -> str:
    """RFC 7636, S256."""
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")
