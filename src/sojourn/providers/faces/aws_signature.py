"""AWS Signature Version 4 for one POST with a JSON body: what the two calls we make need of it, and no more."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final
from urllib.parse import urlsplit

ALGORITHM: Final = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    access_key_id: str
    secret_access_key: str
    region: str


def sign(
    *, url: str, headers: Mapping[str, str], body: bytes, service: str, credentials: Credentials, at: datetime
) -> dict[str, str]:
    """`headers` with the date and the authorization; all of them are signed. `at` in UTC."""
    parts = urlsplit(url)
    stamp = at.strftime("%Y%m%dT%H%M%SZ")
    signed = {name.lower(): value.strip() for name, value in headers.items()}
    signed |= {"host": parts.netloc, "x-amz-date": stamp}
    names = ";".join(sorted(signed))
    canonical = "\n".join([
        "POST", parts.path or "/", parts.query, *(f"{name}:{signed[name]}" for name in sorted(signed)), "", names,
        sha256(body).hexdigest(),
    ])  # fmt: skip
    scope = f"{stamp[:8]}/{credentials.region}/{service}/aws4_request"
    to_sign = "\n".join([ALGORITHM, stamp, scope, sha256(canonical.encode()).hexdigest()])
    key = f"AWS4{credentials.secret_access_key}".encode()
    for step in scope.split("/"):
        key = hmac.digest(key, step.encode(), sha256)
    signature = hmac.digest(key, to_sign.encode(), sha256).hex()
    authorization = f"{ALGORITHM} Credential={credentials.access_key_id}/{scope}, SignedHeaders={names}"
    return {**headers, "X-Amz-Date": stamp, "Authorization": f"{authorization}, Signature={signature}"}
