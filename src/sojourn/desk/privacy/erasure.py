"""Forgetting people whose time to undo is over (rules, section 1)."""

from datetime import datetime

from sojourn.desk.privacy.erasure_queries import DOOM_FILES, ERASURES, SELECT_DUE
from sojourn.people.users.queries import anonymise
from sojourn.people.users.service import TIME_TO_UNDO
from sojourn.platform.audit.trail import Act, ActorKind, record
from sojourn.platform.db.database import Connection


async def forget_the_deleted(tx: Connection, *, now: datetime, limit: int = 100) -> int:
    """Erase what is left of accounts whose time to undo has passed; answers how many.

    Purchases, payments, invoices and points stay, without the person. Not while a refund is on its way.
    """
    due = [row["id"] for row in await tx.fetch(SELECT_DUE, now - TIME_TO_UNDO, limit)]
    if not due:
        return 0
    await tx.execute(DOOM_FILES, due, now)
    for statement in ERASURES:
        await tx.execute(statement, due)
    await anonymise(tx, due, now=now)
    for user_id in due:
        act = Act(action="account.anonymised", subject_kind="user", subject_id=user_id, actor_kind=ActorKind.SYSTEM)
        await record(tx, act, now=now)
    return len(due)
