"""Points: set aside with a hold, spent at confirmation, earned, matured, taken back and returned (rules, section 6).

Everything happens inside the caller's transaction; a customer's points change under a lock on the customer's row.
`rules` are the storefront's numbers.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from sojourn.platform.db.database import Connection
from sojourn.platform.db.together import Bundle, Write, write_together
from sojourn.platform.jobs.queue import enqueue
from sojourn.platform.kit.clock import local_date, start_of_day
from sojourn.platform.kit.ids import new_id
from sojourn.platform.storefront import SalesRules
from sojourn.sales.effects import POINTS_EXPIRING, effect
from sojourn.sales.loyalty import queries
from sojourn.sales.loyalty import rules as law
from sojourn.sales.loyalty.models import Balance, ExpiringPoints, Redemption
from sojourn.sales.pricing.rules import max_points, points_value
from sojourn.sales.purchases import PurchaseKind

WARNED_DAYS_BEFORE = 30


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


async def are_there(tx: Connection, *, user_id: UUID, purchase_id: UUID, points: int, now: datetime) -> bool:
    """Whether the purchase can still be paid with `points` that it once set aside: they are kept for it, or have lapsed
    and nobody has taken them. Locks the customer then, so that two purchases are not both told yes."""
    if await queries.is_set_aside(tx, purchase_id=purchase_id, now=now):
        return True
    await queries.lock_owner(tx, user_id=user_id)
    account = await queries.load_account(tx, user_id=user_id, purchase_id=purchase_id, now=now)
    return law.available_points(law.let_go(account), now) >= points


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


def earning(
    *, user_id: UUID, purchase_kind: PurchaseKind, purchase_id: UUID, booking_id: UUID | None, points: int,
    now: datetime,
) -> Sequence[Write]:  # fmt: skip
    """What promises `points` for a payment: visible at once, spendable when the purchase is completed.

    Written twice for one purchase it changes nothing; empty when there is nothing to earn.
    """
    if points <= 0:
        return ()
    return (
        queries.earned(
            user_id=user_id, purchase_kind=purchase_kind, purchase_id=purchase_id, booking_id=booking_id,
            points=points, now=now,
        ),
    )  # fmt: skip


async def earn(
    tx: Connection, *, user_id: UUID, purchase_kind: PurchaseKind, purchase_id: UUID, booking_id: UUID | None,
    points: int, now: datetime,
) -> None:  # fmt: skip
    """Write what `earning` says."""
    earned = earning(
        user_id=user_id, purchase_kind=purchase_kind, purchase_id=purchase_id, booking_id=booking_id, points=points,
        now=now,
    )  # fmt: skip
    await write_together(tx, Bundle(earned))


async def mature(tx: Connection, *, purchase_id: UUID, now: datetime, rules: SalesRules) -> None:
    """The purchase is completed, or cancelled and settled: what points it has earned can be spent, after debts are
    paid. Twice changes nothing."""
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


async def restore(
    tx: Connection, *, purchase_id: UUID, refunded: Decimal, captured: Decimal, now: datetime, rules: SalesRules
) -> None:
    """A refund failed after all: what `take_back` took for it is earned again. Sums as there; twice changes nothing.

    Points that a refund has given back stay: the money is still owed, and the next attempt gives no more of them.
    """
    user_id = await queries.find_earner(tx, purchase_id=purchase_id)
    if user_id is None:
        return
    await queries.lock_owner(tx, user_id=user_id)
    before = await queries.load_account(tx, user_id=user_id, purchase_id=purchase_id, now=now)
    after = law.restore(
        before, purchase_id=purchase_id, refunded=refunded, captured=captured, now=now, rules=rules, new_lot_id=new_id()
    )
    await queries.apply(tx, user_id=user_id, before=before, after=after, purchase_id=purchase_id, now=now)


async def grant(
    tx: Connection, *, user_id: UUID, points: int, referral_id: UUID, now: datetime, rules: SalesRules
) -> None:
    """Give points for a referral; the ledger names it. The caller sees to it that it happens once."""
    await queries.lock_owner(tx, user_id=user_id)
    before = await queries.load_account(tx, user_id=user_id, purchase_id=None, now=now)
    after = law.grant(before, points=points, now=now, rules=rules, new_lot_id=new_id())
    await queries.apply(tx, user_id=user_id, before=before, after=after, purchase_id=referral_id, now=now)


async def give_back(tx: Connection, *, purchase_id: UUID, fraction: Decimal, now: datetime, rules: SalesRules) -> None:
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


async def expire(tx: Connection, *, now: datetime, limit: int) -> int:
    """Take out points that have outlived their time, of at most `limit` customers. Returns of how many."""
    owners = await queries.list_lapsed_owners(tx, now=now, limit=limit)
    for user_id in owners:
        await queries.lock_owner(tx, user_id=user_id)
        before = await queries.load_account(tx, user_id=user_id, purchase_id=None, now=now)
        after = law.lapse(before, now=now)
        await queries.apply(tx, user_id=user_id, before=before, after=after, purchase_id=None, now=now)
    return len(owners)


async def warn(tx: Connection, *, now: datetime, zone: str, limit: int) -> int:
    """Queue mails for points that end within 30 days, of at most `limit` customers: one a day of ending, once.

    Returns of how many customers. Days are those of the IANA zone `zone`.
    """
    before = _end_of_warning(now, zone)
    owners = await queries.list_unwarned_owners(tx, now=now, before=before, limit=limit)
    for user_id in owners:
        await queries.lock_owner(tx, user_id=user_id)
        groups = await queries.mark_warned(tx, user_id=user_id, now=now, before=before, zone=zone)
        mails = [
            effect(POINTS_EXPIRING, user_id=user_id, points=group.points, expires_on=str(group.expires_on))
            for group in groups
        ]
        await enqueue(tx, *mails)
    return len(owners)


def _end_of_warning(now: datetime, zone: str) -> datetime:
    """The end of the day 30 days ahead: a day's points are announced together."""
    return start_of_day(local_date(now, zone) + timedelta(days=WARNED_DAYS_BEFORE + 1), zone)


async def rebuild(tx: Connection, *, user_id: UUID | None) -> int:
    """Recompute `users.loyalty_points` from the ledger, of one customer or of all. Returns how many were wrong."""
    return await queries.rebuild_cache(tx, user_id=user_id)


async def balance(connection: Connection, *, user_id: UUID, now: datetime, zone: str, rules: SalesRules) -> Balance:
    """The customer's points as they stand, in one statement. Days are those of the IANA zone `zone`."""
    soon = _end_of_warning(now, zone)
    sums = await queries.get_standing(connection, user_id=user_id, now=now, soon=soon, zone=zone)
    available = max(sums.free - sums.debt, 0)
    return Balance(
        available=available,
        pending=sums.pending,
        reserved=sums.reserved,
        debt=sums.debt,
        expiring_soon=[ExpiringPoints.model_validate(group) for group in sums.expiring_soon],
        value_usd=points_value(available, rules),
    )


def redeem(*, subtotal: Decimal, points: int | None, available: int, rules: SalesRules) -> Redemption:
    """What `points` (None: as many as may be) of `available` would take off a price of `subtotal` after discounts."""
    most = max_points(after_discounts=subtotal, available=available, rules=rules)
    asked = most if points is None else points
    used = min(asked - asked % rules.points_block, most)
    discount = points_value(used, rules)
    return Redemption(
        subtotal=subtotal, available=available, max_points=most, points=used, discount=discount,
        total=subtotal - discount,
    )  # fmt: skip
