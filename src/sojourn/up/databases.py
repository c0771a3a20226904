"""A database per storefront: on a server of our own, or on the one that DATABASE_URL names."""

import asyncio
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from sojourn.platform.db.embedded import RunningServer
from sojourn.up.environment import UpRefused


def database_name(storefront: str) -> str:
    return f"sojourn_{storefront}"


def given_databases(given: Mapping[str, str], storefronts: tuple[str, ...]) -> dict[str, str] | None:
    """The DSN of each storefront on a server that is not ours; None when no server is named.

    With several storefronts and one DATABASE_URL, each gets a database of its own on that server, made when missing.
    Raises UpRefused when the server cannot be reached, or when some storefronts have a server and some have none.
    """
    common = given.get("DATABASE_URL")
    named = {key: given.get(f"{key.upper()}_DATABASE_URL") or common for key in storefronts}
    if not any(named.values()):
        return None
    without = [key for key, dsn in named.items() if not dsn]
    if without:
        raise UpRefused(f"{without[0].upper()}_DATABASE_URL is missing: set it, or DATABASE_URL for all, or none.")
    if common is None or len(storefronts) == 1:
        return {key: dsn for key, dsn in named.items() if dsn}
    shared = [key for key in storefronts if not given.get(f"{key.upper()}_DATABASE_URL")]
    asyncio.run(_create_missing(common, [database_name(key) for key in shared]))
    return {key: _on_same_server(common, key) if key in shared else dsn for key, dsn in named.items() if dsn}


def embedded_databases(server: RunningServer, storefronts: Iterable[str]) -> dict[str, str]:
    dsns = {}
    for key in storefronts:
        server.create_database(database_name(key))
        dsns[key] = server.dsn(database_name(key))
    return dsns


def _on_same_server(dsn: str, storefront: str) -> str:
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{database_name(storefront)}"))


async def _create_missing(dsn: str, names: list[str]) -> None:
    try:
        connection = await asyncpg.connect(dsn, timeout=10)
    except (OSError, asyncpg.PostgresError, ValueError) as error:
        raise UpRefused(f"The server of DATABASE_URL cannot be used: {error}") from error
    try:
        present = {row["datname"] for row in await connection.fetch("SELECT datname FROM pg_database")}
        for name in names:
            if name not in present:
                await connection.execute(f'CREATE DATABASE "{name}"')
    except asyncpg.PostgresError as error:
        raise UpRefused(f"A database per storefront cannot be made on the server of DATABASE_URL: {error}") from error
    finally:
        await connection.close()
