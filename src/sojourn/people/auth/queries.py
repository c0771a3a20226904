"""Every statement on credentials, refresh tokens, links and failed sign-ins."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sojourn.people.auth.federation_queries import DELETE_OLD_ATTEMPTS
from sojourn.people.auth.models import LinkPurpose, StoredRefreshToken
from sojourn.people.auth.second_factor_queries import DELETE_OLD_CHALLENGES
from sojourn.platform.db.database import Connection, Row

# Whoever may undo a deletion was sent a link for it: not so the owner of an account that an admin had closed before.
_CREDENTIALS = """
SELECT id, password_hash, is_active, deletion_requested_at,
       deletion_requested_at IS NOT NULL AND EXISTS (
           SELECT FROM account_links l
            WHERE l.user_id = users.id AND l.purpose = 'UNDO_DELETION' AND l.used_at IS NULL) AS is_restorable
  FROM users WHERE deleted_at IS NULL"""
SELECT_CREDENTIALS = f"{_CREDENTIALS} AND lower(email) = lower($1)"
SELECT_CREDENTIALS_LOCKED = f"{_CREDENTIALS} AND id = $1 FOR NO KEY UPDATE"
SELECT_RECENT_FAILURES = """
SELECT failed_at FROM failed_sign_ins WHERE account = lower($1) AND failed_at > $2 ORDER BY failed_at DESC LIMIT $3
"""
INSERT_FAILURE = "INSERT INTO failed_sign_ins (account, ip, failed_at) VALUES (lower($1), $2, $3)"
DELETE_FAILURES = "DELETE FROM failed_sign_ins WHERE account = lower($1)"
DELETE_OLD_FAILURES = "DELETE FROM failed_sign_ins WHERE failed_at < $1"

UPDATE_SIGNED_IN = "UPDATE users SET last_signed_in_at = $2 WHERE id = $1"
UPDATE_HASH = "UPDATE users SET password_hash = $2 WHERE id = $1"
UPDATE_PASSWORD = """
UPDATE users SET password_hash = $2, password_changed_at = $3, refresh_token_version = refresh_token_version + 1,
                 email_verified_at = CASE WHEN $4 THEN coalesce(email_verified_at, $3) ELSE email_verified_at END,
                 is_active = is_active OR $5, updated_at = $3
 WHERE id = $1
"""
RAISE_VERSION = "UPDATE users SET refresh_token_version = refresh_token_version + 1 WHERE id = $1"
MARK_VERIFIED = "UPDATE users SET email_verified_at = $2, updated_at = $2 WHERE id = $1 AND email_verified_at IS NULL"

INSERT_REFRESH_TOKEN = """
INSERT INTO refresh_tokens (id, user_id, family_id, token_hash, version, issued_at, expires_at, ip, user_agent)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
# A token that was issued while its family was being revoked does not carry the mark itself: the family is asked.
SELECT_REFRESH_TOKEN_LOCKED = """
SELECT id, user_id, family_id, version, expires_at, rotated_at,
       revoked_at IS NOT NULL
       OR EXISTS (SELECT FROM refresh_tokens f WHERE f.family_id = t.family_id AND f.revoked_at IS NOT NULL)
  FROM refresh_tokens t
 WHERE token_hash = $1
   FOR UPDATE
"""
MARK_ROTATED = "UPDATE refresh_tokens SET rotated_at = $2 WHERE id = $1"
# With a sign-in ends what was registered under it: its device gets no more pushes.
REVOKE_FAMILY = """
WITH gone AS (DELETE FROM devices WHERE session_id = $1 AND user_id = $2)
UPDATE refresh_tokens SET revoked_at = $3 WHERE family_id = $1 AND user_id = $2 AND revoked_at IS NULL RETURNING id
"""
REVOKE_OTHERS = """
WITH gone AS (DELETE FROM devices WHERE session_id <> $1 AND user_id = $2)
UPDATE refresh_tokens SET revoked_at = $3 WHERE family_id <> $1 AND user_id = $2 AND revoked_at IS NULL
"""
REVOKE_ALL = """
WITH gone AS (DELETE FROM devices WHERE user_id = $1), revoked AS (
    UPDATE refresh_tokens SET revoked_at = $2 WHERE user_id = $1 AND revoked_at IS NULL
)
SELECT refresh_token_version FROM users WHERE id = $1
"""
SELECT_FAMILY = "SELECT user_id, family_id FROM refresh_tokens WHERE token_hash = $1"
SELECT_SESSIONS = """
SELECT t.family_id AS id, t.issued_at AS last_used_at, t.expires_at, t.ip, t.user_agent,
       (SELECT min(issued_at) FROM refresh_tokens f WHERE f.family_id = t.family_id) AS signed_in_at
  FROM refresh_tokens t
  JOIN users u ON u.id = t.user_id AND u.refresh_token_version = t.version
 WHERE t.user_id = $1 AND t.rotated_at IS NULL AND t.expires_at > $2
   AND NOT EXISTS (SELECT FROM refresh_tokens f WHERE f.family_id = t.family_id AND f.revoked_at IS NOT NULL)
 ORDER BY t.issued_at DESC, t.id DESC
 LIMIT 100
"""
DELETE_OLD_REFRESH_TOKENS = "DELETE FROM refresh_tokens WHERE expires_at < $1"

INSERT_LINK = """
INSERT INTO account_links (token_hash, user_id, purpose, expires_at, created_at) VALUES ($1, $2, $3, $4, $5)
"""
SELECT_LINK_OWNER = """
SELECT user_id FROM account_links WHERE token_hash = $1 AND purpose = $2 AND used_at IS NULL AND expires_at > $3
"""
SELECT_LINK_OWNER_LOCKED = f"{SELECT_LINK_OWNER} FOR UPDATE"
SELECT_LINK_EXPIRY = "SELECT expires_at FROM account_links WHERE token_hash = $1 AND used_at IS NULL"
SELECT_LINK_SINCE = """
SELECT EXISTS (SELECT FROM account_links WHERE user_id = $1 AND purpose = $2 AND used_at IS NULL AND created_at > $3)
"""
REVOKE_LINKS = "UPDATE account_links SET used_at = $3 WHERE user_id = $1 AND purpose = ANY ($2) AND used_at IS NULL"
DELETE_OLD_LINKS = "DELETE FROM account_links WHERE expires_at < $1"


async def find_credentials(connection: Connection, email: str) -> Row | None:
    return await connection.fetchrow(SELECT_CREDENTIALS, email)


async def lock_credentials(tx: Connection, user_id: UUID) -> Row | None:
    return await tx.fetchrow(SELECT_CREDENTIALS_LOCKED, user_id)


async def list_recent_failures(connection: Connection, email: str, *, since: datetime, limit: int) -> list[datetime]:
    """When sign-ins as `email` failed, latest first."""
    return [row["failed_at"] for row in await connection.fetch(SELECT_RECENT_FAILURES, email, since, limit)]


async def insert_failure(tx: Connection, email: str, *, ip: str | None, now: datetime) -> None:
    await tx.execute(INSERT_FAILURE, email, ip, now)


async def delete_failures(tx: Connection, email: str) -> None:
    await tx.execute(DELETE_FAILURES, email)


async def update_signed_in(tx: Connection, user_id: UUID, *, now: datetime) -> None:
    await tx.execute(UPDATE_SIGNED_IN, user_id, now)


async def update_hash(tx: Connection, user_id: UUID, *, password_hash: str) -> None:
    """The same password, hashed anew."""
    await tx.execute(UPDATE_HASH, user_id, password_hash)


async def update_password(
    tx: Connection, user_id: UUID, *, password_hash: str, is_email_proven: bool, is_activated: bool, now: datetime
) -> None:
    """Set the password and raise the version: every session ends."""
    await tx.execute(UPDATE_PASSWORD, user_id, password_hash, now, is_email_proven, is_activated)


async def raise_version(tx: Connection, user_id: UUID) -> None:
    """End every session at once, access tokens included."""
    await tx.execute(RAISE_VERSION, user_id)


async def mark_verified(tx: Connection, user_id: UUID, *, now: datetime) -> None:
    await tx.execute(MARK_VERIFIED, user_id, now)


async def insert_refresh_token(
    tx: Connection, *, token_id: UUID, user_id: UUID, family_id: UUID, token_hash: bytes, version: int,
    now: datetime, expires_at: datetime, ip: str | None, user_agent: str | None,
) -> None:  # fmt: skip
    await tx.execute(
        INSERT_REFRESH_TOKEN, token_id, user_id, family_id, token_hash, version, now, expires_at, ip, user_agent
    )


async def lock_refresh_token(tx: Connection, token_hash: bytes) -> StoredRefreshToken | None:
    row = await tx.fetchrow(SELECT_REFRESH_TOKEN_LOCKED, token_hash)
    return StoredRefreshToken(*row.values()) if row else None


async def mark_rotated(tx: Connection, token_id: UUID, *, now: datetime) -> None:
    await tx.execute(MARK_ROTATED, token_id, now)


async def revoke_family(tx: Connection, *, family_id: UUID, user_id: UUID, now: datetime) -> bool:
    """End one session. False when there was nothing to end."""
    return bool(await tx.fetch(REVOKE_FAMILY, family_id, user_id, now))


async def revoke_others(tx: Connection, *, family_id: UUID, user_id: UUID, now: datetime) -> None:
    """End every session but one."""
    await tx.execute(REVOKE_OTHERS, family_id, user_id, now)


async def revoke_all(tx: Connection, user_id: UUID, *, now: datetime) -> int:
    """Revoke every refresh token. Returns the version that tokens need now."""
    version: int = await tx.fetchval(REVOKE_ALL, user_id, now)
    return version


async def find_family(connection: Connection, token_hash: bytes) -> Row | None:
    """`user_id` and `family_id` of a refresh token, whatever its state."""
    return await connection.fetchrow(SELECT_FAMILY, token_hash)


async def list_sessions(connection: Connection, user_id: UUID, *, now: datetime) -> Sequence[Row]:
    return list(await connection.fetch(SELECT_SESSIONS, user_id, now))


async def insert_link(
    tx: Connection, *, token_hash: bytes, user_id: UUID, purpose: LinkPurpose, expires_at: datetime, now: datetime
) -> None:
    await tx.execute(INSERT_LINK, token_hash, user_id, purpose, expires_at, now)


async def find_link_owner(
    connection: Connection, *, token_hash: bytes, purpose: LinkPurpose, now: datetime
) -> UUID | None:
    """Whose live link it is."""
    user_id: UUID | None = await connection.fetchval(SELECT_LINK_OWNER, token_hash, purpose, now)
    return user_id


async def lock_link_owner(tx: Connection, *, token_hash: bytes, purpose: LinkPurpose, now: datetime) -> UUID | None:
    """Whose live link it is; locked, so that it is used once."""
    user_id: UUID | None = await tx.fetchval(SELECT_LINK_OWNER_LOCKED, token_hash, purpose, now)
    return user_id


async def find_link_expiry(connection: Connection, token_hash: bytes) -> datetime | None:
    expires_at: datetime | None = await connection.fetchval(SELECT_LINK_EXPIRY, token_hash)
    return expires_at


async def has_link_since(connection: Connection, user_id: UUID, *, purpose: LinkPurpose, since: datetime) -> bool:
    return bool(await connection.fetchval(SELECT_LINK_SINCE, user_id, purpose, since))


async def revoke_links(tx: Connection, user_id: UUID, *purposes: LinkPurpose, now: datetime) -> None:
    await tx.execute(REVOKE_LINKS, user_id, list(purposes), now)


async def purge(connection: Connection, *, now: datetime) -> None:
    """Forget failures after a day, links a week after their end, refresh tokens a month after theirs; what waited for
    somebody to come back, at its end."""
    await connection.execute(DELETE_OLD_FAILURES, now - timedelta(days=1))
    await connection.execute(DELETE_OLD_LINKS, now - timedelta(days=7))
    await connection.execute(DELETE_OLD_REFRESH_TOKENS, now - timedelta(days=30))
    await connection.execute(DELETE_OLD_CHALLENGES, now)
    await connection.execute(DELETE_OLD_ATTEMPTS, now)
