"""Points: set aside with a hold, spent at confirmation, earned, matured, taken back and returned (rules, section 6).

Everything happens inside the caller's transaction; a customer's points change under a lock on the customer's row.
`rules` are the storefront's numbers.
"""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sojourn.platform.db.database import Connection
from sojourn.platform.kit.ids import new_id
from sojourn.platform.storefront import SalesRules
from sojourn.sales.loyalty import queries
from sojourn.sales.loyalty import rules as law
from sojourn.sales.loyalty.rules import STANDARD
from sojourn.sales.payments.payable import PurchaseKind


async def reserve(
    tx: Connection, *, user_id: UUID, purchase_id: UUID, points: int, expires_at: datetime, now: datetime
) -> None:
    """Set `points` aside for the purchase until `expires_at`, in place of what it had set aside. 0 gives them free.

    Raises `NotEnoughPoints`. Whether the purchase may take so many (blocks, share of the price) is the price's matter.
    """
    await queries.lock_owner(tx, user_id=user_id)
    await queries.forget_set_aside(tx, purchase_id=purchase_id)
    if not points:
        return
    account = await queries.load_account(tx, user_id=user_id, purchase_id=purchase_id, now=now)
    account = law.set_aside(account, points=points, now=now)
    await queries.set_aside(
        tx, user_id=user_id, purchase_id=purchase_id, account=account, expires_at=expires_at, now=now
    )


async def extend(tx: Connection, *, purchase_id: UUID, expires_at: datetime) -> None:
    """The hold lasts until `expires_at`, and its points with it. Only while it has not lapsed."""
    await queries.extend(tx, purchase_id=purchase_id, expires_at=expires_at)


async def release(tx: Connection, *, purchase_id: UUID) -> None:
    """The hold has ended: its points are free. They are still spent if the payment arrives after all."""
    await queries.release(tx, purchase_id=purchase_id)


async def consume(tx: Connection, *, user_id: UUID, purchase_id: UUID, booking_id: UUID | None, now: datetime) -> bool:
    """Spend what the purchase has set aside; one statement when there is nothing.

    False when the hold had lapsed and its points went elsewhere meanwhile: what is left is spent, the rest is a debt,
    and the paid purchase stands.
    """
    if not await queries.has_set_aside(tx, purchase_id=purchase_id):
        return True
    await queries.lock_owner(tx, user_id=user_id)
    before = await queries.load_account(tx, user_id=user_id, purchase_id=purchase_id, now=now)
    after = law.spend(before, now=now)
    await queries.note_consumed(tx, user_id=user_id, purchase_id=purchase_id, account=after, now=now)
    await queries.apply(
        tx, user_id=user_id, before=before, after=after, purchase_id=purchase_id, booking_id=booking_id, now=now
    )
    return not after.owed


async def earn(
    tx: Connection,
    *,
    user_id: UUID,
    purchase_kind: PurchaseKind,
    purchase_id: UUID,
    booking_id: UUID | None,
    points: int,
    now: datetime,
) -> bool:
    """Promise `points` for a payment: visible at once, spendable when the purchase is completed.

    False when the purchase has earned before, or there is nothing to earn.
    """
    if points <= 0:
        return False
    return await queries.insert_earned(
        tx, user_id=user_id, purchase_kind=purchase_kind, purchase_id=purchase_id, booking_id=booking_id,
        points=points, now=now,
    )  # fmt: skip


async def mature(tx: Connection, *, purchase_id: UUID, now: datetime, rules: SalesRules = STANDARD) -> None:
    """The purchase is completed: its points can be spent, after debts are paid. Twice changes nothing."""
    user_id = await queries.find_earner(tx, purchase_id=purchase_id)
    if user_id is None:
        return
    await queries.lock_owner(tx, user_id=user_id)
    before = await queries.load_account(tx, user_id=user_id, purchase_id=purchase_id, now=now)
    after = law.mature(before, purchase_id=purchase_id, now=now, rules=rules)
    await queries.apply(tx, user_id=user_id, before=before, after=after, purchase_id=purchase_id, now=now)


async def take_back(tx: Connection, *, purchase_id: UUID, refunded: Decimal, captured: Decimal, now: datetime) -> None:
    """Take earned points back. `refunded` is the sum refunded so far, of `captured`; twice changes nothing."""
    user_id = await queries.find_earner(tx, purchase_id=purchase_id)
    if user_id is None:
        return
    await queries.lock_owner(tx, user_id=user_id)
    before = await queries.load_account(tx, user_id=user_id, purchase_id=purchase_id, now=now)
    after = law.take_back(before, purchase_id=purchase_id, refunded=refunded, captured=captured, now=now)
    await queries.apply(tx, user_id=user_id, before=before, after=after, purchase_id=purchase_id, now=now)


async def give_back(
    tx: Connection, *, purchase_id: UUID, fraction: Decimal, now: datetime, rules: SalesRules = STANDARD
) -> None:
    """Return spent points. `fraction` (0 to 1) is the share of the purchase refunded so far; twice changes nothing."""
    user_id = await queries.find_spender(tx, purchase_id=purchase_id)
    if user_id is None:
        return
    await queries.lock_owner(tx, user_id=user_id)
    before = await queries.load_account(tx, user_id=user_id, purchase_id=purchase_id, now=now)
    after = law.give_back(before, fraction=fraction, now=now, rules=rules, new_lot_id=new_id())
    await queries.apply(tx, user_id=user_id, before=before, after=after, purchase_id=purchase_id, now=now)
    if after != before:
        await queries.note_returned(tx, purchase_id=purchase_id, account=after)
