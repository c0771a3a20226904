"""How a session reaches the client: an access token in the body, the refresh token in a cookie or beside it."""

from starlette.requests import Request
from starlette.responses import Response

from sojourn.people.auth.admission import CHALLENGE_LIFE
from sojourn.people.auth.errors import SecondFactorRequired
from sojourn.people.auth.models import Challenge, Session, SignedIn, TokenDelivery
from sojourn.people.auth.sessions import REFRESH_LIFE
from sojourn.people.auth.tokens import ACCESS_LIFE, issue_access_token
from sojourn.people.roles import role_on_wire
from sojourn.people.users.models import present
from sojourn.platform.http.context import Context
from sojourn.platform.storefront import Storefront


def cookie_name(storefront: Storefront) -> str:
    """Storefronts may share a host: each has a cookie of its own."""
    return f"{storefront.key}_refresh"


def hand_over(ctx: Context, response: Response, session: Session, *, delivery: TokenDelivery) -> SignedIn:
    """The answer to a sign-in."""
    user, storefront = session.user, ctx.storefront
    if delivery is TokenDelivery.COOKIE:
        response.set_cookie(
            cookie_name(storefront),
            session.refresh_token,
            max_age=int(REFRESH_LIFE.total_seconds()),
            path=_cookie_path(storefront),
            secure=not ctx.runtime.is_development,
            httponly=True,
            samesite="strict",
        )
    access_token = issue_access_token(
        user_id=user.id, email=user.email, role=role_on_wire(user.role, storefront),
        version=user.refresh_token_version, now=ctx.now(), secret=ctx.runtime.access_secret,
        session_id=session.id,
    )  # fmt: skip
    return SignedIn(
        access_token=access_token,
        expires_in=int(ACCESS_LIFE.total_seconds()),
        refresh_token=session.refresh_token if delivery is TokenDelivery.BODY else None,
        user=present(user, storefront),
    )


def require_session(outcome: Session | Challenge) -> Session:
    """The session of a sign-in that is complete. Raises `SecondFactorRequired` with the other's challenge."""
    if isinstance(outcome, Session):
        return outcome
    expires_in = int(CHALLENGE_LIFE.total_seconds())
    raise SecondFactorRequired(details={"challenge_token": outcome.token, "expires_in": expires_in})


def sent_cookie(request: Request, storefront: Storefront) -> str | None:
    """The refresh token that the browser sent."""
    return request.cookies.get(cookie_name(storefront)) or None


def drop_cookie(ctx: Context, response: Response) -> None:
    response.delete_cookie(
        cookie_name(ctx.storefront), path=_cookie_path(ctx.storefront), secure=not ctx.runtime.is_development,
        httponly=True, samesite="strict",
    )  # fmt: skip


def _cookie_path(storefront: Storefront) -> str:
    return f"{storefront.prefix}/auth"
