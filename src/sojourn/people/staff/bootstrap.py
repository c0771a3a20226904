"""Accounts that are made without an invitation: the first admin, and the demo accounts of a development machine."""

from dataclasses import dataclass
from datetime import datetime

from pydantic import TypeAdapter, ValidationError

from sojourn.people.auth.passwords import check_acceptable, hash_password
from sojourn.people.auth.registration import new_referral_code
from sojourn.people.roles import Role
from sojourn.people.users import queries
from sojourn.people.users.fields import Email
from sojourn.people.users.models import User
from sojourn.platform.audit.trail import Act, ActorKind, record
from sojourn.platform.db.database import Connection, Database
from sojourn.platform.errors import InvalidInput
from sojourn.platform.i18n import Language
from sojourn.platform.kit.ids import new_id
from sojourn.platform.kit.texts import PersonName
from sojourn.platform.storefront import Storefront

DEMO_PASSWORD = "sojourn-demo-2026"

_EMAIL: TypeAdapter[str] = TypeAdapter(Email)
_NAME: TypeAdapter[str] = TypeAdapter(PersonName)
_DEMO_PEOPLE = (
    (Role.CUSTOMER, "customer", "Sok Dara"),
    (Role.CONSULTANT, "consultant", "Chan Sophea"),
    (Role.GUIDE, "guide", "Keo Vannak"),
    (Role.ADMIN, "admin", "Lim Bopha"),
)


class AdminRefused(Exception):
    """The admin cannot be made; the message says why, to the person at the command line."""


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """An account that anybody may use to look around."""

    role: Role
    email: str
    password: str


async def create_admin(
    database: Database, storefront: Storefront, *, email: str, name: str, password: str, now: datetime
) -> User:
    """The first admin, ready to sign in.

    Raises `AdminRefused` for a bad address, name or password, and when there is such an account.
    """
    try:
        email, name = _EMAIL.validate_python(email), _NAME.validate_python(name)
        check_acceptable(password, email=email, name=name)
    except ValidationError as fault:
        [error] = fault.errors()[:1]
        raise AdminRefused(f"{error['input']!r}: {error['msg'].removeprefix('Value error, ')}") from None
    except InvalidInput as refusal:
        raise AdminRefused(f"The password {refusal.details['fields'][0]['message']}.") from None
    password_hash = await hash_password(password)
    async with database.unit_of_work() as tx:
        admin = await _insert(
            tx, role=Role.ADMIN, email=email, name=name, password_hash=password_hash,
            language=storefront.default_language, now=now,
        )  # fmt: skip
    if admin is None:
        raise AdminRefused(f"{storefront.name} already has an account with the address {email}.")
    return admin


async def ensure_demo_accounts(database: Database, storefront: Storefront, *, now: datetime) -> list[DemoAccount]:
    """One account per role with a known password; those that are there stay as they are.

    Call it on development machines only.
    """
    password_hash = await hash_password(DEMO_PASSWORD)
    accounts = []
    for role, local_part, name in _DEMO_PEOPLE:
        email = f"{local_part}@{storefront.key}.example"
        async with database.unit_of_work() as tx:
            await _insert(
                tx, role=role, email=email, name=name, password_hash=password_hash,
                language=storefront.default_language, now=now,
            )  # fmt: skip
        accounts.append(DemoAccount(role, email, DEMO_PASSWORD))
    return accounts


async def _insert(
    tx: Connection, *, role: Role, email: str, name: str, password_hash: str, language: Language, now: datetime
) -> User | None:
    user = await queries.insert_user(
        tx, user_id=new_id(), email=email, password_hash=password_hash, name=name, phone=None, country=None, role=role,
        language=language, referral_code=new_referral_code(), referred_by=None, is_active=True, email_verified_at=now,
        now=now,
    )  # fmt: skip
    if user is not None:
        act = Act(
            action="staff.created", subject_kind="user", subject_id=user.id, actor_kind=ActorKind.SYSTEM,
            detail={"role": role},
        )  # fmt: skip
        await record(tx, act, now=now)
    return user
