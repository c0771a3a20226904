"""What the pretended Google remembers and signs: keys, codes, tokens.

A code is used once and within a minute; a second use of it ends the tokens that the first one brought.
"""

import base64
import hashlib
import json
import secrets
import time

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from sojourn.sandbox.errors import Json
from sojourn.sandbox.store import Store, read_json

CODE_SECONDS = 60
TOKEN_SECONDS = 3600
KEYS_KEPT = 2
PUBLIC_PARTS = ("kty", "n", "e", "kid", "use", "alg")


class Keyring:
    """The keys that tokens are signed with. The newest signs; the one before it is still published."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def _keys(self) -> list[Json]:
        rows = self._store.rows("SELECT jwk FROM oidc_keys ORDER BY seq DESC LIMIT ?", KEYS_KEPT)
        return [read_json(row["jwk"]) for row in rows] or [self.rotate()]

    def rotate(self) -> Json:
        """A new key, which signs from now on."""
        made = RSAAlgorithm.to_jwk(rsa.generate_private_key(65_537, 2048), as_dict=True)
        key = {**made, "kid": secrets.token_hex(8), "use": "sig", "alg": "RS256"}
        with self._store.transaction():
            self._store.run("INSERT INTO oidc_keys (jwk) VALUES (?)", json.dumps(key))
        return key

    def published(self) -> Json:
        return {"keys": [{name: key[name] for name in PUBLIC_PARTS} for key in self._keys()]}

    def sign(self, claims: Json) -> str:
        key = self._keys()[0]
        signer = RSAAlgorithm.from_jwk(key)
        if not isinstance(signer, rsa.RSAPrivateKey):
            raise TypeError("The stored key cannot sign.")
        return jwt.encode(claims, signer, algorithm="RS256", headers={"kid": key["kid"]})


class Grants:
    """Codes and access tokens, each with what it stands for."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def keep(self, prefix: str, body: Json) -> str:
        """A new secret that stands for `body`."""
        secret = f"{prefix}{secrets.token_urlsafe(32)}"
        with self._store.transaction():
            self._store.run(
                "INSERT INTO oidc_grants (secret, body, made_at) VALUES (?, ?, ?)",
                secret,
                json.dumps(body),
                time.time(),
            )
        return secret

    def take_code(self, code: str) -> Json | None:
        """What the code stands for, once."""
        with self._store.transaction():
            row = self._store.row("SELECT body, made_at, is_used FROM oidc_grants WHERE secret = ?", code)
            if row is None or row["is_used"]:
                self._store.run("DELETE FROM oidc_grants WHERE json_extract(body, '$.code') = ?", code)
                return None
            self._store.run("UPDATE oidc_grants SET is_used = 1 WHERE secret = ?", code)
        return read_json(row["body"]) if time.time() - row["made_at"] < CODE_SECONDS else None

    def find_token(self, token: str) -> Json | None:
        """Whose access token it is."""
        row = self._store.row("SELECT body, made_at FROM oidc_grants WHERE secret = ?", token)
        is_live = row is not None and time.time() - row["made_at"] < TOKEN_SECONDS
        return read_json(row["body"]) if row is not None and is_live else None


def challenge_of(verifier: str) -> str:
    """RFC 7636, S256."""
    return _unpadded(hashlib.sha256(verifier.encode()).digest())


def hash_of(access_token: str) -> str:
    """`at_hash` of OpenID Connect Core, 3.1.3.6."""
    return _unpadded(hashlib.sha256(access_token.encode()).digest()[:16])


def subject_of(email: str) -> str:
    """The same 21 digits for the same address, always."""
    return str(10**20 + int(hashlib.sha256(email.lower().encode()).hexdigest(), 16) % 10**19)


def _unpadded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
