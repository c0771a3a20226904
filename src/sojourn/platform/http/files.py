"""Lists as CSV, for spreadsheets: streamed, with a byte order mark, and without formulas."""

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from tempfile import SpooledTemporaryFile
from typing import IO, Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import StreamingResponse

from sojourn.platform.audit.trail import Act, record
from sojourn.platform.http.context import Context
from sojourn.platform.http.dialect import field_on_wire
from sojourn.platform.kit.wire import Wire

CSV = "text/csv"
AS_FILE: dict[int | str, dict[str, Any]] = {200: {"content": {CSV: {"schema": {"type": "string"}}}}}
BATCH = 500
IN_MEMORY = 1_000_000  # bytes; a longer file waits on the disk
PIECE = 65_536
BYTE_ORDER_MARK = "\ufeff"
# What a spreadsheet takes for the beginning of a formula; tab and CR would be skipped before one.
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")


class Form(StrEnum):
    JSON = "json"
    CSV = "csv"


class Exportable(Wire):
    """`format` decides; left out, the Accept header does. A file holds all rows, whatever page is asked for."""

    format: Form | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """What to write: `name` of the report, the `columns` of `statement`'s rows, and which account asked. `shown_as`:
    the model whose fields the columns are, where a storefront has words of its own for them."""

    name: str
    columns: Sequence[str]
    statement: str
    arguments: Sequence[object]
    actor_id: UUID
    shown_as: type[Wire] = Wire


def wants_csv(request: Request, form: Form | None) -> bool:
    """Whether the answer is to be a file."""
    if form is not None:
        return form is Form.CSV
    accepted = [part.partition(";")[0].strip().lower() for part in request.headers.get("accept", "").split(",")]
    return CSV in accepted


def cell(value: object) -> str:
    """One cell. A text that a spreadsheet would run as a formula gets an apostrophe in front (OWASP, CSV injection)."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal | int | float):
        return str(value)
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)
    return "'" + text if text.startswith(FORMULA_SIGNS) else text


async def export(ctx: Context, what: Export) -> StreamingResponse:
    """The file. That it was taken is written down first: it leaves the house with people's data in it."""
    act = Act(
        action="report.exported", subject_kind="REPORT", subject_id=None, actor_id=what.actor_id,
        reference=what.name, detail={"arguments": [cell(argument) for argument in what.arguments]},
    )  # fmt: skip
    async with ctx.unit_of_work() as tx:
        await record(tx, act, now=ctx.now(), origin=ctx.origin)
    name = f"{what.name}-{ctx.now():%Y-%m-%d}.csv"
    return StreamingResponse(
        _lines(ctx, what),
        media_type=CSV,
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


async def _lines(ctx: Context, what: Export) -> AsyncIterator[bytes]:
    """The file's pieces. It is written out at the database's speed first: a reader may take hours, and must not keep
    a connection and a transaction for so long."""
    with SpooledTemporaryFile(max_size=IN_MEMORY) as file:
        await _write(ctx, what, file)
        file.seek(0)
        while piece := await asyncio.to_thread(file.read, PIECE):
            yield piece


async def _write(ctx: Context, what: Export, file: IO[bytes]) -> None:
    header = [field_on_wire(what.shown_as, column, ctx.storefront.dialect) for column in what.columns]
    await asyncio.to_thread(file.write, (BYTE_ORDER_MARK + _written([header])).encode())
    async with ctx.unit_of_work() as tx:
        prepared = await tx.prepare(what.statement)  # anew: a plan kept for all arguments is slow for most of them
        cursor = await prepared.cursor(*what.arguments)
        while rows := await cursor.fetch(BATCH):
            lines = [[cell(row[column]) for column in what.columns] for row in rows]
            await asyncio.to_thread(file.write, _written(lines).encode())


def _written(rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()
