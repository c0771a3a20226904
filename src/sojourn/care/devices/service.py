"""Which devices somebody is reached on: at most ten, each token with the account that registered it last."""

from datetime import datetime
from typing import Final
from uuid import UUID

from sojourn.care.devices import queries
from sojourn.care.devices.models import Device, DeviceIn
from sojourn.platform.db.database import Connection
from sojourn.platform.errors import NotAuthenticated
from sojourn.platform.kit.ids import new_id

MAX_DEVICES: Final = 10


async def register(
    tx: Connection, *, user_id: UUID, session_id: UUID | None, wanted: DeviceIn, now: datetime
) -> Device:
    """Know a device from here on, under the sign-in that asks; the one seen longest ago makes room for an eleventh.

    Safe to repeat: apps do at every start. Raises `NotAuthenticated` when the account was closed or the sign-in ended
    meanwhile.
    """
    is_open = await queries.lock_owner(tx, user_id)
    if not is_open or (session_id is not None and await queries.is_session_over(tx, session_id)):
        raise NotAuthenticated
    device = None
    while device is None:
        # Whoever registers the same token at this moment was first, and is taken it from again.
        await queries.take_from_others(tx, wanted.token, user_id=user_id)
        device = await queries.upsert_device(
            tx, device_id=new_id(), user_id=user_id, session_id=session_id, wanted=wanted, now=now
        )
    await queries.delete_beyond(tx, user_id, kept=MAX_DEVICES)
    return device
