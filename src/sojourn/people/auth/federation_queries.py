"""Every statement on journeys to an identity provider, and on the accounts that are linked there."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sojourn.platform.db.database import Connection

INSERT_ATTEMPT = """
INSERT INTO sign_in_attempts (state_hash, holder_hash, nonce, code_verifier, redirect_uri, return_to, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
"""
# Gone with its first use, and only for whoever began it.
TAKE_ATTEMPT = """
DELETE FROM sign_in_attempts WHERE state_hash = $1 AND holder_hash = $2
RETURNING nonce, code_verifier, redirect_uri, return_to, expires_at
"""
DELETE_OLD_ATTEMPTS = "DELETE FROM sign_in_attempts WHERE expires_at < $1"
SELECT_OWNER = "SELECT user_id FROM linked_identities WHERE provider = $1 AND subject = $2"
INSERT_IDENTITY = """
INSERT INTO linked_identities (provider, subject, user_id, email, linked_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING
RETURNING user_id
"""
# Whoever registered this address never proved that it is theirs. Now its owner has come: what the other knows ends.
HAND_OVER_ACCOUNT = """
UPDATE users SET password_hash = NULL, password_changed_at = NULL, email_verified_at = $2, updated_at = $2,
                 refresh_token_version = refresh_token_version + 1
 WHERE id = $1
"""
SELECT_BY_SUPABASE_UID = "SELECT id FROM users WHERE supabase_uid = $1 AND deleted_at IS NULL"
UPDATE_SUPABASE_UID = """
UPDATE users SET supabase_uid = $2, updated_at = $3 WHERE id = $1 AND supabase_uid IS NULL RETURNING id
"""


@dataclass(frozen=True, slots=True)
class StoredAttempt:
    """A row of `sign_in_attempts`. `return_to` is where the browser goes in the end; None: the client asked itself."""

    nonce: str
    code_verifier: str
    redirect_uri: str
    return_to: str | None
    expires_at: datetime


async def insert_attempt(tx: Connection, *, state_hash: bytes, holder_hash: bytes, attempt: StoredAttempt) -> None:
    await tx.execute(
        INSERT_ATTEMPT, state_hash, holder_hash, attempt.nonce, attempt.code_verifier, attempt.redirect_uri,
        attempt.return_to, attempt.expires_at,
    )  # fmt: skip


async def take_attempt(tx: Connection, *, state_hash: bytes, holder_hash: bytes) -> StoredAttempt | None:
    """The attempt, for the only time."""
    row = await tx.fetchrow(TAKE_ATTEMPT, state_hash, holder_hash)
    return StoredAttempt(*row.values()) if row else None


async def find_owner(connection: Connection, *, provider: str, subject: str) -> UUID | None:
    """Whose account is linked with this identity."""
    owner: UUID | None = await connection.fetchval(SELECT_OWNER, provider, subject)
    return owner


async def insert_identity(
    tx: Connection, *, provider: str, subject: str, user_id: UUID, email: str, now: datetime
) -> bool:
    """False when the identity, or the account, is linked already."""
    return await tx.fetchval(INSERT_IDENTITY, provider, subject, user_id, email, now) is not None


async def hand_over_account(tx: Connection, user_id: UUID, *, now: datetime) -> None:
    """Forget the password and raise the version: for an account whose address nobody had confirmed."""
    await tx.execute(HAND_OVER_ACCOUNT, user_id, now)


async def find_by_supabase_uid(connection: Connection, uid: str) -> UUID | None:
    user_id: UUID | None = await connection.fetchval(SELECT_BY_SUPABASE_UID, uid)
    return user_id


async def bind_supabase_uid(tx: Connection, user_id: UUID, uid: str, *, now: datetime) -> bool:
    """False when the account is bound to somebody already."""
    return await tx.fetchval(UPDATE_SUPABASE_UID, user_id, uid, now) is not None
