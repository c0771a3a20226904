"""Supabase Auth: its access tokens, and what it knows about whom they name.

A token says who somebody is; whether the address is confirmed is asked of Supabase with the service role's key, because
people may write into the token's own `user_metadata` what they like.
"""

from dataclasses import dataclass
from datetime import datetime

import httpx
import jwt

from sojourn.providers.oauth.port import Identity, IdentityRefused
from sojourn.providers.oauth.signed import ASYMMETRIC, MAX_TOKEN, PublishedKeys, fetch_object, read_claims, text_in
from sojourn.providers.tls import trusted

AUDIENCE = "authenticated"
SHARED_SECRET = "HS256"
# Strangers choose which key a token names: unknown ones are looked up now and then only.
PAUSE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class SupabaseToken:
    """What a valid token says. `expires` is in Unix seconds; `is_strong`: Supabase has asked for a second factor."""

    uid: str
    expires: int
    is_strong: bool


class SupabaseAuth:
    """One Supabase project. `jwt_secret` is the project's shared secret, where it still signs with one."""

    def __init__(
        self, *, url: str, service_role_key: str, jwt_secret: str | None = None, timeout: float = 10.0
    ) -> None:
        self._base = f"{url.rstrip('/')}/auth/v1"
        self._headers = {"apikey": service_role_key, "Authorization": f"Bearer {service_role_key}"}
        self._secret = jwt_secret
        self._client = httpx.AsyncClient(verify=trusted(), timeout=timeout)
        self._keys = PublishedKeys(self._client, pause_seconds=PAUSE_SECONDS)

    async def read(self, token: str, *, now: datetime) -> SupabaseToken:
        """Whom the token names. Raises IdentityRefused, IdentityUnavailable."""
        if self._is_by_secret(token):
            key, algorithms = self._secret or "", (SHARED_SECRET,)
            claims = read_claims(token, key, algorithms=algorithms, issuers=(self._base,), audience=AUDIENCE, now=now)
        else:
            published = await self._keys.get(token, url=f"{self._base}/.well-known/jwks.json")
            claims = read_claims(
                token, published, algorithms=ASYMMETRIC, issuers=(self._base,), audience=AUDIENCE, now=now
            )
        if claims.get("role") != AUDIENCE or claims.get("is_anonymous") is True:
            raise IdentityRefused("the token is not a person's")
        return SupabaseToken(text_in(claims, "sub"), int(claims["exp"]), claims.get("aal") == "aal2")

    def _is_by_secret(self, token: str) -> bool:
        if len(token) > MAX_TOKEN:
            raise IdentityRefused("the token is too long")
        try:
            algorithm = jwt.get_unverified_header(token).get("alg")
        except jwt.InvalidTokenError as fault:
            raise IdentityRefused("this is no token") from fault
        if algorithm == SHARED_SECRET and not self._secret:
            raise IdentityRefused("the project's secret is not known here")
        return bool(algorithm == SHARED_SECRET)

    async def find_identity(self, uid: str) -> Identity:
        """What Supabase knows about one of its users. Raises IdentityRefused, IdentityUnavailable."""
        found = await fetch_object(self._client, f"{self._base}/admin/users/{uid}", headers=self._headers)
        if found.get("id") != uid:
            raise IdentityRefused("the answer is about somebody else")
        metadata = found.get("user_metadata")
        name = metadata.get("full_name") or metadata.get("name") if isinstance(metadata, dict) else None
        return Identity(
            subject=uid,
            email=text_in(found, "email"),
            is_email_verified=bool(found.get("email_confirmed_at")),
            name=name if isinstance(name, str) else None,
        )

    async def aclose(self) -> None:
        await self._client.aclose()
