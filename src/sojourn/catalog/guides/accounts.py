"""Linking guides of the catalogue to accounts. Whoever closes an account or changes its role ends the link with it."""

from datetime import datetime
from uuid import UUID

from sojourn.catalog.guides import account_queries
from sojourn.catalog.guides.account_models import GuideAccount
from sojourn.catalog.guides.errors import AccountLinked, AccountNotGuide
from sojourn.people.auth.access import Actor
from sojourn.people.roles import Role
from sojourn.people.users.queries import lock_user
from sojourn.platform.audit.trail import Act, record
from sojourn.platform.db.database import Connection
from sojourn.platform.http.context import Origin


async def link(
    tx: Connection, *, admin: Actor, guide_id: UUID, user_id: UUID | None, now: datetime, origin: Origin
) -> GuideAccount:
    """Make `user_id` the guide's account, in the place of the one before; None: nobody's.

    Raises `GuideNotFound`, `UserNotFound`, `AccountNotGuide`, `AccountLinked`.
    """
    if user_id is not None:
        await _lock_free_guide(tx, user_id, guide_id=guide_id)  # accounts before guides, as whoever closes one
    slug, before = await account_queries.lock_link(tx, guide_id)
    if before != user_id:
        await account_queries.update_link(tx, guide_id, user_id=user_id)
        act = Act(
            action="guide.account_changed", subject_kind="GUIDE", subject_id=guide_id, actor_id=admin.user_id,
            reference=slug, detail={"user_id": [before and str(before), user_id and str(user_id)]},
        )  # fmt: skip
        await record(tx, act, now=now, origin=origin)
    return await account_queries.get_account(tx, guide_id)


async def _lock_free_guide(tx: Connection, user_id: UUID, *, guide_id: UUID) -> None:
    """Under the account's lock it becomes nobody else's. Raises `UserNotFound`, `AccountNotGuide`, `AccountLinked`."""
    user = await lock_user(tx, user_id)
    if user.role is not Role.GUIDE or not user.is_active:
        raise AccountNotGuide(details={"role": user.role, "is_active": user.is_active})
    linked = await account_queries.find_guide_of(tx, user_id)
    if linked not in (None, guide_id):
        raise AccountLinked(details={"guide_id": str(linked)})
