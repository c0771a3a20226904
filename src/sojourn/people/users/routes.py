"""Accounts over HTTP."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from sojourn.people.auth.access import Actor, CurrentAdmin, CurrentUser, Gate, TheGate
from sojourn.people.roles import Role, role_from_wire
from sojourn.people.users import queries, service
from sojourn.people.users.errors import AccountInUse, LastAdmin, UserNotFound
from sojourn.people.users.guard import TheDeletionGuard
from sojourn.people.users.models import (
    AccountOut,
    LanguageChoice,
    Preferences,
    PreferencesPatch,
    UserFilters,
    UserOut,
    UserPatch,
    present,
    present_account,
)  # fmt: skip
from sojourn.platform.errors import InvalidInput
from sojourn.platform.http.context import Context, Ctx
from sojourn.platform.http.files import AS_FILE, Export, export, wants_csv
from sojourn.platform.http.mount import refuses
from sojourn.platform.http.rate_limit import limited
from sojourn.platform.http.routing import Router
from sojourn.platform.kit.wire import Page
from sojourn.platform.storefront import LimitClass, Storefront

router = Router(prefix="/users", tags=["users"], dependencies=[Depends(limited(LimitClass.DEFAULT))])


@router.get("", operation_id="list_users", responses=AS_FILE)
async def list_users(
    ctx: Ctx, admin: CurrentAdmin, request: Request, filters: Annotated[UserFilters, Query()]
) -> Page[AccountOut] | Response:
    """Every account, newest first; also as CSV."""
    roles = None if filters.role is None else [require_role(filters.role, ctx.storefront)]
    return await list_accounts(ctx, request, filters, roles=roles, admin=admin, name="users")


async def list_accounts(
    ctx: Context, request: Request, filters: UserFilters, *, roles: Sequence[Role] | None, admin: Actor, name: str
) -> Page[AccountOut] | Response:
    """One page of the accounts with one of `roles`, or all of them as a file of that `name`."""
    if wants_csv(request, filters.format):
        what = Export(
            name=name, columns=queries.FILE_COLUMNS, statement=queries.LISTS[filters.sort],
            arguments=(*queries.arguments(filters, roles=roles), None, 0), actor_id=admin.user_id,
            shown_as=AccountOut,
        )  # fmt: skip
        return await export(ctx, what)
    async with ctx.read() as connection:
        users, total = await queries.list_users(connection, filters=filters, roles=roles)
    items = [present_account(user, ctx.storefront) for user in users]
    return Page(items=items, page=filters.page, per_page=filters.per_page, total=total)


def require_role(name: str, storefront: Storefront) -> Role:
    """The role behind a storefront's word for it. Raises `InvalidInput`."""
    role = role_from_wire(name, storefront)
    if role is None:
        names = (storefront.customer_role, Role.CONSULTANT, Role.GUIDE, Role.ADMIN)
        raise InvalidInput.at("role", f"must be one of {', '.join(names)}", kind="enum")
    return role


@router.get("/me", operation_id="get_own_profile")
async def get_own_profile(ctx: Ctx, user: CurrentUser) -> UserOut:
    """The account that is signed in."""
    async with ctx.read() as connection:
        return present(await queries.get_user(connection, user.user_id), ctx.storefront)


@router.patch("/me", operation_id="update_own_profile")
async def update_own_profile(ctx: Ctx, gate: TheGate, user: CurrentUser, body: UserPatch) -> UserOut:
    """Change the own profile; what is not sent stays, null empties."""
    return await _change(ctx, gate, user, user.user_id, body)


@router.patch("/me/language", operation_id="choose_own_language")
async def choose_own_language(ctx: Ctx, gate: TheGate, user: CurrentUser, body: LanguageChoice) -> UserOut:
    """Choose the language of mails and answers: en, km or zh."""
    return await _change(ctx, gate, user, user.user_id, UserPatch(preferred_language=body.language))


@router.patch("/language", operation_id="choose_language")
async def choose_language(ctx: Ctx, gate: TheGate, user: CurrentUser, body: LanguageChoice) -> UserOut:
    """Choose the language of mails and answers: en, km or zh."""
    return await _change(ctx, gate, user, user.user_id, UserPatch(preferred_language=body.language))


@router.get("/me/preferences", operation_id="get_own_preferences")
async def get_own_preferences(ctx: Ctx, user: CurrentUser) -> Preferences:
    """Which messages the account wants."""
    async with ctx.read() as connection:
        return _known(await queries.get_preferences(connection, user.user_id))


@router.patch("/me/preferences", operation_id="update_own_preferences")
async def update_own_preferences(ctx: Ctx, user: CurrentUser, body: PreferencesPatch) -> Preferences:
    """Change which messages the account wants; what is not sent stays."""
    async with ctx.unit_of_work() as tx:
        changes = body.model_dump(exclude_none=True)
        return _known(await queries.update_preferences(tx, user.user_id, changes=changes, now=ctx.now()))


@router.get("/{user_id}", operation_id="get_user", responses=refuses(UserNotFound))
async def get_user(ctx: Ctx, user: CurrentUser, user_id: UUID) -> UserOut:
    """One account: one's own, or, for admins, anybody's."""
    async with ctx.read() as connection:
        found = await service.get_visible(connection, actor=user, user_id=user_id)
    return present(found, ctx.storefront)


@router.patch("/{user_id}", operation_id="update_user", responses=refuses(UserNotFound))
async def update_user(ctx: Ctx, gate: TheGate, user: CurrentUser, user_id: UUID, body: UserPatch) -> UserOut:
    """Change a profile: one's own, or, for admins, anybody's."""
    return await _change(ctx, gate, user, user_id, body)


@router.delete("/{user_id}", operation_id="delete_user", responses=refuses(UserNotFound, LastAdmin, AccountInUse))
async def delete_user(ctx: Ctx, gate: TheGate, guard: TheDeletionGuard, user: CurrentUser, user_id: UUID) -> None:
    """Close an account: nobody can sign in any more, and after 14 days the person is forgotten.

    Until then its owner may restore it. Purchases and invoices are kept. Refused while one is open or disputed.
    """
    async with ctx.unit_of_work() as tx:
        await service.request_deletion(tx, actor=user, user_id=user_id, guard=guard, now=ctx.now(), origin=ctx.origin)
    gate.forget(str(user_id))


async def _change(ctx: Context, gate: Gate, actor: Actor, user_id: UUID, patch: UserPatch) -> UserOut:
    async with ctx.unit_of_work() as tx:
        changed = await service.change_profile(
            tx, actor=actor, user_id=user_id, patch=patch, now=ctx.now(), origin=ctx.origin
        )
    gate.forget(str(user_id))
    return present(changed, ctx.storefront)


def _known(stored: dict[str, object]) -> Preferences:
    return Preferences.model_validate({k: v for k, v in stored.items() if k in Preferences.model_fields})
