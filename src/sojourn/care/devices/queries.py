"""Every statement on `devices`, but for their end with a sign-in (`people/auth/queries.py`)."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sojourn.care.devices.errors import DeviceNotFound
from sojourn.care.devices.models import Device, DeviceIn, Target
from sojourn.platform.db.database import Connection
from sojourn.platform.i18n import Language

LOCK_OWNER = "SELECT id FROM users WHERE id = $1 AND is_active FOR NO KEY UPDATE"
SELECT_IS_OVER = """
SELECT EXISTS (SELECT FROM refresh_tokens WHERE family_id = $1 AND revoked_at IS NOT NULL)
"""
DELETE_FROM_OTHERS = "DELETE FROM devices WHERE token = $1 AND user_id <> $2"
UPSERT_DEVICE = """
INSERT INTO devices AS d (id, user_id, session_id, token, platform, language, app_version, registered_at, last_seen_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)
ON CONFLICT (token) DO UPDATE
   SET session_id = excluded.session_id, platform = excluded.platform, language = excluded.language,
       app_version = excluded.app_version, last_seen_at = excluded.last_seen_at
 WHERE d.user_id = excluded.user_id
RETURNING id, platform, language, app_version, registered_at, last_seen_at, true AS is_current
"""
DELETE_BEYOND = """
DELETE FROM devices WHERE id IN (SELECT id FROM devices WHERE user_id = $1 ORDER BY last_seen_at DESC, id OFFSET $2)
"""
SELECT_DEVICES = """
SELECT id, platform, language, app_version, registered_at, last_seen_at,
       coalesce(session_id = $2, false) AS is_current
  FROM devices WHERE user_id = $1 ORDER BY last_seen_at DESC, id
"""
SELECT_TARGETS = "SELECT id, user_id, language FROM devices WHERE user_id = ANY ($1) ORDER BY id"
SELECT_TOKEN = "SELECT token FROM devices WHERE id = $1 AND user_id = $2"
DELETE_DEVICE = "DELETE FROM devices WHERE id = $1 AND user_id = $2 RETURNING id"
DELETE_DEAD = "DELETE FROM devices WHERE id = $1 AND token = $2"


async def lock_owner(tx: Connection, user_id: UUID) -> bool:
    """One change of a person's devices at a time. False when the account was closed."""
    return await tx.fetchval(LOCK_OWNER, user_id) is not None


async def is_session_over(connection: Connection, session_id: UUID) -> bool:
    """Whether a sign-in was ended: its access token may live on for some minutes."""
    return bool(await connection.fetchval(SELECT_IS_OVER, session_id))


async def take_from_others(tx: Connection, token: str, *, user_id: UUID) -> None:
    """What waits for the device as somebody else's finds it gone."""
    await tx.execute(DELETE_FROM_OTHERS, token, user_id)


async def upsert_device(
    tx: Connection, *, device_id: UUID, user_id: UUID, session_id: UUID | None, wanted: DeviceIn, now: datetime
) -> Device | None:
    """The device with this token, new or known; None when it is somebody else's."""
    row = await tx.fetchrow(
        UPSERT_DEVICE, device_id, user_id, session_id, wanted.token, wanted.platform, wanted.language,
        wanted.app_version, now,
    )  # fmt: skip
    return Device(**dict(row)) if row else None


async def delete_beyond(tx: Connection, user_id: UUID, *, kept: int) -> None:
    """Forget the devices that were seen longest ago, but for `kept` of them."""
    await tx.execute(DELETE_BEYOND, user_id, kept)


async def list_devices(connection: Connection, user_id: UUID, *, session_id: UUID | None) -> list[Device]:
    """Seen last, first."""
    return [Device(**dict(row)) for row in await connection.fetch(SELECT_DEVICES, user_id, session_id)]


async def list_targets_of(connection: Connection, user_ids: Sequence[UUID]) -> Sequence[Target]:
    """Where pushes to these accounts go."""
    return [
        Target(
            device_id=row["id"],
            user_id=row["user_id"],
            language=Language(row["language"]) if row["language"] else None,
        )
        for row in await connection.fetch(SELECT_TARGETS, user_ids)
    ]


async def find_token(connection: Connection, device_id: UUID, *, user_id: UUID | None) -> str | None:
    """The device's token; None when it is gone, or somebody else's by now."""
    token: str | None = await connection.fetchval(SELECT_TOKEN, device_id, user_id)
    return token


async def delete_device(tx: Connection, device_id: UUID, *, user_id: UUID) -> None:
    """Raises `DeviceNotFound`, also for somebody else's."""
    if await tx.fetchval(DELETE_DEVICE, device_id, user_id) is None:
        raise DeviceNotFound


async def delete_dead(tx: Connection, device_id: UUID, *, token: str) -> None:
    """Forget a device whose token is dead, unless it has another by now."""
    await tx.execute(DELETE_DEAD, device_id, token)
