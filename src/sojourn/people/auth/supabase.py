"""Supabase's own access tokens, where a storefront's frontend signs people in there.

A token is as good as ours once its holder is bound to an account by `supabase_uid`. On first sight the account with
the same address is bound, if Supabase has confirmed it, else a customer's account is opened under Supabase's own id, so
that the policies of row-level security find its rows. Staff are never bound: they sign in here.
"""

from uuid import UUID

from cachetools import TTLCache
from starlette.requests import Request

from sojourn.people.auth import federation
from sojourn.people.auth import federation_queries as federations
from sojourn.people.auth.errors import SupabaseAccountRefused
from sojourn.people.auth.tokens import AccessClaims
from sojourn.people.roles import Role
from sojourn.platform.audit.trail import Act, record
from sojourn.platform.errors import Refusal, Unavailable
from sojourn.platform.http.context import Context, get_context
from sojourn.providers.oauth.port import Identity, IdentityRefused, IdentityUnavailable
from sojourn.providers.oauth.supabase import SupabaseAuth

WAY = "supabase"
KEPT_SECONDS = 30
MAX_KEPT = 10_000


class SupabaseDoor:
    """Knows for some seconds who is bound to which account, and who was refused. One per storefront and process."""

    def __init__(self, auth: SupabaseAuth) -> None:
        self._auth = auth
        self._bound: TTLCache[str, UUID | SupabaseAccountRefused] = TTLCache(maxsize=MAX_KEPT, ttl=KEPT_SECONDS)

    async def recognise(self, request: Request, token: str) -> tuple[AccessClaims, bool] | None:
        """The claims of a token of Supabase's, as if it were ours, and whether a second factor was asked for; None for
        any other token. Raises `SupabaseAccountRefused` and `Unavailable`."""
        ctx = await get_context(request)
        try:
            read = await self._auth.read(token, now=ctx.now())
            user_id = await self._account_of(ctx, read.uid)
        except IdentityRefused:
            return None
        except IdentityUnavailable as fault:
            raise Unavailable from fault
        request.scope["principal"] = user_id
        return AccessClaims(user_id=user_id, version=None, expires=read.expires, session_id=None), read.is_strong

    async def _account_of(self, ctx: Context, uid: str) -> UUID:
        known = self._bound.get(uid)
        if known is None:
            known = self._bound[uid] = await self._find_or_bind(ctx, uid)
        if isinstance(known, SupabaseAccountRefused):
            raise known
        return known

    async def _find_or_bind(self, ctx: Context, uid: str) -> UUID | SupabaseAccountRefused:
        async with ctx.read() as connection:
            bound = await federations.find_by_supabase_uid(connection, uid)
        if bound is not None:
            return bound
        identity = await self._auth.find_identity(uid)
        try:
            return await _bind(ctx, identity)
        except Unavailable:
            raise
        except Refusal as refusal:
            # Kept as well: whoever is refused must not have us ask Supabase with every call.
            return SupabaseAccountRefused(details={"reason": refusal.code})


async def _bind(ctx: Context, identity: Identity) -> UUID:
    uid, now = identity.subject, ctx.now()
    async with ctx.unit_of_work() as tx:
        user = await federation.find_or_open(
            tx, provider=WAY, identity=identity, language=ctx.language, now=now, origin=ctx.origin, user_id=_as_id(uid)
        )
        if user.role is not Role.CUSTOMER:
            raise SupabaseAccountRefused
        bound = await federations.find_by_supabase_uid(tx, uid)  # the same person, twice at once
        if bound is None and not await federations.bind_supabase_uid(tx, user.id, uid, now=now):
            raise SupabaseAccountRefused
        if bound is None:
            act = Act(
                action="auth.identity_linked", subject_kind="user", subject_id=user.id, actor_id=user.id,
                detail={"provider": WAY},
            )  # fmt: skip
            await record(tx, act, now=now, origin=ctx.origin)
    return bound or user.id


def _as_id(uid: str) -> UUID | None:
    try:
        return UUID(uid)
    except ValueError:
        return None
