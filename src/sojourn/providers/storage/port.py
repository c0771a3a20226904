"""Where files lie. Nobody but us reads the store: what leaves it passes our own links, checked and audited."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol


class StorageUnavailable(Exception):
    """The store cannot be reached, or refuses us. Trying again later may help."""


class FileMissing(Exception):
    """There is no file under that key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """A file about to be read. `size` in bytes; `chunks` raises StorageUnavailable when the store goes away."""

    size: int
    chunks: AsyncIterator[bytes]


class FileStore(Protocol):
    """Keys are paths of ours, `folder/name`, never anything a client has sent."""

    async def put(self, key: str, content: bytes) -> None:
        """Keep `content` under `key`: all of it or nothing. Raises StorageUnavailable."""
        ...

    async def open(self, key: str) -> StoredFile:
        """Raises FileMissing, StorageUnavailable."""
        ...

    async def remove(self, folder: str) -> None:
        """Remove everything below `folder`; nothing there is fine. Raises StorageUnavailable."""
        ...

    async def aclose(self) -> None:
        """Let go of what is kept open."""
        ...
