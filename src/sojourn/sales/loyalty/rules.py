"""What happens to points, as pure functions (rules, section 6).

An `Account` is one customer's lots and debt as seen by one purchase. Each function answers the account as it stands
afterwards, with the ledger entries that lead there. Two sums hold at all times: a lot's entries add up to what remains
of it, and the entries of no lot add up to the debt, negated.
"""

import calendar
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from enum import StrEnum
from uuid import UUID

from sojourn.platform.storefront import SalesRules
from sojourn.sales.loyalty.errors import NotEnoughPoints


class LotStatus(StrEnum):
    PENDING = "PENDING"
    AVAILABLE = "AVAILABLE"
    VOIDED = "VOIDED"


class EntryKind(StrEnum):
    EARNED = "EARNED"
    MATURED = "MATURED"
    SPENT = "SPENT"
    RETURNED = "RETURNED"
    TAKEN_BACK = "TAKEN_BACK"
    EXPIRED = "EXPIRED"
    SET_OFF = "SET_OFF"
    REFERRAL = "REFERRAL"
    RESTORED = "RESTORED"


class EntryStatus(StrEnum):
    PENDING = "PENDING"
    AVAILABLE = "AVAILABLE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lot:
    """Points that came together.

    `reserved` are held by other purchases; `held`, `spent` and `returned` are the looking purchase's own.
    """

    id: UUID
    purchase_id: UUID | None
    status: LotStatus
    points: int
    remaining: int
    expires_at: datetime | None
    reserved: int = 0
    held: int = 0
    spent: int = 0
    returned: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the ledger. `lot_id` is None where the line makes or pays a debt."""

    kind: EntryKind
    points: int
    status: EntryStatus
    lot_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One customer's points, as one purchase looks at them.

    `taken`: points it had earned that are taken back now; `gone`: those and what of its own lot has expired.
    `owed` and `owed_returned`: what the purchase spent beyond the lots, and what of that was returned.
    """

    lots: tuple[Lot, ...]
    debt: int = 0
    taken: int = 0
    gone: int = 0
    owed: int = 0
    owed_returned: int = 0
    entries: tuple[Entry, ...] = ()

    @property
    def cached_points(self) -> int:
        """What `users.loyalty_points` shows: matured points less debt, those of open holds among them."""
        return max(sum(lot.remaining for lot in self.lots if lot.status is LotStatus.AVAILABLE) - self.debt, 0)


def free_points(lot: Lot, now: datetime) -> int:
    """What of the lot nobody holds and time has not taken."""
    if lot.status is not LotStatus.AVAILABLE or has_lapsed(lot, now):
        return 0
    return lot.remaining - lot.reserved - lot.held


def has_lapsed(lot: Lot, now: datetime) -> bool:
    return lot.expires_at is not None and lot.expires_at <= now


def available_points(account: Account, now: datetime) -> int:
    """What can be spent now, never below 0."""
    return max(sum(free_points(lot, now) for lot in account.lots) - account.debt, 0)


def let_go(account: Account) -> Account:
    """As if the purchase held nothing."""
    return replace(account, lots=tuple(replace(lot, held=0) for lot in account.lots))


def set_aside(account: Account, *, points: int, now: datetime) -> Account:
    """Hold `points` for the purchase, soonest to expire first, in place of what it held. Raises `NotEnoughPoints`."""
    account = let_go(account)
    available = available_points(account, now)
    if points > available:
        raise NotEnoughPoints(details={"requested": points, "available": available})
    for lot, part in _from_free(account, points, now):
        account = _with(account, replace(lot, held=part))
    return account


def spend(account: Account, *, now: datetime) -> Account:
    """Spend what the purchase held: from the lots it held, then from others, and the rest becomes a debt.

    Only a hold that lapsed before its payment arrived can come short; the paid purchase stands all the same.
    """
    missing = sum(lot.held for lot in account.lots)
    for lot in account.lots:
        part = min(lot.held, max(lot.remaining - lot.reserved, 0))
        account = _with(account, replace(lot, held=0))
        account = _spend_from(account, replace(lot, held=0), part)
        missing -= part
    for lot, part in _from_free(account, missing, now):
        account = _spend_from(account, lot, part)
        missing -= part
    if missing:
        account = _owe(account, EntryKind.SPENT, missing)
        account = replace(account, owed=account.owed + missing)
    return account


def mature(account: Account, *, purchase_id: UUID, now: datetime, rules: SalesRules) -> Account:
    """The purchase is completed: what it earned can be spent for `points_life_months`, after debts are paid."""
    lot = _earned_by(account, purchase_id)
    if lot is None or lot.status is not LotStatus.PENDING:
        return account
    ripe = replace(lot, status=LotStatus.AVAILABLE, expires_at=add_months(now, rules.points_life_months))
    account = _with(
        account,
        ripe,
        Entry(kind=EntryKind.MATURED, points=-lot.remaining, status=EntryStatus.PENDING, lot_id=lot.id),
        Entry(kind=EntryKind.MATURED, points=lot.remaining, status=EntryStatus.AVAILABLE, lot_id=lot.id),
    )
    return set_off(account, now=now)


def take_back(account: Account, *, purchase_id: UUID, refunded: Decimal, captured: Decimal, now: datetime) -> Account:
    """Take earned points back in the proportion refunded so far; asking twice with the same sums changes nothing.

    What has been spent meanwhile is taken from other lots, and what they do not have becomes a debt.
    """
    lot = _earned_by(account, purchase_id)
    if lot is None or lot.status is LotStatus.VOIDED:
        return account
    missing = points_to_take_back(earned=lot.points, refunded=refunded, captured=captured) - account.gone
    if missing <= 0:
        return account
    if lot.status is LotStatus.PENDING:
        left = lot.remaining - missing
        status = LotStatus.PENDING if left else LotStatus.VOIDED
        entry = Entry(kind=EntryKind.TAKEN_BACK, points=-missing, status=EntryStatus.PENDING, lot_id=lot.id)
        account = replace(account, taken=account.taken + missing, gone=account.gone + missing)
        return _with(account, replace(lot, remaining=left, status=status), entry)
    account = replace(account, taken=account.taken + missing, gone=account.gone + missing)
    own = min(missing, max(lot.remaining - lot.reserved - lot.held, 0))
    account = _drawn(account, lot, own, EntryKind.TAKEN_BACK)
    missing -= own
    for other, part in _from_free(account, missing, now):
        account = _drawn(account, other, part, EntryKind.TAKEN_BACK)
        missing -= part
    return _owe(account, EntryKind.TAKEN_BACK, missing) if missing else account


def restore(
    account: Account, *, purchase_id: UUID, refunded: Decimal, captured: Decimal, now: datetime, rules: SalesRules,
    new_lot_id: UUID,
) -> Account:  # fmt: skip
    """A refund has failed after all: what was taken back for it is earned again, in the proportion still refunded.

    Points that wait go to their lot; others come as the lot `new_lot_id`, because the old one may be spent, and pay
    debts first.
    """
    lot = _earned_by(account, purchase_id)
    if lot is None:
        return account
    kept_back = points_to_take_back(earned=lot.points, refunded=refunded, captured=captured)
    due = min(account.taken, account.gone - kept_back)
    if due <= 0:
        return account
    account = replace(account, taken=account.taken - due, gone=account.gone - due)
    if lot.status is not LotStatus.AVAILABLE:
        entry = Entry(kind=EntryKind.RESTORED, points=due, status=EntryStatus.PENDING, lot_id=lot.id)
        return _with(account, replace(lot, remaining=lot.remaining + due, status=LotStatus.PENDING), entry)
    alive_until = max(lot.expires_at or now, now + timedelta(days=rules.points_returned_life_days))
    account = _with_new_lot(account, EntryKind.RESTORED, due, lot_id=new_lot_id, expires_at=alive_until)
    return set_off(account, now=now)


def grant(account: Account, *, points: int, now: datetime, rules: SalesRules, new_lot_id: UUID) -> Account:
    """Points that nothing was bought for: they can be spent at once, after debts are paid."""
    expires_at = add_months(now, rules.points_life_months)
    account = _with_new_lot(account, EntryKind.REFERRAL, points, lot_id=new_lot_id, expires_at=expires_at)
    return set_off(account, now=now)


def give_back(account: Account, *, fraction: Decimal, now: datetime, rules: SalesRules, new_lot_id: UUID) -> Account:
    """Return the points the purchase spent, in the proportion refunded so far, to the lots they came from.

    Each lot then lives `points_returned_life_days` at least. What was spent on credit pays the debt first; where that
    was paid with other points meanwhile, they come back as the lot `new_lot_id`.
    """
    spent = sum(lot.spent for lot in account.lots) + account.owed
    returned = sum(lot.returned for lot in account.lots) + account.owed_returned
    due = points_to_give_back(spent=spent, fraction=fraction) - returned
    if due <= 0:
        return account
    account = lapse(account, now=now)
    on_credit = min(due, account.owed - account.owed_returned)
    if on_credit:
        account = _forgive(account, on_credit, now=now, rules=rules, new_lot_id=new_lot_id)
    due -= on_credit
    alive_until = now + timedelta(days=rules.points_returned_life_days)
    for lot in sorted(account.lots, key=_by_expiry, reverse=True):
        part = min(due, lot.spent - lot.returned)
        if part:
            longer = max(lot.expires_at or alive_until, alive_until)
            filled = replace(lot, remaining=lot.remaining + part, returned=lot.returned + part, expires_at=longer)
            account = _with(account, filled, _available(EntryKind.RETURNED, part, lot.id))
            due -= part
    return set_off(account, now=now)


def lapse(account: Account, *, now: datetime) -> Account:
    """Take out what has outlived its time; what a live hold keeps stays."""
    for lot in account.lots:
        gone = lot.remaining - lot.reserved - lot.held
        if lot.status is LotStatus.AVAILABLE and has_lapsed(lot, now) and gone > 0:
            account = _drawn(account, lot, gone, EntryKind.EXPIRED)
    return account


def set_off(account: Account, *, now: datetime) -> Account:
    """Pay debt with free points, soonest to expire first."""
    for lot, part in _from_free(account, account.debt, now):
        account = _drawn(account, lot, part, EntryKind.SET_OFF)
        paid = _available(EntryKind.SET_OFF, part, None)
        account = replace(account, debt=account.debt - part, entries=(*account.entries, paid))
    return account


def points_to_take_back(*, earned: int, refunded: Decimal, captured: Decimal) -> int:
    """Of `earned` points, those that go with the refunded sum: what is kept is rounded down, as at earning."""
    if captured <= 0 or refunded <= 0:
        return 0
    kept = earned * max(captured - refunded, Decimal(0)) / captured
    return earned - int(kept.to_integral_value(ROUND_FLOOR))


def points_to_give_back(*, spent: int, fraction: Decimal) -> int:
    """Of `spent` points, those that come back when `fraction` (0 to 1) is refunded; half a point is rounded up."""
    within = min(max(fraction, Decimal(0)), Decimal(1))
    return int((spent * within).to_integral_value(ROUND_HALF_UP))


def add_months(at: datetime, months: int) -> datetime:
    """The same day of the month `months` later, or that month's last day."""
    years, month = divmod(at.month - 1 + months, 12)
    year, month = at.year + years, month + 1
    return at.replace(year=year, month=month, day=min(at.day, calendar.monthrange(year, month)[1]))


def _forgive(account: Account, points: int, *, now: datetime, rules: SalesRules, new_lot_id: UUID) -> Account:
    """Return points that were spent on credit."""
    owed = min(points, account.debt)
    account = replace(account, debt=account.debt - owed, owed_returned=account.owed_returned + points)
    if owed:
        account = replace(account, entries=(*account.entries, _available(EntryKind.RETURNED, owed, None)))
    rest = points - owed
    if not rest:
        return account
    expires_at = add_months(now, rules.points_life_months)
    return _with_new_lot(account, EntryKind.RETURNED, rest, lot_id=new_lot_id, expires_at=expires_at)


def _with_new_lot(account: Account, kind: EntryKind, points: int, *, lot_id: UUID, expires_at: datetime) -> Account:
    lot = Lot(
        id=lot_id, purchase_id=None, status=LotStatus.AVAILABLE, points=points, remaining=points, expires_at=expires_at
    )
    entry = _available(kind, points, lot_id)
    return replace(account, lots=(*account.lots, lot), entries=(*account.entries, entry))


def _spend_from(account: Account, lot: Lot, part: int) -> Account:
    return _drawn(account, replace(lot, spent=lot.spent + part), part, EntryKind.SPENT)


def _drawn(account: Account, lot: Lot, part: int, kind: EntryKind) -> Account:
    if not part:
        return account
    return _with(account, replace(lot, remaining=lot.remaining - part), _available(kind, -part, lot.id))


def _owe(account: Account, kind: EntryKind, points: int) -> Account:
    entry = _available(kind, -points, None)
    return replace(account, debt=account.debt + points, entries=(*account.entries, entry))


def _available(kind: EntryKind, points: int, lot_id: UUID | None) -> Entry:
    return Entry(kind=kind, points=points, status=EntryStatus.AVAILABLE, lot_id=lot_id)


def _from_free(account: Account, points: int, now: datetime) -> Iterable[tuple[Lot, int]]:
    """Which lots give how much of `points`, soonest to expire first; less in all when there is not enough."""
    shares = []
    for lot in sorted(account.lots, key=_by_expiry):
        part = min(points, free_points(lot, now))
        if part > 0:
            shares.append((lot, part))
            points -= part
    return shares


def _by_expiry(lot: Lot) -> tuple[bool, float, UUID]:
    return lot.expires_at is None, lot.expires_at.timestamp() if lot.expires_at else 0.0, lot.id


def _earned_by(account: Account, purchase_id: UUID) -> Lot | None:
    return next((lot for lot in account.lots if lot.purchase_id == purchase_id), None)


def _with(account: Account, lot: Lot, *entries: Entry) -> Account:
    lots = tuple(lot if old.id == lot.id else old for old in account.lots)
    return replace(account, lots=lots, entries=(*account.entries, *entries))
