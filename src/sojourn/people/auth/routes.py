"""Registering, signing in, staying signed in, signing out."""

from uuid import UUID

from fastapi import Depends
from starlette.requests import Request
from starlette.responses import Response

from sojourn.people.auth import queries, registration, sessions, sign_in
from sojourn.people.auth.access import CurrentUser, TheGate
from sojourn.people.auth.delivery import drop_cookie, hand_over, require_session, sent_cookie
from sojourn.people.auth.errors import (
    AccountLocked,
    DeletionPending,
    EmailTaken,
    InvalidCredentials,
    RefreshTokenInvalid,
    SecondFactorRequired,
)  # fmt: skip
from sojourn.people.auth.models import (
    Credentials,
    RefreshRequest,
    Registration,
    Session,
    SessionOut,
    SignedIn,
    TokenDelivery,
)  # fmt: skip
from sojourn.people.auth.passwords import check_acceptable, hash_password, verify_password
from sojourn.people.users.models import UserOut, present
from sojourn.people.users.queries import get_user
from sojourn.platform.errors import NotFound
from sojourn.platform.http.context import Context, Ctx
from sojourn.platform.http.idempotency import never_replayed
from sojourn.platform.http.mount import refuses
from sojourn.platform.http.rate_limit import limited
from sojourn.platform.http.routing import Router
from sojourn.platform.kit.wire import Page
from sojourn.platform.storefront import LimitClass

AT_THE_DOOR = [Depends(limited(LimitClass.AUTH, by_address=True))]
INSIDE = [Depends(limited(LimitClass.DEFAULT))]

router = Router(prefix="/auth", tags=["auth"])


@router.post(
    "/register", operation_id="register", status_code=201, dependencies=AT_THE_DOOR, responses=refuses(EmailTaken)
)
@never_replayed
async def register(ctx: Ctx, response: Response, body: Registration) -> SignedIn:
    """Open an account and sign in. A mail asks to confirm the address."""
    check_acceptable(body.password, email=body.email, name=body.name)
    password_hash = await hash_password(body.password)
    now, secret, session = ctx.now(), ctx.runtime.refresh_secret, None
    async with ctx.unit_of_work() as tx:
        user = await registration.register(
            tx, wanted=body, password_hash=password_hash, language=ctx.language, now=now, origin=ctx.origin
        )
        if user is not None:
            session = await sessions.open_session(tx, user=user, secret=secret, now=now, origin=ctx.origin)
    if session is None:
        raise EmailTaken
    return hand_over(ctx, response, session, delivery=body.token_delivery)


@router.post(
    "/login", operation_id="sign_in", dependencies=AT_THE_DOOR,
    responses=refuses(InvalidCredentials, AccountLocked, DeletionPending, SecondFactorRequired),
)  # fmt: skip
@never_replayed
async def login(ctx: Ctx, response: Response, body: Credentials) -> SignedIn:
    """Sign in with email and password. With an authenticator app enrolled, the answer is a challenge for its code."""
    session = await _sign_in(ctx, body, is_restoring=False)
    return hand_over(ctx, response, session, delivery=body.token_delivery)


@router.post(
    "/restore-account", operation_id="restore_account", dependencies=AT_THE_DOOR,
    responses=refuses(InvalidCredentials, AccountLocked, SecondFactorRequired),
)  # fmt: skip
@never_replayed
async def restore_account(ctx: Ctx, response: Response, body: Credentials) -> SignedIn:
    """Undo the deletion of an account within its 14 days, and sign in. What an admin has closed stays closed."""
    session = await _sign_in(ctx, body, is_restoring=True)
    return hand_over(ctx, response, session, delivery=body.token_delivery)


async def _sign_in(ctx: Context, body: Credentials, *, is_restoring: bool) -> Session:
    now, secret = ctx.now(), ctx.runtime.refresh_secret
    async with ctx.read() as connection:
        candidate = await sign_in.find_candidate(connection, body.email, now=now)
    verdict = await verify_password(body.password, candidate.password_hash)
    async with ctx.unit_of_work() as tx:
        outcome = await sign_in.complete_sign_in(
            tx, candidate, verdict, is_restoring=is_restoring, secret=secret, now=now, origin=ctx.origin
        )
    if outcome is None:
        raise InvalidCredentials
    return require_session(outcome)


@router.post(
    "/refresh", operation_id="refresh_session", dependencies=AT_THE_DOOR, responses=refuses(RefreshTokenInvalid)
)
@never_replayed
async def refresh(ctx: Ctx, request: Request, response: Response, body: RefreshRequest | None = None) -> SignedIn:
    """Exchange the refresh token (the cookie's, or the body's) for a new pair.

    Each works once: the second use of one ends the session it belongs to.
    """
    sent = body.refresh_token if body else None
    token = sent or sent_cookie(request, ctx.storefront)
    if token is None:
        raise RefreshTokenInvalid
    async with ctx.unit_of_work() as tx:
        session = await sessions.rotate(
            tx, refresh_token=token, secret=ctx.runtime.refresh_secret, now=ctx.now(), origin=ctx.origin
        )
    if session is None:
        raise RefreshTokenInvalid
    asked = body.token_delivery if body else None
    return hand_over(ctx, response, session, delivery=asked or (TokenDelivery.BODY if sent else TokenDelivery.COOKIE))


@router.post("/logout", operation_id="sign_out", dependencies=AT_THE_DOOR)
@never_replayed
async def logout(ctx: Ctx, request: Request, response: Response, body: RefreshRequest | None = None) -> None:
    """Sign out this device. Without a session nothing happens."""
    token = (body.refresh_token if body else None) or sent_cookie(request, ctx.storefront)
    if token is not None:
        async with ctx.unit_of_work() as tx:
            await sessions.close_session(
                tx, refresh_token=token, secret=ctx.runtime.refresh_secret, now=ctx.now(), origin=ctx.origin
            )
    drop_cookie(ctx, response)


@router.post("/logout-all", operation_id="sign_out_everywhere", dependencies=INSIDE)
async def logout_all(ctx: Ctx, response: Response, gate: TheGate, user: CurrentUser) -> None:
    """Sign out every device at once; access tokens end too."""
    async with ctx.unit_of_work() as tx:
        await sessions.end_all_sessions(tx, user.user_id, now=ctx.now(), origin=ctx.origin)
    gate.forget(str(user.user_id))
    drop_cookie(ctx, response)


@router.post(
    "/logout-others", operation_id="sign_out_other_devices", dependencies=INSIDE, responses=refuses(RefreshTokenInvalid)
)
@never_replayed
async def logout_others(ctx: Ctx, request: Request, user: CurrentUser, body: RefreshRequest | None = None) -> None:
    """Sign out every device but this one, which its refresh token names. Their access tokens live on for minutes."""
    token = (body.refresh_token if body else None) or sent_cookie(request, ctx.storefront)
    if token is None:
        raise RefreshTokenInvalid
    async with ctx.unit_of_work() as tx:
        await sessions.end_other_sessions(
            tx, user.user_id, refresh_token=token, secret=ctx.runtime.refresh_secret, now=ctx.now(), origin=ctx.origin
        )


@router.get("/me", operation_id="get_me", dependencies=INSIDE)
async def get_me(ctx: Ctx, user: CurrentUser) -> UserOut:
    """The account that is signed in."""
    async with ctx.read() as connection:
        return present(await get_user(connection, user.user_id), ctx.storefront)


@router.get("/sessions", operation_id="list_sessions", dependencies=INSIDE)
async def list_sessions(ctx: Ctx, request: Request, user: CurrentUser) -> Page[SessionOut]:
    """The devices that are signed in; `is_current` is known when the request carries the refresh cookie."""
    cookie = sent_cookie(request, ctx.storefront)
    async with ctx.read() as connection:
        rows = await queries.list_sessions(connection, user.user_id, now=ctx.now())
        digest = sessions.hash_refresh_token(cookie, secret=ctx.runtime.refresh_secret) if cookie else None
        current = await queries.find_family(connection, digest) if digest else None
    own = current["family_id"] if current else None
    items = [SessionOut(**dict(row), is_current=row["id"] == own) for row in rows]
    return Page(items=items, page=1, per_page=max(1, len(items)), total=len(items))


@router.delete("/sessions/{session_id}", operation_id="end_session", dependencies=INSIDE)
async def end_session(ctx: Ctx, user: CurrentUser, session_id: UUID) -> None:
    """Sign out one device. Its access token lives on for its last minutes."""
    async with ctx.unit_of_work() as tx:
        if not await sessions.end_session(tx, session_id, user_id=user.user_id, now=ctx.now(), origin=ctx.origin):
            raise NotFound
