"""A folder on this machine."""

import asyncio
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from sojourn.platform.kit.lazily import lazily
from sojourn.providers.storage.objects import ObjectFiles, translated
from sojourn.providers.storage.port import FileMissing, StoredFile

if TYPE_CHECKING:
    from obstore import store
else:
    store = lazily("obstore.store")


class LocalFolder:
    """A `FileStore` in `folder`, which is made with the first file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, key: str, content: bytes) -> None:
        await self._files().put(key, content)

    async def open(self, key: str) -> StoredFile:
        if not self._folder.is_dir():
            raise FileMissing(key)
        return await self._files().open(key)

    async def remove(self, folder: str) -> None:
        # Whole folders, so that what a killed process had begun to write goes, too.
        with translated():
            await asyncio.to_thread(self._remove, self._folder / folder)

    async def aclose(self) -> None:
        """Nothing is kept open."""

    def _remove(self, folder: Path) -> None:
        if folder.is_dir():
            shutil.rmtree(folder)

    def _files(self) -> ObjectFiles:
        with translated():
            return ObjectFiles(store.LocalStore(self._folder, mkdir=True))
