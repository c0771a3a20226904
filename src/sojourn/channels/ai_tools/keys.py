"""The keys that agents carry: one, or two while one is being replaced."""

import hmac
from collections.abc import Sequence
from hashlib import sha256

_NAME_LENGTH = 8


class ServiceKeys:
    """The service keys of one storefront. None: nobody gets in."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = [key.encode() for key in keys]

    def name_of(self, sent: str | None) -> str | None:
        """A short name of the key that was sent, for the audit: it tells old from new and reveals nothing. None when it
        is no key of ours. How long this takes says nothing about how much of it was right."""
        given = (sent or "").encode()
        matches = [hmac.compare_digest(key, given) for key in self._keys]
        return sha256(given).hexdigest()[:_NAME_LENGTH] if any(matches) else None
