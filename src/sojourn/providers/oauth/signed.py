"""Tokens that somebody else has signed, and the keys that they publish for it (RFC 7517, RFC 7519)."""

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import httpx
import jwt
from jwt import PyJWK, PyJWKSet

from sojourn.providers.oauth.port import IdentityRefused, IdentityUnavailable

Claims = Mapping[str, Any]
LEEWAY_SECONDS = 60
MAX_TOKEN = 8_192
# Asked for by name only: which key of a published set signs with what is the set's own word.
ASYMMETRIC = ("RS256", "ES256")


class PublishedKeys:
    """A provider's key set, fetched when a token names a key that is not known yet.

    `pause_seconds`: how long to wait between two fetches, where strangers choose which key is named.
    """

    def __init__(self, client: httpx.AsyncClient, *, pause_seconds: float = 0.0) -> None:
        self._client = client
        self._pause = pause_seconds
        self._keys: dict[str, PyJWK] = {}
        self._fetched_at: float | None = None

    def find(self, token: str) -> PyJWK | None:
        """The key that `token` names, if it is known. Raises IdentityRefused for what is no token."""
        return self._keys.get(_key_id(token))

    async def get(self, token: str, *, url: str) -> PyJWK:
        """The key that `token` names, of the set published at `url`. Raises IdentityRefused, IdentityUnavailable."""
        key_id = _key_id(token)
        if key_id not in self._keys and self._may_fetch():
            self._keys = _by_id(await fetch_object(self._client, url))
            self._fetched_at = time.monotonic()
        if key_id not in self._keys:
            raise IdentityRefused("no published key has signed this token")
        return self._keys[key_id]

    def _may_fetch(self) -> bool:
        return self._fetched_at is None or time.monotonic() - self._fetched_at >= self._pause


def read_claims(
    token: str, key: PyJWK | str, *, algorithms: Sequence[str], issuers: Sequence[str], audience: str, now: datetime
) -> Claims:
    """The claims of a token that `key` has signed for `audience` and that counts at `now`. Raises IdentityRefused."""
    if len(token) > MAX_TOKEN:
        raise IdentityRefused("the token is too long")
    try:
        claims: Claims = jwt.decode(
            token, key, algorithms=list(algorithms), audience=audience, issuer=list(issuers),
            options={
                "require": ["iss", "aud", "exp", "iat", "sub"], "verify_exp": False, "verify_iat": False,
                "verify_nbf": False,
            },
        )  # fmt: skip
        expires, issued = float(claims["exp"]), float(claims["iat"])
    except (jwt.InvalidTokenError, ValueError, TypeError, OverflowError) as fault:
        raise IdentityRefused(f"the token is not valid: {type(fault).__name__}") from fault
    # By our clock, which is an argument.
    if not issued - LEEWAY_SECONDS <= now.timestamp() < expires + LEEWAY_SECONDS:
        raise IdentityRefused("the token has ended, or is of the future")
    return claims


async def fetch_object(
    client: httpx.AsyncClient, url: str, *, headers: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """A JSON object of the provider's. Raises IdentityUnavailable."""
    try:
        answer = await client.get(url, headers=headers)
        body = answer.raise_for_status().json()
    except (httpx.HTTPError, ValueError) as fault:
        raise IdentityUnavailable(f"{url}: {type(fault).__name__}") from fault
    if not isinstance(body, dict):
        raise IdentityUnavailable(f"{url}: the answer is no object")
    return body


def text_in(found: Claims, name: str) -> str:
    """A claim that must be there, as text. Raises IdentityRefused."""
    value = found.get(name)
    if not isinstance(value, str) or not value:
        raise IdentityRefused(f"the token has no {name}")
    return value


def _key_id(token: str) -> str:
    try:
        return str(jwt.get_unverified_header(token)["kid"])
    except (jwt.InvalidTokenError, KeyError) as fault:
        raise IdentityRefused("the token names no key") from fault


def _by_id(published: dict[str, Any]) -> dict[str, PyJWK]:
    try:
        keys = PyJWKSet.from_dict(published).keys
    except (jwt.PyJWTError, AttributeError, TypeError) as fault:
        raise IdentityUnavailable("the published keys cannot be read") from fault
    return {key.key_id: key for key in keys if key.key_id and key.algorithm_name in ASYMMETRIC}
