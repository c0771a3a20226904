"""Files at Cloudinary: raw, private, uploaded and fetched with signed calls of its HTTP API.

`raw` for everything: nothing is drawn anew, cropped or delivered by its network. Documented at
https://cloudinary.com/documentation/upload_images#generating_authentication_signatures and
https://cloudinary.com/documentation/admin_api#delete_resources.
"""

import hashlib
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import httpx

from sojourn.providers.storage.port import FileMissing, StorageUnavailable, StoredFile
from sojourn.providers.tls import trusted

OWN_BASE_URL: Final = "https://api.cloudinary.com"
TIMEOUT_SECONDS: Final = 30.0
LINK_SECONDS: Final = 60
DELIVERY: Final = "private"
# Not among what is signed.
_UNSIGNED: Final = frozenset({"file", "api_key", "cloud_name", "resource_type", "signature"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudinaryAccount:
    cloud_name: str
    api_key: str
    api_secret: str


def read_url(url: str) -> CloudinaryAccount:
    """The account in a `CLOUDINARY_URL`: cloudinary://key:secret@cloud. Raises ValueError."""
    parts = urlsplit(url)
    if parts.scheme != "cloudinary" or not (parts.username and parts.password and parts.hostname):
        raise ValueError("must look like cloudinary://key:secret@cloud")
    # A host's name is lower case to `urlsplit`, a cloud's is as it is written.
    cloud = parts.netloc.rpartition("@")[2]
    return CloudinaryAccount(cloud_name=cloud, api_key=unquote(parts.username), api_secret=unquote(parts.password))


def signature_of(parameters: Mapping[str, str], *, secret: str) -> str:
    """Cloudinary's signature: SHA-256 over the sorted parameters and the secret."""
    named = "&".join(f"{name}={parameters[name]}" for name in sorted(parameters) if name not in _UNSIGNED)
    return hashlib.sha256(f"{named}{secret}".encode()).hexdigest()


class CloudinaryFiles:
    """A `FileStore`. A file is fetched whole before its first byte goes on: no answer is left half read at Cloudinary's
    end, and files are of 10 MB at most."""

    def __init__(self, account: CloudinaryAccount, *, base_url: str = OWN_BASE_URL) -> None:
        self._account = account
        self._base = f"{base_url}/v1_1/{account.cloud_name}"
        self._client = httpx.AsyncClient(
            verify=trusted(), timeout=TIMEOUT_SECONDS, follow_redirects=True, trust_env=False
        )

    async def aclose(self) -> None:
        await self._client.aclose()

    async def put(self, key: str, content: bytes) -> None:
        form = self._signed({"public_id": key, "type": DELIVERY, "overwrite": "true", "invalidate": "true"})
        request = self._client.build_request(
            "POST", f"{self._base}/raw/upload", data=form, files={"file": ("file", content)}
        )
        answer = await self._asked(request)
        if answer.get("public_id") != key or answer.get("bytes") != len(content):
            raise StorageUnavailable(f"kept as {str(answer)[:200]}")

    async def open(self, key: str) -> StoredFile:
        expires_at = str(int(time.time()) + LINK_SECONDS)
        query = self._signed({"public_id": key, "type": DELIVERY, "expires_at": expires_at})
        try:
            answer = await self._client.get(f"{self._base}/raw/download", params=query)
        except httpx.HTTPError as fault:
            raise StorageUnavailable(repr(fault)) from fault
        if answer.status_code == httpx.codes.NOT_FOUND:
            raise FileMissing(key)
        if answer.status_code != httpx.codes.OK:
            raise StorageUnavailable(f"{answer.status_code} {answer.text[:200]}")
        return StoredFile(size=len(answer.content), chunks=_at_once(answer.content))

    async def remove(self, folder: str) -> None:
        """In batches of what Cloudinary deletes at once."""
        query = {"prefix": f"{folder}/", "invalidate": "true"}
        while True:
            request = self._client.build_request("DELETE", f"{self._base}/resources/raw/{DELIVERY}", params=query)
            answer = await self._asked(request, auth=httpx.BasicAuth(self._account.api_key, self._account.api_secret))
            if not answer.get("partial"):
                return
            query["next_cursor"] = str(answer.get("next_cursor", ""))

    def _signed(self, parameters: dict[str, str]) -> dict[str, str]:
        signed = parameters | {"timestamp": str(int(time.time()))}
        signature = signature_of(signed, secret=self._account.api_secret)
        return signed | {"api_key": self._account.api_key, "signature": signature}

    async def _asked(self, request: httpx.Request, *, auth: httpx.Auth | None = None) -> dict[str, Any]:
        try:
            answer = await self._client.send(request, auth=auth)
            told: Any = answer.json()
        except (httpx.HTTPError, ValueError) as fault:
            raise StorageUnavailable(repr(fault)) from fault
        if answer.status_code != httpx.codes.OK or not isinstance(told, dict):
            raise StorageUnavailable(f"{answer.status_code} {str(told)[:200]}")
        return told


async def _at_once(content: bytes) -> AsyncIterator[bytes]:
    yield content
