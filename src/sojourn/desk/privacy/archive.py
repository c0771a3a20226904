"""Writing an account's archive: a ZIP on this machine's disk, never whole in memory, then pieces in the file store."""

import asyncio
from collections.abc import AsyncIterator
from io import SEEK_END
from tempfile import TemporaryFile
from typing import IO, Final
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from sojourn.desk.privacy.export_queries import EXPORTS, SELECT_FILES, SELECT_INVOICES
from sojourn.platform.db.database import Database
from sojourn.platform.http.context import Runtime
from sojourn.providers.storage.port import FileMissing, FileStore
from sojourn.sales.invoices.rendering import InvoiceDocument, render_invoice

BATCH: Final = 500
PIECE: Final = 4_000_000  # bytes
README: Final = (
    "Everything this agency keeps about you, as JSON: one file for each kind of record. Amounts are in the currency "
    "beside them, times are in UTC. Your documents and invoices lie beside as files. Passwords and keys are kept only "
    "in a form that nobody can read, and are left out, as are the names of other people.\n"
)


async def write_archive(runtime: Runtime, files: FileStore, *, user_id: UUID, folder: str) -> tuple[int, int]:
    """Everything about `user_id` as pieces below `folder`; answers how many there are, and bytes in all.

    Raises StorageUnavailable.
    """
    with TemporaryFile() as disk:
        with ZipFile(disk, "w", ZIP_DEFLATED) as archive:
            archive.writestr("README.txt", README)
            for name, statement in EXPORTS.items():
                await _write_rows(runtime.db, archive, name=name, statement=statement, user_id=user_id)
            await _write_invoices(runtime.db, archive, user_id=user_id)
            await _write_files(runtime.db, files, archive, user_id=user_id)
        size = disk.seek(0, SEEK_END)
        return await _hand_over(disk, files, folder=folder), size


async def read_archive(files: FileStore, *, folder: str, pieces: int) -> AsyncIterator[bytes]:
    """The archive's bytes, piece after piece. Raises FileMissing, StorageUnavailable."""
    for number in range(pieces):
        stored = await files.open(_piece(folder, number))
        async for chunk in stored.chunks:
            yield chunk


async def _write_rows(db: Database, archive: ZipFile, *, name: str, statement: str, user_id: UUID) -> None:
    """One JSON array; its rows pass by in batches."""
    with archive.open(f"{name}.json", "w") as entry:
        opening = b"[\n"
        async with db.unit_of_work() as tx:
            cursor = await tx.cursor(statement, user_id)
            while rows := await cursor.fetch(BATCH):
                text = b",\n".join(row["entry"].encode() for row in rows)
                await asyncio.to_thread(entry.write, opening + text)
                opening = b",\n"
        entry.write(b"\n]\n" if opening == b",\n" else b"[]\n")


async def _write_invoices(db: Database, archive: ZipFile, *, user_id: UUID) -> None:
    async with db.read() as connection:
        invoices = await connection.fetch(SELECT_INVOICES, user_id)
    for invoice in invoices:
        content = await asyncio.to_thread(render_invoice, InvoiceDocument.model_validate(invoice["document"]))
        archive.writestr(f"invoices/{invoice['number']}.pdf", content)


async def _write_files(db: Database, files: FileStore, archive: ZipFile, *, user_id: UUID) -> None:
    """What was handed in, as it is kept: PDFs and pictures do not get smaller. What went meanwhile is left out."""
    async with db.read() as connection:
        found = await connection.fetch(SELECT_FILES, user_id)
    for file in found:
        try:
            stored = await files.open(file["key"])
        except FileMissing:
            continue
        about = ZipInfo(file["name"])
        about.compress_type = ZIP_STORED
        with archive.open(about, "w") as entry:
            async for chunk in stored.chunks:
                await asyncio.to_thread(entry.write, chunk)


async def _hand_over(disk: IO[bytes], files: FileStore, *, folder: str) -> int:
    disk.seek(0)
    number = 0
    while content := await asyncio.to_thread(disk.read, PIECE):
        await files.put(_piece(folder, number), content)
        number += 1
    return number


def _piece(folder: str, number: int) -> str:
    return f"{folder}/{number:05d}"
