"""Passwords: which are accepted, and how they are kept.

argon2id with OWASP's first recommendation; bcrypt hashes of older systems verify and are replaced at the next
sign-in. Hashing runs on threads of its own, few, so that neither the loop nor the memory suffers.
"""

import asyncio
import os
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar

import structlog
from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError
from pwdlib.hashers.argon2 import Argon2Hasher
from pwdlib.hashers.bcrypt import BcryptHasher

from sojourn.platform.errors import InvalidInput

logger = structlog.get_logger(__name__)

MIN_LENGTH = 10
MAX_LENGTH = 128
BCRYPT_BYTES = 72  # all that bcrypt ever looked at

_HASHER = PasswordHash((Argon2Hasher(time_cost=2, memory_cost=19_456, parallelism=1), BcryptHasher()))
_THREADS = ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1), thread_name_prefix="passwords")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a password was right; `new_hash` when the stored one is of an older kind and must be replaced."""

    is_right: bool
    new_hash: str | None = None


WRONG = Verdict(is_right=False)


def check_acceptable(password: str, *, email: str, name: str, field: str = "password") -> None:
    """Refuse a password that an attacker would try first. Raises `InvalidInput` naming `field`."""
    guess = password.casefold()
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise InvalidInput.at(field, f"must have {MIN_LENGTH} to {MAX_LENGTH} characters")
    if guess in _common() or len(set(guess)) <= 2:
        raise InvalidInput.at(field, "is one of the passwords that are tried first; choose another", kind="common")
    own = {email.casefold(), email.casefold().partition("@")[0], name.casefold(), name.casefold().replace(" ", "")}
    if guess in own:
        raise InvalidInput.at(field, "must not be your name or email address", kind="too_similar")


@cache
def _common() -> frozenset[str]:
    text = (Path(__file__).parent / "common_passwords.txt").read_text(encoding="utf-8")
    return frozenset(line for line in text.splitlines() if not line.startswith("# "))


async def hash_password(password: str) -> str:
    """The argon2id hash of `password`, made on another thread."""
    return await _on_thread(lambda: _HASHER.hash(_normal(password)))


async def verify_password(password: str, password_hash: str | None) -> Verdict:
    """Compare on another thread. Without a hash it takes as long and is never right."""
    return await _on_thread(lambda: _verify(password, password_hash))


def _verify(password: str, password_hash: str | None) -> Verdict:
    if password_hash is None:
        _HASHER.verify(_normal(password), _nobodys_hash())
        return WRONG
    try:
        if password_hash.startswith("$2"):
            return _verify_bcrypt(password, password_hash)
        return Verdict(*_HASHER.verify_and_update(_normal(password), password_hash))
    except UnknownHashError:
        logger.exception("a stored password hash is of no known kind")
        return WRONG


def _verify_bcrypt(password: str, password_hash: str) -> Verdict:
    if not _HASHER.verify(password.encode()[:BCRYPT_BYTES], password_hash):
        return WRONG
    return Verdict(is_right=True, new_hash=_HASHER.hash(_normal(password)))


def _normal(password: str) -> str:
    # The same keys on another keyboard may send another form of the same text (NIST SP 800-63B, 3.1.1.2).
    return unicodedata.normalize("NFKC", password)


@cache
def _nobodys_hash() -> str:
    return _HASHER.hash("nobody's password")


async def _on_thread(work: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(_THREADS, work)
