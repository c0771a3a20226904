"""Every SQL statement of the code base is understood by the migrated schema: a renamed column fails here."""

import pkgutil
import re
from collections.abc import AsyncIterator, Iterator
from importlib import import_module

import asyncpg
import pytest
from tests.support.databases import TemplateServer

import sojourn

STATEMENT = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\s")
PAGED = re.compile(r"LIMIT \$(\d+) OFFSET \$(\d+)")
# Their one row is that of whose list it is, and nobody asked here.
OF_SOMEBODY = ("sales.assignments.queries._LIST",)
# The sandbox keeps its own books, in SQLite.
NOT_POSTGRESQL = ("sojourn.sandbox",)


def texts_in(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from (text for inner in value.values() for text in texts_in(inner))
    elif isinstance(value, tuple | list | frozenset):
        yield from (text for inner in value for text in texts_in(inner))


def statements() -> dict[str, str]:
    found = {}
    for info in pkgutil.walk_packages(sojourn.__path__, "sojourn."):
        if info.name.startswith(NOT_POSTGRESQL) or info.name.endswith("__main__"):
            continue
        for name, value in vars(import_module(info.name)).items():
            if name.isupper():
                for number, text in enumerate(texts_in(value)):
                    if STATEMENT.match(text):
                        found[f"{info.name.removeprefix('sojourn.')}.{name}{f'[{number}]' if number else ''}"] = text
    return found


STATEMENTS = statements()


@pytest.fixture(scope="module")
async def connection(postgres: TemplateServer) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    async with postgres.clone() as dsn:
        opened = await asyncpg.connect(dsn)
        yield opened
        await opened.close()


@pytest.mark.parametrize("name", STATEMENTS)
async def test_postgresql_understands(connection: "asyncpg.Connection[asyncpg.Record]", name: str) -> None:
    await connection.prepare(STATEMENTS[name])


async def test_a_page_beyond_the_end_still_has_its_total(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """A total beside each row is not there when the page has none: it stands in a row of its own, or is asked for."""
    counted, wrong = 0, []
    for name, statement in STATEMENTS.items():
        paging = PAGED.search(statement)
        prepared = await connection.prepare(statement)
        if (
            name in OF_SOMEBODY
            or paging is None
            or "total" not in [column.name for column in prepared.get_attributes()]
        ):
            continue
        counted += 1
        arguments: list[object] = [None] * len(prepared.get_parameters())
        for position, value in zip(paging.groups(), (20, 0), strict=True):
            arguments[int(position) - 1] = value
        if [row["total"] for row in await prepared.fetch(*arguments)] != [0]:
            wrong.append(name)
    assert wrong == []
    assert counted > 10


def test_the_search_finds_statements_of_every_shape() -> None:
    assert len(STATEMENTS) > 30
    assert "platform.http.idempotency._BEGIN" in STATEMENTS
    assert "catalog.trips.queries.TRIPS[7]" in STATEMENTS
    assert list(texts_in({"a": ("SELECT 1", ["SELECT 2"])})) == ["SELECT 1", "SELECT 2"]


async def test_a_renamed_column_is_noticed(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    with pytest.raises(asyncpg.UndefinedColumnError):
        await connection.prepare(STATEMENTS["people.auth.access._STANDING"].replace("role", "rank"))
