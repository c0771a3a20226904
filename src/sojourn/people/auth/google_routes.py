"""Sign in with Google: for browsers, which we send there and back, and for clients that do so themselves."""

from typing import Annotated, Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import structlog
from fastapi import Depends, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sojourn.people.auth import federation
from sojourn.people.auth.delivery import hand_over, require_session
from sojourn.people.auth.errors import (
    AccountClosed,
    DeletionPending,
    IdentityNotConfirmed,
    OtherIdentityLinked,
    ProviderEmailUnverified,
    SecondFactorRequired,
    SignInAttemptInvalid,
    SignInMethodOff,
)
from sojourn.people.auth.federation_models import (
    GoogleAnswer,
    GoogleReturn,
    GoogleStart,
    GoogleStarted,
    GoogleVisit,
)  # fmt: skip
from sojourn.people.auth.models import Challenge, Session, SignedIn, TokenDelivery
from sojourn.people.auth.return_addresses import frontend_address, is_allowed
from sojourn.platform.errors import InvalidInput, Refusal, Unavailable
from sojourn.platform.http.context import Context, Ctx
from sojourn.platform.http.idempotency import never_replayed
from sojourn.platform.http.mount import refuses
from sojourn.platform.http.rate_limit import limited
from sojourn.platform.http.routing import Router
from sojourn.platform.storefront import LimitClass
from sojourn.providers.oauth.port import IdentityProvider, IdentityRefused, IdentityUnavailable, SignInAttempt
from sojourn.providers.vendors import TheVendors, Vendors

logger = structlog.get_logger(__name__)

router = Router(prefix="/auth/google", tags=["auth"], dependencies=[Depends(limited(LimitClass.AUTH, by_address=True))])
ATTEMPT_SECONDS = int(federation.ATTEMPT_LIFE.total_seconds())
REFUSALS = (
    SignInMethodOff, SignInAttemptInvalid, IdentityNotConfirmed, ProviderEmailUnverified, OtherIdentityLinked,
    AccountClosed, DeletionPending, SecondFactorRequired,
)  # fmt: skip
_TO_GOOGLE: dict[int | str, dict[str, Any]] = {303: {"description": "On to Google."}, **refuses(SignInMethodOff)}
_BACK: dict[int | str, dict[str, Any]] = {
    303: {
        "description": "On to where the visit began: signed in, with the refresh token as a cookie; or with "
        "`sign_in_error` in the query, a code; or with `challenge_token` in the fragment, for `/auth/login/totp`."
    },
    **refuses(SignInMethodOff),
}


@router.get("", operation_id="visit_google", status_code=303, responses=_TO_GOOGLE)
async def visit_google(ctx: Ctx, vendors: TheVendors, visit: Annotated[GoogleVisit, Query()]) -> Response:
    """Send the browser to Google, to choose whom to sign in as."""
    google = _require_google(vendors)
    return_to = frontend_address(ctx, visit.return_to)
    redirect_uri = f"{ctx.runtime.public_url}{ctx.storefront.prefix}/auth/google/callback"
    url, holder = await _begin(ctx, google, redirect_uri=redirect_uri, return_to=return_to)
    response = RedirectResponse(url, status_code=303)
    # Lax, not strict: the browser comes back from another site.
    response.set_cookie(
        _cookie_name(ctx), holder, max_age=ATTEMPT_SECONDS, path=_cookie_path(ctx), httponly=True, samesite="lax",
        secure=not ctx.runtime.is_development,
    )  # fmt: skip
    return response


@router.get("/callback", operation_id="return_from_google", status_code=303, responses=_BACK)
async def return_from_google(
    ctx: Ctx, vendors: TheVendors, request: Request, answer: Annotated[GoogleReturn, Query()]
) -> Response:
    """Where Google sends the browser back to."""
    google = _require_google(vendors)
    response = RedirectResponse(frontend_address(ctx, None), status_code=303)
    response.delete_cookie(_cookie_name(ctx), path=_cookie_path(ctx), httponly=True, samesite="lax")
    try:
        attempt, return_to = await _take_up(ctx, answer.state or "", request.cookies.get(_cookie_name(ctx), ""))
        response.headers["location"] = return_to or frontend_address(ctx, None)
        outcome = await _sign_in(ctx, google, attempt, code=answer.code or "")
    except Refusal as refusal:
        _point(response, query={"sign_in_error": refusal.code})
        return response
    if isinstance(outcome, Challenge):
        _point(response, fragment={"challenge_token": outcome.token})
    else:
        hand_over(ctx, response, outcome, delivery=TokenDelivery.COOKIE)
    return response


@router.post("/start", operation_id="begin_google_sign_in", responses=refuses(SignInMethodOff))
@never_replayed
async def begin_google_sign_in(ctx: Ctx, vendors: TheVendors, body: GoogleStart) -> GoogleStarted:
    """For clients with a page of their own that Google sends people back to: the address to send them to."""
    google = _require_google(vendors)
    if not is_allowed(ctx, body.redirect_uri):
        raise InvalidInput.at("redirect_uri", "must be an address of one of the allowed origins")
    url, holder = await _begin(ctx, google, redirect_uri=body.redirect_uri, return_to=None)
    return GoogleStarted(authorization_url=url, attempt_token=holder, expires_in=ATTEMPT_SECONDS)


@router.post("", operation_id="sign_in_with_google", responses=refuses(*REFUSALS))
@never_replayed
async def sign_in_with_google(ctx: Ctx, vendors: TheVendors, response: Response, body: GoogleAnswer) -> SignedIn:
    """Sign in with what Google sent back to the client's page."""
    google = _require_google(vendors)
    attempt, _ = await _take_up(ctx, body.state, body.attempt_token)
    session = require_session(await _sign_in(ctx, google, attempt, code=body.code))
    return hand_over(ctx, response, session, delivery=body.token_delivery)


def _require_google(vendors: Vendors) -> IdentityProvider:
    if vendors.google is None:
        raise SignInMethodOff
    return vendors.google


async def _begin(
    ctx: Context, google: IdentityProvider, *, redirect_uri: str, return_to: str | None
) -> tuple[str, str]:
    async with ctx.unit_of_work() as tx:
        attempt, holder = await federation.begin(tx, redirect_uri=redirect_uri, return_to=return_to, now=ctx.now())
    try:
        return await google.authorization_url(attempt), holder
    except IdentityUnavailable as fault:
        logger.warning("google cannot be asked", fault=str(fault))
        raise Unavailable from fault


async def _take_up(ctx: Context, state: str, holder: str) -> tuple[SignInAttempt, str | None]:
    async with ctx.unit_of_work() as tx:
        return await federation.take_up(tx, state=state, holder=holder, now=ctx.now())


async def _sign_in(ctx: Context, google: IdentityProvider, attempt: SignInAttempt, *, code: str) -> Session | Challenge:
    try:
        identity = await google.redeem(code, attempt)
    except IdentityRefused as fault:
        logger.info("google vouches for nobody", fault=str(fault))
        raise IdentityNotConfirmed from fault
    except IdentityUnavailable as fault:
        logger.warning("google cannot be asked", fault=str(fault))
        raise Unavailable from fault
    async with ctx.unit_of_work() as tx:
        return await federation.sign_in(
            tx, provider=google.name, identity=identity, language=ctx.language, secret=ctx.runtime.refresh_secret,
            now=ctx.now(), origin=ctx.origin,
        )  # fmt: skip


def _cookie_name(ctx: Context) -> str:
    return f"{ctx.storefront.key}_google"


def _cookie_path(ctx: Context) -> str:
    return f"{ctx.storefront.prefix}/auth/google"


def _point(response: Response, *, query: dict[str, str] | None = None, fragment: dict[str, str] | None = None) -> None:
    parts = urlsplit(response.headers["location"])
    together = [*parse_qsl(parts.query, keep_blank_values=True), *(query or {}).items()]
    response.headers["location"] = urlunsplit(
        parts._replace(query=urlencode(together), fragment=urlencode(fragment) if fragment else parts.fragment)
    )
