"""Guides with an account: the admin links them, and they keep their own profile."""

from uuid import UUID

from fastapi import Depends

from sojourn.catalog import shelf_queries, shelving
from sojourn.catalog.errors import VersionConflict
from sojourn.catalog.guides import account_queries, accounts
from sojourn.catalog.guides.account_models import GuideAccount, GuideAccountIn, GuideProfilePatch
from sojourn.catalog.guides.errors import AccountLinked, AccountNotGuide, GuideNotFound, GuideNotLinked
from sojourn.catalog.guides.goods import GUIDE
from sojourn.catalog.guides.models import GuideOut
from sojourn.people.auth.access import CurrentAdmin, CurrentGuide
from sojourn.people.users.errors import UserNotFound
from sojourn.platform.http.context import Ctx
from sojourn.platform.http.dialect import RawJson
from sojourn.platform.http.mount import refuses
from sojourn.platform.http.rate_limit import limited
from sojourn.platform.http.routing import Router
from sojourn.platform.storefront import LimitClass

router = Router(tags=["guides"], dependencies=[Depends(limited(LimitClass.DEFAULT))])


@router.get("/admin/guides/{guide_id}/account", operation_id="get_guide_account", responses=refuses(GuideNotFound))
async def get_guide_account(ctx: Ctx, _: CurrentAdmin, guide_id: UUID) -> GuideAccount:
    """Whose account a guide is."""
    async with ctx.read() as connection:
        return await account_queries.get_account(connection, guide_id)


@router.put(
    "/admin/guides/{guide_id}/account",
    operation_id="set_guide_account",
    responses=refuses(GuideNotFound, UserNotFound, AccountNotGuide, AccountLinked),
)
async def set_guide_account(ctx: Ctx, admin: CurrentAdmin, guide_id: UUID, body: GuideAccountIn) -> GuideAccount:
    """Say whose account a guide is. Ends by itself when the account is closed or gets another role."""
    async with ctx.unit_of_work() as tx:
        return await accounts.link(
            tx, admin=admin, guide_id=guide_id, user_id=body.user_id, now=ctx.now(), origin=ctx.origin
        )


@router.get("/guide/profile", operation_id="get_guide_profile", responses=refuses(GuideNotLinked))
async def get_guide_profile(ctx: Ctx, guide: CurrentGuide) -> GuideOut | RawJson:
    """A guide's own entry in the catalogue."""
    async with ctx.read() as connection:
        guide_id = await account_queries.get_guide_of(connection, guide.user_id)
        entry = await shelf_queries.get(connection, GUIDE.shelf, guide_id, language=ctx.language)
    return RawJson(entry)


@router.patch("/guide/profile", operation_id="change_guide_profile", responses=refuses(GuideNotLinked, VersionConflict))
async def change_guide_profile(ctx: Ctx, guide: CurrentGuide, body: GuideProfilePatch) -> GuideOut | RawJson:
    """Change what one says of oneself: seen by everybody at once."""
    async with ctx.unit_of_work() as tx:
        guide_id = await account_queries.lock_guide_of(tx, guide.user_id)
        await shelving.change(tx, GUIDE, actor=guide, entry_id=guide_id, body=body, now=ctx.now(), origin=ctx.origin)
        entry = await shelf_queries.get(tx, GUIDE.shelf, guide_id, language=ctx.language)
    ctx.runtime.cache.drop()  # here at once; the other processes hear of it
    return RawJson(entry)
