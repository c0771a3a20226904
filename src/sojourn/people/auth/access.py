"""Who is calling. Routes take `CurrentUser`, `MaybeUser`, `CurrentAdmin`, ...; nothing else reads the token.

A valid signature is not enough: the account must still stand, be active and carry the token's version. That is looked
up once and kept for some seconds, and dropped in every process when the account changes.
"""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from cachetools import LRUCache, TTLCache
from fastapi import Depends
from fastapi.security import HTTPBearer
from starlette.requests import Request

from sojourn.people.auth.errors import NetworkNotAllowed, SecondFactorMissing, SupabaseAccountRefused
from sojourn.people.auth.networks import is_within
from sojourn.people.auth.supabase import SupabaseDoor
from sojourn.people.auth.tokens import AccessClaims, read_access_token
from sojourn.people.roles import STAFF, Role
from sojourn.platform.db.database import Connection
from sojourn.platform.errors import NotAllowed, NotAuthenticated
from sojourn.platform.http.context import Runtime, get_runtime
from sojourn.platform.i18n import Language
from sojourn.platform.kit.clock import Clock

KEPT_SECONDS = 15
MAX_KEPT = 50_000
MAX_TOKENS = 5_000

_STANDING = """
SELECT id, email, name, role, refresh_token_version, preferred_language,
       EXISTS (SELECT FROM second_factors f WHERE f.user_id = users.id AND f.confirmed_at IS NOT NULL) AS has_factor
  FROM users WHERE id = $1 AND is_active
"""


@dataclass(frozen=True, slots=True)
class Actor:
    """A signed-in account, as it stood within the last seconds."""

    user_id: UUID
    email: str
    name: str
    role: Role
    version: int
    has_second_factor: bool = False
    language: Language = Language.EN

    @property
    def is_admin(self) -> bool:
        return self.role is Role.ADMIN


def bearer_token(request: Request) -> str | None:
    """The token of the request's Authorization header."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


class Gate:
    """Reads tokens and knows which accounts stand. One per storefront and process."""

    def __init__(self, *, secret: str, clock: Clock) -> None:
        self._secret = secret
        self._clock = clock
        # A client sends the same token for minutes: its signature is checked once, its end every time.
        self._known: LRUCache[str, AccessClaims] = LRUCache(maxsize=MAX_TOKENS)
        self._standing: TTLCache[UUID, Actor] = TTLCache(maxsize=MAX_KEPT, ttl=KEPT_SECONDS, timer=time.monotonic)

    def claims(self, request: Request) -> AccessClaims | None:
        """The claims in the request's Authorization header, when it carries a valid token."""
        scope = request.scope  # asked by the limiter, the idempotency keys and the route: read once
        if "access_claims" not in scope:
            token = bearer_token(request)
            scope["access_claims"] = self._read(token) if token else None
        claims: AccessClaims | None = scope["access_claims"]
        return claims

    def _read(self, token: str) -> AccessClaims | None:
        now = self._clock.now()
        claims = self._known.get(token)
        if claims is None:
            claims = read_access_token(token, secret=self._secret, now=now)
            if claims is not None:
                self._known[token] = claims
        return claims if claims is not None and claims.expires > now.timestamp() else None

    def identify(self, request: Request) -> UUID | None:
        """The user id a valid token names, without asking the database: for limits and idempotency keys."""
        claims = self.claims(request)
        return claims.user_id if claims else None

    def forget(self, user_id: str) -> None:
        """An account changed (its id), or the listener had a gap (empty): look it up anew."""
        if user_id:
            self._standing.pop(UUID(user_id), None)
        else:
            self._standing.clear()

    async def admit(self, claims: AccessClaims, runtime: Runtime) -> Actor | None:
        """The account behind `claims` if it stands and the token is not older than its last sign-out everywhere."""
        actor = self._standing.get(claims.user_id)
        if actor is None:
            async with runtime.db.read() as connection:
                actor = await find_standing(connection, claims.user_id)
            if actor is None:
                return None
            self._standing[claims.user_id] = actor
        return actor if claims.version is None or claims.version == actor.version else None


async def find_standing(connection: Connection, user_id: UUID) -> Actor | None:
    """The active account with this id, or None."""
    row = await connection.fetchrow(_STANDING, user_id)
    if row is None:
        return None
    standing = row["refresh_token_version"], row["has_factor"], Language(row["preferred_language"])
    return Actor(row["id"], row["email"], row["name"], Role(row["role"]), *standing)


# Coroutines, though they wait for nothing: the framework runs plain functions in a thread.
async def _the_gate(request: Request) -> Gate:
    gate: Gate = request.app.state.gate
    return gate


class _Documented(HTTPBearer):
    """Puts the scheme into OpenAPI; the gate reads the header."""

    async def __call__(self, request: Request) -> None:  # type: ignore[override]
        pass


_bearer = _Documented(auto_error=False, scheme_name="bearer", description="An access token from `/auth/login`.")


async def _recognise(request: Request) -> Actor | None:
    """Whoever the token names. Raises `NetworkNotAllowed` for staff who come from elsewhere than they may."""
    gate: Gate = request.app.state.gate
    claims = gate.claims(request)
    runtime = get_runtime(request)
    actor = await gate.admit(claims, runtime) if claims else await _recognise_supabase(request, gate)
    networks = runtime.storefront.staff.networks
    if networks and actor is not None and actor.role in STAFF and not is_within(request.scope["client_ip"], networks):
        raise NetworkNotAllowed
    return actor


async def _recognise_supabase(request: Request, gate: Gate) -> Actor | None:
    """Whoever Supabase's token names, where the storefront takes those. Who has a second factor here must have been
    asked for one there, and staff sign in here."""
    door: SupabaseDoor | None = request.app.state.supabase
    token = bearer_token(request) if door is not None else None
    if door is None or not token:
        return None
    found = await door.recognise(request, token)
    if found is None:
        return None
    claims, is_strong = found
    actor = await gate.admit(claims, get_runtime(request))
    if actor is not None and (actor.role in STAFF or (actor.has_second_factor and not is_strong)):
        raise SupabaseAccountRefused
    return actor


async def _maybe_user(request: Request, _: Annotated[object, Depends(_bearer)]) -> Actor | None:
    actor = await _recognise(request)
    if actor is not None and actor.role in STAFF and not actor.has_second_factor:
        staff = get_runtime(request).storefront.staff
        if staff.is_second_factor_required:
            raise SecondFactorMissing
    return actor


async def _enrolling_user(request: Request, _: Annotated[object, Depends(_bearer)]) -> Actor:
    actor = await _recognise(request)
    if actor is None:
        raise NotAuthenticated
    return actor


async def _current_user(actor: Annotated[Actor | None, Depends(_maybe_user)]) -> Actor:
    if actor is None:
        raise NotAuthenticated
    return actor


# For OpenAPI: what whoever asks for somebody signed in may answer.
_maybe_user.refusals = (SecondFactorMissing, NetworkNotAllowed, SupabaseAccountRefused)  # type: ignore[attr-defined]
_current_user.refusals = (NotAuthenticated, NotAllowed)  # type: ignore[attr-defined]
_enrolling_user.refusals = (NotAuthenticated, NetworkNotAllowed, SupabaseAccountRefused)  # type: ignore[attr-defined]


def having(*roles: Role) -> Callable[..., Awaitable[Actor]]:
    """A dependency that admits these roles only."""

    async def check(actor: Annotated[Actor, Depends(_current_user)]) -> Actor:
        if actor.role not in roles:
            raise NotAllowed
        return actor

    return check


TheGate = Annotated[Gate, Depends(_the_gate)]
"""For whoever changes an account: `forget` it here, so that not even this process's next request sees the old one."""

MaybeUser = Annotated[Actor | None, Depends(_maybe_user)]
CurrentUser = Annotated[Actor, Depends(_current_user)]
EnrollingUser = Annotated[Actor, Depends(_enrolling_user)]
"""As `CurrentUser`, and staff who have no second factor yet though they must: for the routes that give them one."""
CurrentAdmin = Annotated[Actor, Depends(having(Role.ADMIN))]
CurrentDesk = Annotated[Actor, Depends(having(Role.ADMIN, Role.CONSULTANT))]
CurrentGuide = Annotated[Actor, Depends(having(Role.GUIDE))]
