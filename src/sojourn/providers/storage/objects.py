"""Any store that obstore can speak to."""

from collections.abc import AsyncIterable, AsyncIterator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sojourn.platform.kit.lazily import lazily
from sojourn.providers.storage.port import FileMissing, StorageUnavailable, StoredFile

if TYPE_CHECKING:
    import obstore
    from obstore import exceptions
    from obstore.store import LocalStore, S3Store
else:
    obstore = lazily("obstore")
    exceptions = lazily("obstore.exceptions")


class ObjectFiles:
    """A `FileStore` over an obstore store."""

    def __init__(self, store: "LocalStore | S3Store") -> None:
        self._store = store

    async def put(self, key: str, content: bytes) -> None:
        with translated():
            # In one piece: a process that dies on the way leaves no half of a file behind.
            await obstore.put_async(self._store, key, content, use_multipart=False)

    async def open(self, key: str) -> StoredFile:
        with translated():
            try:
                found = await obstore.get_async(self._store, key)
            except FileNotFoundError as fault:
                raise FileMissing(key) from fault
        return StoredFile(size=found.meta["size"], chunks=_chunks(found.stream()))

    async def remove(self, folder: str) -> None:
        with translated():
            async for batch in obstore.list(self._store, prefix=folder):
                await obstore.delete_async(self._store, [found["path"] for found in batch])

    async def aclose(self) -> None:
        """The library keeps its connections itself."""


async def _chunks(stream: AsyncIterable[object]) -> AsyncIterator[bytes]:
    with translated():
        async for chunk in stream:
            yield bytes(chunk)  # type: ignore[call-overload]


@contextmanager
def translated() -> Iterator[None]:
    """The library's faults as the port's."""
    try:
        yield
    except (exceptions.BaseError, OSError) as fault:
        raise StorageUnavailable(str(fault)[:300]) from fault
