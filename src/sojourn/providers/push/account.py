"""A Google service account and its access tokens (RFC 7523): a signed assertion is exchanged at the token endpoint."""

import asyncio
import time
from typing import Final

import httpx
import jwt
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError, field_validator

from sojourn.providers.push.port import PushUnavailable

SCOPE: Final = "https://www.googleapis.com/auth/firebase.messaging"
GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ASSERTION_SECONDS: Final = 3600
# A token is given up a little before it ends: none may end on the way.
EARLY_SECONDS: Final = 60


class ServiceAccount(BaseModel):
    """What we need of the JSON file that Firebase hands out. `token_uri` says where tokens are fetched."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    project_id: str
    private_key_id: str | None = None
    private_key: SecretStr
    client_email: str
    token_uri: str

    @field_validator("private_key")
    @classmethod
    def _is_key(cls, key: SecretStr) -> SecretStr:
        try:
            load_pem_private_key(key.get_secret_value().encode(), password=None)
        except (ValueError, TypeError) as fault:
            raise ValueError("must be a private key in PEM") from fault
        return key


def read_service_account(text: str) -> ServiceAccount:
    """The account in the file's text. Raises ValueError, which never quotes the text: it holds a private key."""
    try:
        return ServiceAccount.model_validate_json(text)
    except ValidationError as fault:
        wrong = "; ".join(
            f"{'.'.join(str(part) for part in error['loc']) or 'JSON'}: {error['msg']}"
            for error in fault.errors(include_input=False, include_url=False)
        )
    raise ValueError(wrong)


class AccessTokens:
    """Hands out the account's current access token; fetches one when there is none, or it is about to end."""

    def __init__(self, account: ServiceAccount, client: httpx.AsyncClient) -> None:
        self._account = account
        self._client = client
        self._token: str | None = None
        self._ends = 0.0
        self._fetching = asyncio.Lock()

    async def current(self) -> str:
        """Raises PushUnavailable when the token endpoint gives none: that is never a message's fault."""
        async with self._fetching:
            if self._token is None or time.monotonic() > self._ends:
                self._token, seconds = await self._fetch()
                self._ends = time.monotonic() + seconds - EARLY_SECONDS
            return self._token

    def drop(self, token: str) -> None:
        """This token was refused; a newer one, fetched meanwhile, stays."""
        if self._token == token:
            self._token = None

    async def _fetch(self) -> tuple[str, int]:
        form = {"grant_type": GRANT, "assertion": self._assertion()}
        try:
            answer = await self._client.post(self._account.token_uri, data=form)
        except httpx.HTTPError as fault:
            raise PushUnavailable(f"no token: {type(fault).__name__}", code="push_unreachable") from fault
        if not answer.is_success:
            raise PushUnavailable(
                f"the token endpoint answered {answer.status_code}", code=f"push_token_http_{answer.status_code}"
            )
        try:
            granted = answer.json()
            return str(granted["access_token"]), int(granted["expires_in"])
        except (ValueError, KeyError, TypeError) as fault:
            raise PushUnavailable("the token endpoint's answer cannot be read", code="push_token_unreadable") from fault

    def _assertion(self) -> str:
        account, now = self._account, int(time.time())
        claims = {
            "iss": account.client_email, "scope": SCOPE, "aud": account.token_uri, "iat": now,
            "exp": now + ASSERTION_SECONDS,
        }  # fmt: skip
        headers = {"kid": account.private_key_id} if account.private_key_id else None
        return jwt.encode(claims, account.private_key.get_secret_value(), algorithm="RS256", headers=headers)
