"""The agency's staff over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from sojourn.people.auth import links, second_factor
from sojourn.people.auth.access import CurrentAdmin, TheGate
from sojourn.people.auth.delivery import hand_over
from sojourn.people.auth.errors import EmailTaken, LinkInvalid, SecondFactorOff
from sojourn.people.auth.models import InvitationAcceptance, LinkPurpose, SignedIn
from sojourn.people.auth.passwords import check_acceptable, hash_password
from sojourn.people.roles import STAFF
from sojourn.people.staff import service
from sojourn.people.staff.models import Invitation, StandingPatch
from sojourn.people.users.errors import LastAdmin, UserNotFound
from sojourn.people.users.models import AccountOut, UserFilters, present_account
from sojourn.people.users.routes import list_accounts, require_role
from sojourn.platform.errors import NotAllowed
from sojourn.platform.http.context import Ctx
from sojourn.platform.http.files import AS_FILE
from sojourn.platform.http.idempotency import never_replayed
from sojourn.platform.http.mount import refuses
from sojourn.platform.http.rate_limit import limited
from sojourn.platform.http.routing import Router
from sojourn.platform.kit.wire import Page
from sojourn.platform.storefront import LimitClass

router = Router(prefix="/admin/staff", tags=["staff"], dependencies=[Depends(limited(LimitClass.DEFAULT))])
acceptance_router = Router(
    prefix="/auth", tags=["auth"], dependencies=[Depends(limited(LimitClass.AUTH, by_address=True))]
)


@router.get("", operation_id="list_staff", responses=AS_FILE)
async def list_staff(
    ctx: Ctx, admin: CurrentAdmin, request: Request, filters: Annotated[UserFilters, Query()]
) -> Page[AccountOut] | Response:
    """Consultants, guides and admins, newest first; also as CSV. Who has not accepted the invitation is not active."""
    roles = sorted(STAFF) if filters.role is None else sorted({require_role(filters.role, ctx.storefront)} & STAFF)
    return await list_accounts(ctx, request, filters, roles=roles, admin=admin, name="staff")


@router.post("/invitations", operation_id="invite_staff", status_code=201, responses=refuses(EmailTaken))
async def invite_staff(ctx: Ctx, admin: CurrentAdmin, body: Invitation) -> AccountOut:
    """Invite somebody by mail; the link works once, for seven days. Sent again, the older link ends."""
    async with ctx.unit_of_work() as tx:
        invited = await service.invite(
            tx, admin=admin, invitation=body, language=ctx.storefront.default_language, now=ctx.now(),
            origin=ctx.origin,
        )  # fmt: skip
    return present_account(invited, ctx.storefront)


@router.patch("/{user_id}", operation_id="change_standing", responses=refuses(UserNotFound, LastAdmin))
async def change_standing(
    ctx: Ctx, gate: TheGate, admin: CurrentAdmin, user_id: UUID, body: StandingPatch
) -> AccountOut:
    """Change an account's role, close it or open it again. A customer becomes staff here, and staff a customer."""
    role = require_role(body.role, ctx.storefront) if body.role is not None else None
    async with ctx.unit_of_work() as tx:
        changed = await service.change_standing(
            tx, admin=admin, user_id=user_id, role=role, is_active=body.is_active, now=ctx.now(), origin=ctx.origin
        )
    gate.forget(str(user_id))
    return present_account(changed, ctx.storefront)


@router.delete("/{user_id}/totp", operation_id="reset_second_factor", responses=refuses(UserNotFound, SecondFactorOff))
async def reset_second_factor(ctx: Ctx, gate: TheGate, admin: CurrentAdmin, user_id: UUID) -> None:
    """Take away the second factor of somebody who has lost app and recovery codes. Their sessions end.

    One's own is disabled with a code.
    """
    if user_id == admin.user_id:
        raise NotAllowed("An admin's own second factor is disabled with a code, or reset by another admin.")
    async with ctx.unit_of_work() as tx:
        await second_factor.reset(tx, admin=admin, user_id=user_id, now=ctx.now(), origin=ctx.origin)
    gate.forget(str(user_id))


@acceptance_router.post("/accept-invitation", operation_id="accept_invitation", responses=refuses(LinkInvalid))
@never_replayed
async def accept_invitation(ctx: Ctx, response: Response, body: InvitationAcceptance) -> SignedIn:
    """Choose a password with the token of the mailed invitation, and sign in."""
    now = ctx.now()
    async with ctx.read() as connection:
        owner = await links.get_owner(connection, body.token, LinkPurpose.STAFF_INVITATION, now=now)
    check_acceptable(body.password, email=owner.email, name=owner.name)
    password_hash = await hash_password(body.password)
    async with ctx.unit_of_work() as tx:
        session = await service.accept(
            tx, token=body.token, password_hash=password_hash, secret=ctx.runtime.refresh_secret, now=now,
            origin=ctx.origin,
        )  # fmt: skip
    return hand_over(ctx, response, session, delivery=body.token_delivery)
