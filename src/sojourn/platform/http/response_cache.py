"""Answers of the public catalogue, kept as bytes in front of the framework.

Keyed by path, sorted query and language; at most an hour old, as both contracts ask; dropped in every process at the
moment a catalogue write commits (PostgreSQL LISTEN/NOTIFY, `platform/db/listen.py`).
"""

import time
from collections import OrderedDict
from dataclasses import dataclass
from hashlib import blake2b

TTL_SECONDS = 3600.0
MAX_ENTRIES = 4096
MAX_BODY_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class CachedAnswer:
    """One 200 answer, ready to send."""

    body: bytes
    etag: bytes
    headers: list[tuple[bytes, bytes]]
    expires: float


class ResponseCache:
    """A bounded, least-recently-used map. `generation` rises with each drop, so that an answer computed before a
    drop is not stored after it. Switched off, nobody asks it."""

    def __init__(self, *, is_on: bool = True) -> None:
        self.is_on = is_on
        self._answers: OrderedDict[tuple[str, str, str], CachedAnswer] = OrderedDict()
        self.generation = 0

    def find(self, key: tuple[str, str, str]) -> CachedAnswer | None:
        answer = self._answers.get(key)
        if answer is None:
            return None
        if answer.expires < time.monotonic():
            del self._answers[key]
            return None
        self._answers.move_to_end(key)
        return answer

    def store(
        self, key: tuple[str, str, str], *, body: bytes, content_type: bytes, generation: int
    ) -> CachedAnswer | None:
        """Keep an answer; None when it is too large or the catalogue changed while it was made."""
        if generation != self.generation or len(body) > MAX_BODY_BYTES:
            return None
        etag = b'"' + blake2b(body, digest_size=12).hexdigest().encode() + b'"'
        headers = [
            (b"content-type", content_type),
            (b"content-length", str(len(body)).encode()),
            (b"etag", etag),
            (b"cache-control", b"public, max-age=0, must-revalidate"),
            (b"vary", b"Accept-Language, Origin"),
        ]
        answer = CachedAnswer(body=body, etag=etag, headers=headers, expires=time.monotonic() + TTL_SECONDS)
        self._answers[key] = answer
        if len(self._answers) > MAX_ENTRIES:
            self._answers.popitem(last=False)
        return answer

    def drop(self, _payload: str = "") -> None:
        """Forget everything: a catalogue write has committed."""
        self.generation += 1
        self._answers.clear()
