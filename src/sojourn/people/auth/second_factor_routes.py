"""The second factor over HTTP: enrolling an authenticator app, signing in with it, getting rid of it."""

from fastapi import Depends
from starlette.responses import Response

from sojourn.people.auth import queries, second_factor, sign_in, totp
from sojourn.people.auth import second_factor_queries as factors
from sojourn.people.auth.access import Actor, CurrentUser, EnrollingUser, TheGate
from sojourn.people.auth.delivery import hand_over
from sojourn.people.auth.errors import (
    AccountLocked,
    ChallengeInvalid,
    SecondFactorOff,
    SecondFactorOn,
    WrongCode,
    WrongPassword,
)
from sojourn.people.auth.models import SignedIn
from sojourn.people.auth.passwords import verify_password
from sojourn.people.auth.second_factor_models import (
    CodeOnly,
    Confirmation,
    Disabling,
    Enrolled,
    Enrolment,
    RecoveryCodes,
    SecondFactorAnswer,
    SecondFactorStatus,
)
from sojourn.people.auth.vault import Vault
from sojourn.people.roles import STAFF
from sojourn.platform.http.context import Context, Ctx
from sojourn.platform.http.idempotency import never_replayed
from sojourn.platform.http.mount import refuses
from sojourn.platform.http.rate_limit import limited
from sojourn.platform.http.routing import Router
from sojourn.platform.storefront import LimitClass

router = Router(prefix="/auth", tags=["auth"], dependencies=[Depends(limited(LimitClass.AUTH, by_address=True))])


@router.post(
    "/login/totp", operation_id="sign_in_with_code", responses=refuses(ChallengeInvalid, WrongCode, AccountLocked)
)
@never_replayed
async def sign_in_with_code(ctx: Ctx, response: Response, body: SecondFactorAnswer) -> SignedIn:
    """Complete a sign-in with the app's code, or a recovery code, and the token of the challenge.

    A code counts once. Wrong ones count as failed sign-ins.
    """
    async with ctx.unit_of_work() as tx:
        session = await second_factor.answer_challenge(
            tx, token=body.challenge_token, code=body.code, vault=_vault(ctx), secret=ctx.runtime.refresh_secret,
            now=ctx.now(), origin=ctx.origin,
        )  # fmt: skip
    if session is None:
        raise WrongCode
    return hand_over(ctx, response, session, delivery=body.token_delivery)


@router.get("/totp", operation_id="get_second_factor")
async def get_second_factor(ctx: Ctx, user: EnrollingUser) -> SecondFactorStatus:
    """Whether an authenticator app is enrolled."""
    async with ctx.read() as connection:
        found = await factors.find_status(connection, user.user_id)
    return SecondFactorStatus(
        is_enabled=found is not None,
        is_required=ctx.storefront.staff.is_second_factor_required and user.role in STAFF,
        enabled_at=found["confirmed_at"] if found else None,
        recovery_codes_left=found["codes_left"] if found else 0,
    )


@router.post("/totp", operation_id="begin_second_factor", status_code=201, responses=refuses(SecondFactorOn))
@never_replayed
async def begin_second_factor(ctx: Ctx, user: EnrollingUser) -> Enrolment:
    """Begin to enrol an authenticator app. It counts when its first code is confirmed; begun again, the older secret
    is worth nothing."""
    async with ctx.unit_of_work() as tx:
        secret = await second_factor.begin(tx, user_id=user.user_id, vault=_vault(ctx), now=ctx.now())
    url = totp.otpauth_url(secret, account=user.email, issuer=ctx.storefront.name)
    return Enrolment(secret=secret, otpauth_url=url, qr_svg=totp.picture(url))


@router.post(
    "/totp/confirm",
    operation_id="confirm_second_factor",
    responses=refuses(WrongCode, SecondFactorOn, SecondFactorOff),
)
@never_replayed
async def confirm_second_factor(
    ctx: Ctx, response: Response, gate: TheGate, user: EnrollingUser, body: Confirmation
) -> Enrolled:
    """Confirm the app with its first code. Every other session ends; the answer opens a new one here, with ten
    recovery codes that are shown this once."""
    async with ctx.unit_of_work() as tx:
        session, codes = await second_factor.confirm(
            tx, user_id=user.user_id, code=body.code, vault=_vault(ctx), secret=ctx.runtime.refresh_secret,
            now=ctx.now(), origin=ctx.origin,
        )  # fmt: skip
    gate.forget(str(user.user_id))
    signed_in = hand_over(ctx, response, session, delivery=body.token_delivery)
    return Enrolled(**dict(signed_in), recovery_codes=codes)


@router.post(
    "/totp/recovery-codes",
    operation_id="renew_recovery_codes",
    responses=refuses(WrongCode, SecondFactorOff, AccountLocked),
)
@never_replayed
async def renew_recovery_codes(ctx: Ctx, user: CurrentUser, body: CodeOnly) -> RecoveryCodes:
    """Ten new recovery codes in place of the old ones."""
    async with ctx.unit_of_work() as tx:
        codes = await second_factor.renew_codes(
            tx, user=user, code=body.code, vault=_vault(ctx), now=ctx.now(), origin=ctx.origin
        )
    if codes is None:
        raise WrongCode
    return RecoveryCodes(recovery_codes=codes)


@router.post(
    "/totp/disable",
    operation_id="disable_second_factor",
    responses=refuses(WrongCode, WrongPassword, SecondFactorOff, AccountLocked),
)
async def disable_second_factor(ctx: Ctx, gate: TheGate, user: CurrentUser, body: Disabling) -> None:
    """Ask for no code any more: needs the password, where the account has one, and a last code."""
    await _require_password(ctx, user, body.current_password)
    async with ctx.unit_of_work() as tx:
        is_off = await second_factor.disable(
            tx, user=user, code=body.code, vault=_vault(ctx), now=ctx.now(), origin=ctx.origin
        )
    if not is_off:
        raise WrongCode
    gate.forget(str(user.user_id))


async def _require_password(ctx: Context, user: Actor, password: str | None) -> None:
    async with ctx.read() as connection:
        await sign_in.refuse_if_locked(connection, user.email, now=ctx.now())
        stored = await queries.find_credentials(connection, user.email)
    if stored is not None and stored["password_hash"] is None:
        return
    verdict = await verify_password(password or "", stored["password_hash"] if stored else None)
    if not verdict.is_right:
        async with ctx.unit_of_work() as tx:
            await sign_in.note_failure(tx, user.email, user_id=user.user_id, now=ctx.now(), origin=ctx.origin)
        raise WrongPassword(details={"fields": [{"field": "current_password", "message": "is not right"}]})


def _vault(ctx: Context) -> Vault:
    return Vault(ctx.runtime.sealing_secrets)
