"""Every statement on `users`."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sojourn.people.roles import Role
from sojourn.people.users.errors import UserNotFound
from sojourn.people.users.models import User, UserFilters, UserSort
from sojourn.platform.db.database import Connection
from sojourn.platform.i18n import Language

_COLUMNS = ", ".join(f"u.{name}" for name in User.__slots__)

# S608: nothing but the list of columns above is put into a statement.
INSERT_USER = f"""
INSERT INTO users AS u (id, email, password_hash, password_changed_at, name, phone, country, role, preferred_language,
                        referral_code, referred_by, is_active, email_verified_at, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $14)
ON CONFLICT DO NOTHING
RETURNING {_COLUMNS}
"""
SELECT_USER = f"SELECT {_COLUMNS} FROM users u WHERE u.id = $1 AND u.deleted_at IS NULL"
SELECT_USER_LOCKED = f"{SELECT_USER} FOR NO KEY UPDATE"
SELECT_USER_BY_EMAIL = f"SELECT {_COLUMNS} FROM users u WHERE lower(u.email) = lower($1)"
SELECT_REFERRER = "SELECT id FROM users WHERE referral_code = $1 AND is_active"
UPDATE_PROFILE = f"""
UPDATE users u SET name = $2, phone = $3, country = $4, avatar_url = $5, preferred_language = $6,
                   emergency_contact_name = $7, emergency_contact_phone = $8, spoken_languages = $9, updated_at = $10
 WHERE u.id = $1
RETURNING {_COLUMNS}
"""
SELECT_PREFERENCES = "SELECT preferences FROM users WHERE id = $1"
UPDATE_PREFERENCES = """
UPDATE users SET preferences = preferences || $2::jsonb, updated_at = $3 WHERE id = $1 RETURNING preferences
"""
# Who may no longer act as a guide is the account of none.
UPDATE_STANDING = f"""
WITH guide AS (UPDATE guides SET user_id = NULL WHERE user_id = $1 AND NOT ($2 = 'GUIDE' AND $3))
UPDATE users u
   SET role = $2, is_active = $3, refresh_token_version = u.refresh_token_version + 1, updated_at = $4,
       deletion_requested_at = CASE WHEN $3 THEN NULL ELSE u.deletion_requested_at END
 WHERE u.id = $1
RETURNING {_COLUMNS}
"""
SELECT_ADMINS_LOCKED = """
SELECT id FROM users WHERE role = 'ADMIN' AND is_active ORDER BY id FOR NO KEY UPDATE
"""
_CHOSEN = """
  FROM users u
 WHERE u.deleted_at IS NULL
   AND ($1::text[] IS NULL OR u.role = ANY ($1))
   AND ($2::boolean IS NULL OR u.is_active = $2)
   AND ($3::text IS NULL OR u.email ILIKE $3 OR u.name ILIKE $3)
"""
_ORDERS = {
    UserSort.NEWEST: "u.created_at DESC, u.id DESC",
    UserSort.OLDEST: "u.created_at, u.id",
    UserSort.NAME: "lower(u.name), u.id",
    UserSort.LAST_SEEN: "u.last_signed_in_at DESC NULLS LAST, u.id DESC",
}
LISTS = {sort: f"SELECT {_COLUMNS} {_CHOSEN} ORDER BY {order} LIMIT $4 OFFSET $5" for sort, order in _ORDERS.items()}
FILE_COLUMNS = (
    "id", "name", "email", "phone", "country", "role", "preferred_language", "loyalty_points", "is_active",
    "email_verified_at", "last_signed_in_at", "deletion_requested_at", "created_at",
)  # fmt: skip
COUNT_USERS = f"SELECT count(*) {_CHOSEN}"
REQUEST_DELETION = """
WITH guide AS (UPDATE guides SET user_id = NULL WHERE user_id = $1)
UPDATE users SET deletion_requested_at = $2, is_active = false, refresh_token_version = refresh_token_version + 1,
                 updated_at = $2
 WHERE id = $1
"""
UNDO_DELETION = "UPDATE users SET deletion_requested_at = NULL, is_active = true, updated_at = $2 WHERE id = $1"
ANONYMISE_USERS = """
WITH addresses AS (DELETE FROM addresses WHERE user_id = ANY ($1)),
     links AS (DELETE FROM account_links WHERE user_id = ANY ($1)),
     tokens AS (DELETE FROM refresh_tokens WHERE user_id = ANY ($1)),
     devices AS (DELETE FROM devices WHERE user_id = ANY ($1)),
     identities AS (DELETE FROM linked_identities WHERE user_id = ANY ($1)),
     factors AS (DELETE FROM second_factors WHERE user_id = ANY ($1)),
     challenges AS (DELETE FROM sign_in_challenges WHERE user_id = ANY ($1)),
     guide AS (UPDATE guides SET user_id = NULL WHERE user_id = ANY ($1)),
     alerts AS (UPDATE emergency_alerts SET latitude = NULL, longitude = NULL, accuracy_m = NULL, positioned_at = NULL,
                                            message = NULL
                 WHERE user_id = ANY ($1))
UPDATE users
   SET email = id || '@deleted.invalid', email_verified_at = NULL, supabase_uid = NULL, password_hash = NULL,
       name = 'Deleted account', phone = NULL, country = NULL, avatar_url = NULL, preferences = '{}',
       spoken_languages = DEFAULT,
       emergency_contact_name = NULL, emergency_contact_phone = NULL, deleted_at = $2, updated_at = $2
 WHERE id = ANY ($1)
"""


async def insert_user(
    tx: Connection, *, user_id: UUID, email: str, password_hash: str | None, name: str, phone: str | None,
    country: str | None, role: Role, language: Language, referral_code: str, referred_by: UUID | None,
    is_active: bool, email_verified_at: datetime | None, now: datetime,
) -> User | None:  # fmt: skip
    """A new account; None when the email address (or, once in ages, the referral code) belongs to somebody."""
    row = await tx.fetchrow(
        INSERT_USER, user_id, email, password_hash, now if password_hash else None, name, phone, country, role,
        language, referral_code, referred_by, is_active, email_verified_at, now,
    )  # fmt: skip
    return User.from_row(row) if row else None


async def get_user(connection: Connection, user_id: UUID) -> User:
    """Raises `UserNotFound`, also for an account that was anonymised."""
    row = await connection.fetchrow(SELECT_USER, user_id)
    if row is None:
        raise UserNotFound
    return User.from_row(row)


async def lock_user(tx: Connection, user_id: UUID) -> User:
    """Raises `UserNotFound`, also for an account that was anonymised."""
    row = await tx.fetchrow(SELECT_USER_LOCKED, user_id)
    if row is None:
        raise UserNotFound
    return User.from_row(row)


async def find_by_email(connection: Connection, email: str) -> User | None:
    row = await connection.fetchrow(SELECT_USER_BY_EMAIL, email)
    return User.from_row(row) if row else None


async def find_referrer(connection: Connection, code: str) -> UUID | None:
    """Whose referral code it is."""
    referrer: UUID | None = await connection.fetchval(SELECT_REFERRER, code)
    return referrer


async def update_profile(tx: Connection, user: User, *, now: datetime) -> User:
    """Write what the person may change of `user`."""
    row = await tx.fetchrow(
        UPDATE_PROFILE, user.id, user.name, user.phone, user.country, user.avatar_url, user.preferred_language,
        user.emergency_contact_name, user.emergency_contact_phone, user.spoken_languages, now,
    )  # fmt: skip
    return User.from_row(row)


async def get_preferences(connection: Connection, user_id: UUID) -> dict[str, object]:
    stored: dict[str, object] = await connection.fetchval(SELECT_PREFERENCES, user_id)
    return stored


async def update_preferences(
    tx: Connection, user_id: UUID, *, changes: dict[str, object], now: datetime
) -> dict[str, object]:
    """Merge `changes` into what is stored; answers all of it."""
    stored: dict[str, object] = await tx.fetchval(UPDATE_PREFERENCES, user_id, changes, now)
    return stored


async def update_standing(tx: Connection, user_id: UUID, *, role: Role, is_active: bool, now: datetime) -> User:
    """Change what somebody may do; ends every session."""
    return User.from_row(await tx.fetchrow(UPDATE_STANDING, user_id, role, is_active, now))


async def lock_admins(tx: Connection) -> Sequence[UUID]:
    """The active admins, locked in id order, so that two of them cannot dismiss each other at once."""
    return [row["id"] for row in await tx.fetch(SELECT_ADMINS_LOCKED)]


async def list_users(
    connection: Connection, *, filters: UserFilters, roles: Sequence[Role] | None
) -> tuple[list[User], int]:
    """One page, and how many there are in all."""
    chosen = arguments(filters, roles=roles)
    rows = await connection.fetch(LISTS[filters.sort], *chosen, filters.per_page, filters.offset)
    total: int = await connection.fetchval(COUNT_USERS, *chosen)
    return [User.from_row(row) for row in rows], total


def arguments(filters: UserFilters, *, roles: Sequence[Role] | None) -> tuple[object, ...]:
    """What `LISTS` ask for, all but the page."""
    search = filters.search
    escaped = search and search.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    wanted = list(roles) if roles is not None else None
    return wanted, filters.is_active, f"%{escaped}%" if escaped else None


async def request_deletion(tx: Connection, user_id: UUID, *, now: datetime) -> None:
    await tx.execute(REQUEST_DELETION, user_id, now)


async def undo_deletion(tx: Connection, user_id: UUID, *, now: datetime) -> None:
    await tx.execute(UNDO_DELETION, user_id, now)


async def anonymise(tx: Connection, user_ids: Sequence[UUID], *, now: datetime) -> None:
    """Forget who they were, in the people's own tables."""
    await tx.execute(ANONYMISE_USERS, user_ids, now)
