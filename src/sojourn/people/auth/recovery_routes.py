"""Confirming an address, and choosing a new password."""

from fastapi import Depends
from starlette.responses import Response

from sojourn.people.auth import links, queries, recovery, sign_in
from sojourn.people.auth.access import CurrentUser, MaybeUser, TheGate
from sojourn.people.auth.delivery import hand_over
from sojourn.people.auth.errors import AccountLocked, LinkInvalid, WrongPassword
from sojourn.people.auth.models import (
    EmailOnly,
    LinkPurpose,
    LinkToken,
    Notice,
    PasswordChange,
    PasswordReset,
    SignedIn,
)  # fmt: skip
from sojourn.people.auth.passwords import check_acceptable, hash_password, verify_password
from sojourn.platform.errors import InvalidInput
from sojourn.platform.http.context import Ctx
from sojourn.platform.http.idempotency import never_replayed
from sojourn.platform.http.mount import refuses
from sojourn.platform.http.rate_limit import limited
from sojourn.platform.http.routing import Router
from sojourn.platform.jobs.queue import enqueue
from sojourn.platform.storefront import LimitClass

router = Router(prefix="/auth", tags=["auth"], dependencies=[Depends(limited(LimitClass.AUTH, by_address=True))])

ON_ITS_WAY = Notice(message="If there is an account with this address, a mail is on its way.")


@router.post("/verify-email", operation_id="verify_email", responses=refuses(LinkInvalid))
async def verify_email(ctx: Ctx, body: LinkToken) -> None:
    """Confirm an email address with the token of the mailed link."""
    async with ctx.unit_of_work() as tx:
        await recovery.verify_email(tx, token=body.token, now=ctx.now(), origin=ctx.origin)


@router.post("/resend-verification", operation_id="resend_verification", status_code=202)
async def resend_verification(ctx: Ctx, user: MaybeUser, body: EmailOnly | None = None) -> Notice:
    """Mail the verification link again: for the address sent, else for the account that is signed in."""
    email = body.email if body else user.email if user else None
    if email is None:
        raise InvalidInput.at("email", "Field required", kind="missing")
    async with ctx.unit_of_work() as tx:
        await enqueue(tx, recovery.request_link(email, LinkPurpose.VERIFY_EMAIL))
    return ON_ITS_WAY


@router.post("/forgot-password", operation_id="forgot_password", status_code=202)
async def forgot_password(ctx: Ctx, body: EmailOnly) -> Notice:
    """Mail a link to choose a new password. The answer does not say whether there is such an account."""
    async with ctx.unit_of_work() as tx:
        await enqueue(tx, recovery.request_link(body.email, LinkPurpose.RESET_PASSWORD))
    return ON_ITS_WAY


@router.post("/reset-password", operation_id="reset_password", responses=refuses(LinkInvalid))
@never_replayed
async def reset_password(ctx: Ctx, gate: TheGate, body: PasswordReset) -> None:
    """Choose a new password with the token of the mailed link. Every session ends."""
    now = ctx.now()
    async with ctx.read() as connection:
        owner = await links.get_owner(connection, body.token, LinkPurpose.RESET_PASSWORD, now=now)
    check_acceptable(body.password, email=owner.email, name=owner.name)
    password_hash = await hash_password(body.password)
    async with ctx.unit_of_work() as tx:
        await recovery.reset_password(tx, token=body.token, password_hash=password_hash, now=now, origin=ctx.origin)
    gate.forget(str(owner.id))


@router.post("/change-password", operation_id="change_password", responses=refuses(WrongPassword, AccountLocked))
@never_replayed
async def change_password(
    ctx: Ctx, response: Response, gate: TheGate, user: CurrentUser, body: PasswordChange
) -> SignedIn:
    """Choose a new password. Every other session ends; the answer opens a new one here."""
    now = ctx.now()
    async with ctx.read() as connection:
        await sign_in.refuse_if_locked(connection, user.email, now=now)
        stored = await queries.find_credentials(connection, user.email)
    verdict = await verify_password(body.current_password, stored["password_hash"] if stored else None)
    if not verdict.is_right:
        async with ctx.unit_of_work() as tx:
            await sign_in.note_failure(tx, user.email, user_id=user.user_id, now=now, origin=ctx.origin)
        raise WrongPassword(details={"fields": [{"field": "current_password", "message": "is not right"}]})
    check_acceptable(body.new_password, email=user.email, name=user.name, field="new_password")
    password_hash = await hash_password(body.new_password)
    async with ctx.unit_of_work() as tx:
        session = await recovery.change_password(
            tx, user_id=user.user_id, password_hash=password_hash, secret=ctx.runtime.refresh_secret, now=now,
            origin=ctx.origin,
        )  # fmt: skip
    gate.forget(str(user.user_id))
    return hand_over(ctx, response, session, delivery=body.token_delivery)


@router.post("/undo-deletion", operation_id="undo_deletion", responses=refuses(LinkInvalid))
async def undo_deletion(ctx: Ctx, gate: TheGate, body: LinkToken) -> None:
    """Keep an account that was to be deleted, with the token of the mailed link; within 14 days. Then sign in."""
    async with ctx.unit_of_work() as tx:
        user_id = await recovery.undo_deletion(tx, token=body.token, now=ctx.now(), origin=ctx.origin)
    gate.forget(str(user_id))
