"""Secrets of people that must be read again: sealed with AES-256-GCM, each bound to its account.

The keys are derived (HKDF, RFC 5869) from the storefront's encryption secrets. The first one seals, all of them open:
so a secret is replaced by putting the new one in front.
"""

import hmac
import os
from collections.abc import Sequence
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE = 12


class SealBroken(Exception):
    """None of the keys at hand opens it: an encryption secret was dropped, or the row is another account's."""


class Vault:
    def __init__(self, secrets: Sequence[str]) -> None:
        self._keys = [_derived(secret, "sojourn/sealing") for secret in secrets]
        self._pepper = [_derived(secret, "sojourn/digests") for secret in secrets]

    def seal(self, plain: str, *, owner: UUID) -> bytes:
        nonce = os.urandom(NONCE)
        return nonce + AESGCM(self._keys[0]).encrypt(nonce, plain.encode(), owner.bytes)

    def open(self, sealed: bytes, *, owner: UUID) -> str:
        """What was sealed for `owner`. Raises SealBroken."""
        for key in self._keys:
            try:
                return AESGCM(key).decrypt(sealed[:NONCE], sealed[NONCE:], owner.bytes).decode()
            except InvalidTag:
                continue
        raise SealBroken

    def digests(self, text: str) -> list[bytes]:
        """What `text` may be stored as; new ones as the first. For short secrets, that a plain hash would not keep."""
        return [hmac.digest(pepper, text.encode(), "sha256") for pepper in self._pepper]


def _derived(secret: str, purpose: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose.encode()).derive(secret.encode())
