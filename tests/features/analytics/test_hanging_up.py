"""A file may be long and its reader slow, or gone: neither keeps a connection to the database."""

import asyncio
from collections.abc import AsyncIterator
from typing import cast

from tests.support.client import StorefrontClient

from sojourn.people.roles import Role
from sojourn.platform.http.context import SYSTEM_ORIGIN, Context
from sojourn.platform.http.files import IN_MEMORY, Export, export
from sojourn.platform.i18n import Language

ROWS = 20_000
READERS = 15  # more than the pool has connections
_LONG = "SELECT n, repeat('x', 100) AS filling FROM generate_series(1, $1::integer) AS n"


async def test_readers_who_stop_in_the_middle_keep_nothing(holyone: StorefrontClient) -> None:
    office = await holyone.sign_in_as(Role.ADMIN)
    ctx = Context(runtime=holyone.runtime, origin=SYSTEM_ORIGIN, language=Language.EN)
    what = Export(name="long", columns=("n", "filling"), statement=_LONG, arguments=(ROWS,), actor_id=office.user_id)
    files = [cast("AsyncIterator[bytes]", aiter((await export(ctx, what)).body_iterator)) for _ in range(READERS)]
    begun = [await anext(file) for file in files]
    assert all(piece.startswith(b"\xef\xbb\xbfn,filling\r\n1,xx") for piece in begun)
    async with asyncio.timeout(5), holyone.database.read() as connection:
        assert await connection.fetchval("SELECT true"), "while all of them stand where they stopped"
    rest = b"".join([piece async for piece in files[0]])
    assert len(begun[0]) + len(rest) > IN_MEMORY
    assert rest.endswith(f"\r\n{ROWS},{'x' * 100}\r\n".encode())
