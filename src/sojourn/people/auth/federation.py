"""Signing in with somebody else's word: which account an identity belongs to, or a new one.

An identity that is linked finds its account by the provider's own id. An unknown one is believed only with an address
that the provider has confirmed: then it is linked to the account with that address, or a customer's account is opened.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from sojourn.people.auth import federation_queries as federations
from sojourn.people.auth.admission import admit
from sojourn.people.auth.errors import (
    AccountClosed,
    DeletionPending,
    IdentityNotConfirmed,
    OtherIdentityLinked,
    ProviderEmailUnverified,
    SignInAttemptInvalid,
)
from sojourn.people.auth.federation_queries import StoredAttempt
from sojourn.people.auth.models import Challenge, LinkPurpose, Session
from sojourn.people.auth.queries import revoke_links
from sojourn.people.auth.registration import new_referral_code, welcome
from sojourn.people.auth.second_factor_queries import delete_factor
from sojourn.people.auth.sessions import forget_sessions
from sojourn.people.roles import Role
from sojourn.people.users import queries
from sojourn.people.users.fields import Email
from sojourn.people.users.models import User
from sojourn.platform.audit.trail import Act, record
from sojourn.platform.db.database import Connection
from sojourn.platform.http.context import Origin
from sojourn.platform.i18n import Language
from sojourn.platform.jobs.queue import enqueue
from sojourn.platform.kit.ids import new_id, new_secret
from sojourn.platform.kit.texts import PersonName
from sojourn.providers.oauth.port import Identity, SignInAttempt

ATTEMPT_LIFE = timedelta(minutes=10)

_EMAIL: TypeAdapter[str] = TypeAdapter(Email)
_NAME: TypeAdapter[str] = TypeAdapter(PersonName)


async def begin(
    tx: Connection, *, redirect_uri: str, return_to: str | None, now: datetime
) -> tuple[SignInAttempt, str]:
    """A new journey, and the secret that whoever began it must bring back beside the provider's answer."""
    state, holder = new_secret(), new_secret()
    attempt = SignInAttempt(
        state=state, nonce=new_secret(), code_verifier=new_secret() + new_secret(), redirect_uri=redirect_uri
    )
    stored = StoredAttempt(attempt.nonce, attempt.code_verifier, redirect_uri, return_to, now + ATTEMPT_LIFE)
    await federations.insert_attempt(tx, state_hash=_digest(state), holder_hash=_digest(holder), attempt=stored)
    return attempt, holder


async def take_up(tx: Connection, *, state: str, holder: str, now: datetime) -> tuple[SignInAttempt, str | None]:
    """The journey that comes back, for the only time, and where the browser wanted to go.

    Raises `SignInAttemptInvalid`.
    """
    stored = await federations.take_attempt(tx, state_hash=_digest(state), holder_hash=_digest(holder))
    if stored is None or stored.expires_at <= now:
        raise SignInAttemptInvalid
    attempt = SignInAttempt(
        state=state, nonce=stored.nonce, code_verifier=stored.code_verifier, redirect_uri=stored.redirect_uri
    )
    return attempt, stored.return_to


async def sign_in(
    tx: Connection, *, provider: str, identity: Identity, language: Language, secret: str, now: datetime,
    origin: Origin,
) -> Session | Challenge:  # fmt: skip
    """Sign in whom the provider vouches for.

    Raises `ProviderEmailUnverified`, `OtherIdentityLinked`, `IdentityNotConfirmed` for an address that cannot be one,
    `AccountClosed` and `DeletionPending`.
    """
    user_id = await federations.find_owner(tx, provider=provider, subject=identity.subject)
    if user_id is None:
        user_id = await _link(tx, provider=provider, identity=identity, language=language, now=now, origin=origin)
    user = await queries.lock_user(tx, user_id)
    if user.deletion_requested_at is not None:
        raise DeletionPending
    if not user.is_active:
        raise AccountClosed
    return await admit(tx, user.id, secret=secret, now=now, origin=origin, way=provider)


async def _link(
    tx: Connection, *, provider: str, identity: Identity, language: Language, now: datetime, origin: Origin
) -> UUID:
    user = await find_or_open(tx, provider=provider, identity=identity, language=language, now=now, origin=origin)
    if not await federations.insert_identity(
        tx, provider=provider, subject=identity.subject, user_id=user.id, email=identity.email, now=now
    ):
        # The same person, twice at once; or the address has another owner there than it had.
        if await federations.find_owner(tx, provider=provider, subject=identity.subject) == user.id:
            return user.id
        raise OtherIdentityLinked
    act = Act(
        action="auth.identity_linked", subject_kind="user", subject_id=user.id, actor_id=user.id,
        detail={"provider": provider},
    )  # fmt: skip
    await record(tx, act, now=now, origin=origin)
    return user.id


async def find_or_open(
    tx: Connection, *, provider: str, identity: Identity, language: Language, now: datetime, origin: Origin,
    user_id: UUID | None = None,
) -> User:  # fmt: skip
    """The account with the identity's address, which the provider must have confirmed; else a new customer's.

    `user_id`: what a new account is to be called. Raises `ProviderEmailUnverified`, `IdentityNotConfirmed`,
    `AccountClosed` and `DeletionPending`.
    """
    if not identity.is_email_verified:
        raise ProviderEmailUnverified
    email = _checked_email(identity.email)
    opened = await queries.insert_user(
        tx, user_id=user_id or new_id(), email=email, password_hash=None, name=_name_of(identity, email), phone=None,
        country=None, role=Role.CUSTOMER, language=language, referral_code=new_referral_code(), referred_by=None,
        is_active=True, email_verified_at=now, now=now,
    )  # fmt: skip
    if opened is not None:
        await enqueue(tx, welcome(opened))
        act = Act(
            action="account.registered", subject_kind="user", subject_id=opened.id, actor_id=opened.id,
            detail={"way": provider},
        )  # fmt: skip
        await record(tx, act, now=now, origin=origin)
        return opened
    found = await queries.find_by_email(tx, email)
    if found is None:
        raise IdentityNotConfirmed
    return await _take_over(tx, found, now=now, origin=origin)


async def _take_over(tx: Connection, found: User, *, now: datetime, origin: Origin) -> User:
    """An account that is there: a stranger who had registered the address before its owner came must not stay in."""
    user = await queries.lock_user(tx, found.id)
    if user.deletion_requested_at is not None:
        raise DeletionPending
    if not user.is_active:
        raise AccountClosed
    if user.email_verified_at is not None:
        return user
    await federations.hand_over_account(tx, user.id, now=now)
    await delete_factor(tx, user.id)
    await revoke_links(tx, user.id, *LinkPurpose, now=now)
    await forget_sessions(tx, user.id, now=now)
    act = Act(action="auth.account_handed_over", subject_kind="user", subject_id=user.id, actor_id=user.id)
    await record(tx, act, now=now, origin=origin)
    return replace(user, email_verified_at=now)


def _checked_email(email: str) -> str:
    try:
        return _EMAIL.validate_python(email)
    except ValidationError as fault:
        raise IdentityNotConfirmed from fault


def _name_of(identity: Identity, email: str) -> str:
    """What the provider calls the person, as far as it can be a name of ours."""
    name = "".join(letter for letter in identity.name or "" if letter.isprintable()).strip()[:100]
    try:
        return _NAME.validate_python(name)
    except ValidationError:
        return email.partition("@")[0][:100]


def _digest(secret: str) -> bytes:
    return sha256(secret.encode()).digest()
