"""The points law at its edges: the moment a lot ends, points that are held, sums that are asked for again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from sojourn.platform.storefront import SalesRules
from sojourn.sales.loyalty import rules as law
from sojourn.sales.loyalty.rules import Account, EntryKind, EntryStatus, Lot, LotStatus

START = datetime(2026, 12, 1, 3, tzinfo=UTC)
RULES = SalesRules()
EARNER, NEW = UUID(int=70), UUID(int=90)
HUNDRED = Decimal(100)


def ripe(number: int, remaining: int, **more: int) -> Lot:
    """An available lot that ends `number` days after the start."""
    return Lot(
        id=UUID(int=number), purchase_id=None, status=LotStatus.AVAILABLE, points=1000, remaining=remaining,
        expires_at=START + timedelta(days=number), **more,
    )  # fmt: skip


def waiting(points: int) -> Lot:
    """What the earner has earned and cannot spend yet."""
    return Lot(
        id=UUID(int=7), purchase_id=EARNER, status=LotStatus.PENDING, points=points, remaining=points, expires_at=None
    )


def test_a_lot_has_ended_at_the_moment_it_ends() -> None:
    lot = ripe(1, 100, reserved=30, held=20)
    before, at = START + timedelta(days=1, microseconds=-1), START + timedelta(days=1)
    assert (law.has_lapsed(lot, before), law.has_lapsed(lot, at)) == (False, True)
    assert (law.free_points(lot, before), law.free_points(lot, at)) == (50, 0)
    account = Account(lots=(lot,), debt=8)
    assert (law.available_points(account, before), law.available_points(account, at)) == (42, 0)
    assert law.available_points(replace(account, debt=51), before) == 0


def test_what_was_held_is_spent_although_its_lot_has_ended() -> None:
    before = Account(lots=(ripe(1, 50, held=50), ripe(9, 100)))
    after = law.spend(before, now=START + timedelta(days=2))
    assert ([lot.remaining for lot in after.lots], after.debt) == ([0, 100], 0)


def test_what_others_hold_beyond_the_lot_is_not_filled_up_again() -> None:
    before = Account(lots=(ripe(1, 20, reserved=30, held=10), ripe(2, 50)))
    after = law.spend(before, now=START)
    assert ([lot.remaining for lot in after.lots], after.debt) == ([20, 40], 0)


def test_what_waited_is_ripe_once() -> None:
    before = Account(lots=(waiting(60),), debt=20)
    after = law.mature(before, purchase_id=EARNER, now=START, rules=RULES)
    (lot,) = after.lots
    assert (lot.status, lot.remaining, after.debt) == (LotStatus.AVAILABLE, 40, 0)
    assert lot.expires_at == law.add_months(START, RULES.points_life_months)
    assert [(entry.kind, entry.points, entry.status) for entry in after.entries] == [
        (EntryKind.MATURED, -60, EntryStatus.PENDING), (EntryKind.MATURED, 60, EntryStatus.AVAILABLE),
        (EntryKind.SET_OFF, -20, EntryStatus.AVAILABLE), (EntryKind.SET_OFF, 20, EntryStatus.AVAILABLE),
    ]  # fmt: skip
    later = START + timedelta(days=9)
    assert law.mature(after, purchase_id=EARNER, now=later, rules=RULES) is after


def test_of_what_waits_a_part_is_taken_back_then_the_rest() -> None:
    part = law.take_back(
        Account(lots=(waiting(60),)), purchase_id=EARNER, refunded=Decimal(25), captured=HUNDRED, now=START
    )
    assert [(lot.status, lot.remaining) for lot in part.lots] == [(LotStatus.PENDING, 45)]
    assert law.take_back(part, purchase_id=EARNER, refunded=Decimal(25), captured=HUNDRED, now=START) is part
    whole = law.take_back(part, purchase_id=EARNER, refunded=HUNDRED, captured=HUNDRED, now=START)
    assert [(lot.status, lot.remaining) for lot in whole.lots] == [(LotStatus.VOIDED, 0)]
    assert [(entry.points, entry.status) for entry in whole.entries] == [
        (-15, EntryStatus.PENDING), (-45, EntryStatus.PENDING),
    ]  # fmt: skip
    assert (whole.taken, whole.gone, whole.debt) == (60, 60, 0)


def test_what_a_failed_refund_took_waits_again() -> None:
    gone = law.take_back(
        Account(lots=(waiting(60),)), purchase_id=EARNER, refunded=HUNDRED, captured=HUNDRED, now=START
    )
    back = law.restore(
        gone, purchase_id=EARNER, refunded=Decimal(25), captured=HUNDRED, now=START, rules=RULES, new_lot_id=NEW
    )
    assert [(lot.status, lot.remaining) for lot in back.lots] == [(LotStatus.PENDING, 45)]
    assert (back.taken, back.gone) == (15, 15)
    again = law.restore(
        back, purchase_id=EARNER, refunded=Decimal(25), captured=HUNDRED, now=START, rules=RULES, new_lot_id=NEW
    )
    assert again is back


def test_what_has_expired_meanwhile_is_not_earned_again() -> None:
    ended = replace(ripe(1, 0), purchase_id=EARNER, points=60)
    before = Account(lots=(ended,), taken=15, gone=60)
    back = law.restore(
        before, purchase_id=EARNER, refunded=Decimal(0), captured=HUNDRED, now=START, rules=RULES, new_lot_id=NEW
    )
    assert (back.taken, back.gone) == (0, 45), "45 of the 60 have expired"
    _, new = back.lots
    assert (new.remaining, new.points, new.status) == (15, 15, LotStatus.AVAILABLE)
    assert new.expires_at == START + timedelta(days=max(RULES.points_returned_life_days, 1))


def test_points_that_come_again_live_as_long_as_their_lot_would_have() -> None:
    alive = replace(ripe(400, 0), purchase_id=EARNER, points=60)
    back = law.restore(
        Account(lots=(alive,), taken=60, gone=60, debt=10), purchase_id=EARNER, refunded=Decimal(0), captured=HUNDRED,
        now=START, rules=RULES, new_lot_id=NEW,
    )  # fmt: skip
    _, new = back.lots
    assert (new.remaining, new.expires_at, back.debt) == (50, START + timedelta(days=400), 0)


def test_a_gift_pays_debts_first() -> None:
    after = law.grant(Account(lots=(), debt=30), points=100, now=START, rules=RULES, new_lot_id=NEW)
    (lot,) = after.lots
    assert (lot.points, lot.remaining, after.debt) == (100, 70, 0)
    assert lot.expires_at == law.add_months(START, RULES.points_life_months)
    assert (after.cached_points, replace(after, debt=71).cached_points) == (70, 0)


def test_time_takes_nothing_of_a_lot_that_is_all_held_or_waits() -> None:
    account = Account(lots=(ripe(1, 50, reserved=30, held=20), replace(waiting(40), expires_at=START)))
    assert law.lapse(account, now=START + timedelta(days=9)) is account


def test_returned_points_live_on_where_their_lot_lives_longer() -> None:
    longer, ended = ripe(500, 10, spent=40), ripe(1, 0, spent=60)
    after = law.give_back(Account(lots=(ended, longer)), fraction=Decimal(1), now=START, rules=RULES, new_lot_id=NEW)
    assert [(lot.remaining, lot.returned) for lot in after.lots] == [(60, 60), (50, 40)]
    assert [lot.expires_at for lot in after.lots] == [
        START + timedelta(days=RULES.points_returned_life_days), START + timedelta(days=500),
    ]  # fmt: skip
    again = law.give_back(after, fraction=Decimal(1), now=START, rules=RULES, new_lot_id=NEW)
    assert again is after
