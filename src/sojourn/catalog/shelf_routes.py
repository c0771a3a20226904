"""What the routes of every kind do: each declares its own, and each answers as these do."""

from uuid import UUID

from fastapi import Request

from sojourn.catalog import shelf_queries, shelving
from sojourn.catalog.provinces import as_listed
from sojourn.catalog.shelving import Goods, Model, Patch
from sojourn.catalog.values import InLanguage
from sojourn.people.auth.access import Actor
from sojourn.platform.http.context import Context
from sojourn.platform.http.dialect import RawJson


async def get_active(
    ctx: Context, request: Request, goods: Goods[Model], id_or_slug: str, *, asked: InLanguage
) -> RawJson:
    """One entry on offer. Raises the kind's `not_found`."""
    request.scope["is_public_answer"] = True
    language = asked.language or ctx.language
    async with ctx.read() as connection:
        return RawJson(await shelf_queries.get_active(connection, goods.shelf, id_or_slug, language=language))


async def create(ctx: Context, goods: Goods[Model], *, admin: Actor, body: Model) -> RawJson:
    """The new entry. Raises as `shelving.create`, and `InvalidInput` for a province that does not exist."""
    body = as_listed(ctx.storefront.catalogue, body)
    async with ctx.unit_of_work() as tx:
        entry_id = await shelving.create(tx, goods, actor=admin, body=body, now=ctx.now(), origin=ctx.origin)
        entry = await shelf_queries.get(tx, goods.shelf, entry_id, language=ctx.language)
    ctx.runtime.cache.drop()  # here at once; the other processes hear of it
    return RawJson(entry)


async def change(ctx: Context, goods: Goods[Model], entry_id: UUID, *, admin: Actor, body: Patch) -> RawJson:
    """The changed entry. Raises as `shelving.change`, and `InvalidInput` for a province that does not exist."""
    body = as_listed(ctx.storefront.catalogue, body)
    async with ctx.unit_of_work() as tx:
        await shelving.change(tx, goods, actor=admin, entry_id=entry_id, body=body, now=ctx.now(), origin=ctx.origin)
        entry = await shelf_queries.get(tx, goods.shelf, entry_id, language=ctx.language)
    ctx.runtime.cache.drop()
    return RawJson(entry)


async def retire(ctx: Context, goods: Goods[Model], entry_id: UUID, *, admin: Actor) -> None:
    """Raises as `shelving.retire`."""
    async with ctx.unit_of_work() as tx:
        await shelving.retire(tx, goods, actor=admin, entry_id=entry_id, now=ctx.now(), origin=ctx.origin)
    ctx.runtime.cache.drop()
