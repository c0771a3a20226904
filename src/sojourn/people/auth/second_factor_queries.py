"""Every statement on second factors, recovery codes and the challenges that wait for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sojourn.platform.db.database import Connection, Row

# A factor that was confirmed stays until it is disabled; one that was not is begun anew.
UPSERT_FACTOR = """
INSERT INTO second_factors AS f (user_id, sealed_secret, created_at) VALUES ($1, $2, $3)
ON CONFLICT (user_id) DO UPDATE SET sealed_secret = excluded.sealed_secret, created_at = excluded.created_at
 WHERE f.confirmed_at IS NULL
RETURNING user_id
"""
SELECT_FACTOR_LOCKED = """
SELECT user_id, sealed_secret, last_step, confirmed_at FROM second_factors WHERE user_id = $1 FOR UPDATE
"""
SELECT_IS_CONFIRMED = "SELECT EXISTS (SELECT FROM second_factors WHERE user_id = $1 AND confirmed_at IS NOT NULL)"
SELECT_STATUS = """
SELECT f.confirmed_at,
       (SELECT count(*) FROM recovery_codes c WHERE c.user_id = f.user_id AND c.used_at IS NULL) AS codes_left
  FROM second_factors f
 WHERE f.user_id = $1 AND f.confirmed_at IS NOT NULL
"""
UPDATE_LAST_STEP = """
UPDATE second_factors SET last_step = $2, confirmed_at = coalesce(confirmed_at, $3) WHERE user_id = $1
"""
DELETE_FACTOR = "DELETE FROM second_factors WHERE user_id = $1 RETURNING user_id"
DELETE_CODES = "DELETE FROM recovery_codes WHERE user_id = $1"
INSERT_CODES = "INSERT INTO recovery_codes (user_id, code_hash) SELECT $1, unnest($2::bytea[])"
USE_CODE = """
UPDATE recovery_codes SET used_at = $3 WHERE user_id = $1 AND code_hash = ANY ($2::bytea[]) AND used_at IS NULL
RETURNING user_id
"""
INSERT_CHALLENGE = """
INSERT INTO sign_in_challenges (token_hash, user_id, version, is_restoring, expires_at) VALUES ($1, $2, $3, $4, $5)
"""
SELECT_CHALLENGE = """
SELECT c.user_id, c.is_restoring FROM sign_in_challenges c
  JOIN users u ON u.id = c.user_id AND u.refresh_token_version = c.version AND u.deleted_at IS NULL
                  AND (u.is_active OR (c.is_restoring AND u.deletion_requested_at IS NOT NULL))
 WHERE c.token_hash = $1 AND c.expires_at > $2
"""
DELETE_CHALLENGE = "DELETE FROM sign_in_challenges WHERE token_hash = $1"
DELETE_OLD_CHALLENGES = "DELETE FROM sign_in_challenges WHERE expires_at < $1"


@dataclass(frozen=True, slots=True)
class Factor:
    """An authenticator app of an account; without `confirmed_at` it does not count yet."""

    user_id: UUID
    sealed_secret: bytes
    last_step: int
    confirmed_at: datetime | None


async def upsert_factor(tx: Connection, user_id: UUID, *, sealed_secret: bytes, now: datetime) -> bool:
    """Begin an enrolment. False when one was confirmed already."""
    return await tx.fetchval(UPSERT_FACTOR, user_id, sealed_secret, now) is not None


async def lock_factor(tx: Connection, user_id: UUID) -> Factor | None:
    row = await tx.fetchrow(SELECT_FACTOR_LOCKED, user_id)
    return Factor(*row.values()) if row else None


async def is_confirmed(connection: Connection, user_id: UUID) -> bool:
    return bool(await connection.fetchval(SELECT_IS_CONFIRMED, user_id))


async def find_status(connection: Connection, user_id: UUID) -> Row | None:
    """`confirmed_at` and `codes_left` of a factor that counts."""
    return await connection.fetchrow(SELECT_STATUS, user_id)


async def mark_used(tx: Connection, user_id: UUID, *, step: int, now: datetime) -> None:
    """No code of `step` or before counts again; a factor that was not confirmed is, now."""
    await tx.execute(UPDATE_LAST_STEP, user_id, step, now)


async def delete_factor(tx: Connection, user_id: UUID) -> bool:
    """With its recovery codes. False when there was none."""
    return await tx.fetchval(DELETE_FACTOR, user_id) is not None


async def replace_codes(tx: Connection, user_id: UUID, hashes: Sequence[bytes]) -> None:
    await tx.execute(DELETE_CODES, user_id)
    await tx.execute(INSERT_CODES, user_id, list(hashes))


async def use_code(tx: Connection, user_id: UUID, hashes: Sequence[bytes], *, now: datetime) -> bool:
    """Use up the recovery code that is stored as one of `hashes`."""
    return await tx.fetchval(USE_CODE, user_id, list(hashes), now) is not None


async def insert_challenge(
    tx: Connection, *, token_hash: bytes, user_id: UUID, version: int, is_restoring: bool, expires_at: datetime
) -> None:
    await tx.execute(INSERT_CHALLENGE, token_hash, user_id, version, is_restoring, expires_at)


async def find_challenge(connection: Connection, token_hash: bytes, *, now: datetime) -> Row | None:
    """`user_id` and `is_restoring` of a challenge that still counts."""
    return await connection.fetchrow(SELECT_CHALLENGE, token_hash, now)


async def delete_challenge(tx: Connection, token_hash: bytes) -> None:
    await tx.execute(DELETE_CHALLENGE, token_hash)
