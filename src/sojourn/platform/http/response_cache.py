"""Answers of the public catalogue, kept as bytes in front of the framework.

Keyed by path, sorted query and language; at most an hour old, as both contracts ask; dropped in every process at the
moment a catalogue write commits (PostgreSQL LISTEN/NOTIFY, `platform/db/listen.py`).
"""

import gzip
import time
from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b

TTL_SECONDS = 3600.0
MAX_ENTRIES = 4096
MAX_BODY_BYTES = 1_000_000
MAX_BYTES = 64_000_000
GZIP_BYTES = 1_400  # below one packet there is nothing to win
GZIP_LEVEL = 6

Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True)
class CachedAnswer:
    """One 200 answer, ready to send. `headers` go with every form of it."""

    body: bytes
    etag: bytes
    headers: Headers
    expires: float

    @cached_property
    def plain(self) -> tuple[Headers, bytes]:
        """Headers and body as they are."""
        own = [(b"etag", self.etag), (b"content-length", str(len(self.body)).encode())]
        return [*self.headers, *own], self.body

    @cached_property
    def zipped(self) -> tuple[Headers, bytes]:
        """Headers and body compressed, once for all who ask; as they are where there is nothing to win."""
        if len(self.body) < GZIP_BYTES:
            return self.plain
        body = gzip.compress(self.body, GZIP_LEVEL, mtime=0)
        # Weak: other bytes, the same content.
        own = [
            (b"etag", b"W/" + self.etag),
            (b"content-length", str(len(body)).encode()),
            (b"content-encoding", b"gzip"),
        ]
        return [*self.headers, *own], body


class ResponseCache:
    """A bounded, least-recently-used map. `generation` rises with each drop, so that an answer computed before a
    drop is not stored after it. Switched off, nobody asks it."""

    def __init__(self, *, is_on: bool = True) -> None:
        self.is_on = is_on
        self._answers: OrderedDict[tuple[str, str, str], CachedAnswer] = OrderedDict()
        self._bytes = 0
        self.generation = 0

    def find(self, key: tuple[str, str, str]) -> CachedAnswer | None:
        answer = self._answers.get(key)
        if answer is None:
            return None
        if answer.expires < time.monotonic():
            self._forget(key)
            return None
        self._answers.move_to_end(key)
        return answer

    def store(
        self, key: tuple[str, str, str], *, body: bytes, headers: Headers, generation: int
    ) -> CachedAnswer | None:
        """Keep an answer; None when it is too large or the catalogue changed while it was made."""
        if generation != self.generation or len(body) > MAX_BODY_BYTES:
            return None
        etag = b'"' + blake2b(body, digest_size=12).hexdigest().encode() + b'"'
        answer = CachedAnswer(body=body, etag=etag, headers=headers, expires=time.monotonic() + TTL_SECONDS)
        self._forget(key)
        self._answers[key] = answer
        self._bytes += len(body)
        while len(self._answers) > MAX_ENTRIES or self._bytes > MAX_BYTES:
            self._forget(next(iter(self._answers)))
        return answer

    def _forget(self, key: tuple[str, str, str]) -> None:
        gone = self._answers.pop(key, None)
        if gone is not None:
            self._bytes -= len(gone.body)

    def drop(self, _payload: str = "") -> None:
        """Forget everything: a catalogue write has committed."""
        self.generation += 1
        self._answers.clear()
        self._bytes = 0
