"""Opening an account."""

from dataclasses import replace
from datetime import datetime, timedelta

from sojourn.people.auth import links
from sojourn.people.auth.models import LinkPurpose, Registration
from sojourn.people.effects import EMAIL_ALREADY_REGISTERED, VERIFY_EMAIL, WELCOME, account_mail, link_mail
from sojourn.people.roles import Role
from sojourn.people.users import queries
from sojourn.people.users.models import User
from sojourn.platform.audit.trail import Act, record
from sojourn.platform.db.database import Connection
from sojourn.platform.errors import InvalidInput
from sojourn.platform.http.context import Origin
from sojourn.platform.i18n import Language
from sojourn.platform.jobs.queue import NewJob, enqueue
from sojourn.platform.kit.ids import new_id, new_reference

REFERRAL_PREFIX = "R"
REFERRAL_LENGTH = 9
WELCOME_AFTER = timedelta(minutes=30)  # within the hour (rules, section 10), unless the address is confirmed sooner


def new_referral_code() -> str:
    return new_reference(REFERRAL_PREFIX, length=REFERRAL_LENGTH)


async def register(
    tx: Connection, *, wanted: Registration, password_hash: str, language: Language, now: datetime, origin: Origin
) -> User | None:
    """A new customer, with the mail that asks to confirm the address.

    None when the address has an account already: its owner is told by mail, the caller commits that and then refuses.
    Raises `InvalidInput` for an unknown referral code.
    """
    referrer = await queries.find_referrer(tx, wanted.referral_code) if wanted.referral_code else None
    if wanted.referral_code and referrer is None:
        raise InvalidInput.at("referral_code", "is not a code of ours")
    user = await queries.insert_user(
        tx, user_id=new_id(), email=wanted.email, password_hash=password_hash, name=wanted.name, phone=wanted.phone,
        country=wanted.country, role=Role.CUSTOMER, language=wanted.language or language,
        referral_code=new_referral_code(), referred_by=referrer, is_active=True, email_verified_at=None, now=now,
    )  # fmt: skip
    if user is None:
        await _tell_owner(tx, wanted.email, now=now)
        return None
    secret = await links.make_link(tx, user.id, LinkPurpose.VERIFY_EMAIL, now=now)
    await enqueue(tx, link_mail(VERIFY_EMAIL, user_id=user.id, secret=secret), welcome(user, after=WELCOME_AFTER))
    act = Act(action="account.registered", subject_kind="user", subject_id=user.id, actor_id=user.id)
    await record(tx, act, now=now, origin=origin)
    return user


def welcome(user: User, *, after: timedelta = timedelta(0)) -> NewJob:
    """The welcome mail. Asked for twice, it is sent once: it is always about the same occasion."""
    return replace(account_mail(WELCOME, user_id=user.id, at=user.created_at), after=after)


async def _tell_owner(tx: Connection, email: str, *, now: datetime) -> None:
    owner = await queries.find_by_email(tx, email)
    if owner is not None and owner.is_active:
        # One a day: the mail must not become a weapon.
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        job = account_mail(EMAIL_ALREADY_REGISTERED, user_id=owner.id, at=midnight)
        await enqueue(tx, replace(job, key=f"{EMAIL_ALREADY_REGISTERED}:{owner.id}"))
