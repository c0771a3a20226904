"""The points law as pure functions: against a naive model, through any sequence of events."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from sojourn.platform.storefront import SalesRules
from sojourn.sales.loyalty import rules as law
from sojourn.sales.loyalty.errors import NotEnoughPoints
from sojourn.sales.loyalty.rules import Account, Entry, EntryKind, EntryStatus, Lot, LotStatus

START = datetime(2026, 12, 1, 3, tzinfo=UTC)
RULES = SalesRules()
LEAVING = {EntryKind.SPENT, EntryKind.TAKEN_BACK, EntryKind.EXPIRED, EntryKind.RETURNED, EntryKind.RESTORED}


@pytest.mark.parametrize(
    ("at", "months", "expected"),
    [
        (datetime(2026, 12, 1, tzinfo=UTC), 24, datetime(2028, 12, 1, tzinfo=UTC)),
        (datetime(2028, 2, 29, 23, 59, tzinfo=UTC), 24, datetime(2030, 2, 28, 23, 59, tzinfo=UTC)),
        (datetime(2026, 8, 31, tzinfo=UTC), 1, datetime(2026, 9, 30, tzinfo=UTC)),
        (datetime(2026, 11, 30, tzinfo=UTC), 1, datetime(2026, 12, 30, tzinfo=UTC)),
    ],
)
def test_months_are_calendar_months(at: datetime, months: int, expected: datetime) -> None:
    assert law.add_months(at, months) == expected


@pytest.mark.parametrize(
    ("earned", "refunded", "captured", "expected"),
    [
        (289, "0.00", "289.50", 0),
        (289, "100.00", "289.50", 100),
        (289, "289.50", "289.50", 289),
        (289, "400.00", "289.50", 289),
        (100, "0.01", "100.00", 1),  # what is kept is whole points of whole dollars
        (10, "5.00", "0.00", 0),
    ],
)
def test_points_go_with_the_money(earned: int, refunded: str, captured: str, expected: int) -> None:
    taken = law.points_to_take_back(earned=earned, refunded=Decimal(refunded), captured=Decimal(captured))
    assert taken == expected


money = st.decimals(min_value=0, max_value=10_000, places=2)


@given(earned=st.integers(0, 10_000), sums=st.lists(money, min_size=2, max_size=2), captured=money)
def test_more_refunded_never_takes_fewer_points_back(earned: int, sums: list[Decimal], captured: Decimal) -> None:
    less, more = (
        law.points_to_take_back(earned=earned, refunded=refunded, captured=captured) for refunded in sorted(sums)
    )
    assert 0 <= less <= more <= earned


@given(spent=st.integers(0, 10_000), fraction=st.decimals(min_value=-1, max_value=2, places=4))
def test_no_more_points_come_back_than_were_spent(spent: int, fraction: Decimal) -> None:
    returned = law.points_to_give_back(spent=spent, fraction=fraction)
    assert 0 <= returned <= spent
    assert fraction < 1 or returned == spent
    assert fraction > 0 or returned == 0


def ripe(number: int, remaining: int, **more: int) -> Lot:
    """An available lot that ends `number` days after the start."""
    return Lot(
        id=UUID(int=number), purchase_id=None, status=LotStatus.AVAILABLE, points=1000, remaining=remaining,
        expires_at=START + timedelta(days=number), **more,
    )  # fmt: skip


def test_what_a_lapsed_hold_lacks_is_spent_from_other_lots_then_owed() -> None:
    before = Account(lots=(ripe(1, 30, held=100, reserved=10), ripe(2, 50), ripe(3, 40, reserved=40)))
    after = law.spend(before, now=START)
    assert [(lot.remaining, lot.spent) for lot in after.lots] == [(10, 20), (0, 50), (40, 0)]
    assert (after.debt, after.owed) == (30, 30)
    assert [(entry.points, entry.lot_id) for entry in after.entries] == [
        (-20, UUID(int=1)), (-50, UUID(int=2)), (-30, None),
    ]  # fmt: skip


def test_time_takes_what_nobody_holds() -> None:
    before = Account(lots=(ripe(1, 100, reserved=30, held=20), ripe(2, 50, reserved=50), ripe(3, 40)))
    after = law.lapse(before, now=START + timedelta(days=2))
    assert [lot.remaining for lot in after.lots] == [50, 50, 40]
    assert [(entry.kind, entry.points) for entry in after.entries] == [(EntryKind.EXPIRED, -50)]


def test_what_was_spent_on_credit_comes_back_first() -> None:
    spent = Account(lots=(replace(ripe(1, 0), spent=60), replace(ripe(2, 0), spent=40)), owed=100, debt=100)
    half = law.give_back(spent, fraction=Decimal("0.5"), now=START, rules=RULES, new_lot_id=UUID(int=9))
    assert (half.debt, half.owed_returned) == (0, 100)
    assert [lot.returned for lot in half.lots] == [0, 0]
    most = law.give_back(half, fraction=Decimal("0.75"), now=START, rules=RULES, new_lot_id=UUID(int=9))
    assert [lot.returned for lot in most.lots] == [10, 40], "the one that lives longest is filled first"
    assert [lot.remaining for lot in most.lots] == [10, 40]
    assert {lot.expires_at for lot in most.lots} == {START + timedelta(days=RULES.points_returned_life_days)}
    whole = law.give_back(most, fraction=Decimal(1), now=START, rules=RULES, new_lot_id=UUID(int=9))
    assert [lot.returned for lot in whole.lots] == [60, 40]
    assert [entry.points for entry in whole.entries] == [100, 40, 10, 50]


def test_a_debt_that_others_have_paid_comes_back_as_points() -> None:
    spent = Account(lots=(), owed=100, debt=30)
    after = law.give_back(spent, fraction=Decimal(1), now=START, rules=RULES, new_lot_id=UUID(int=9))
    (lot,) = after.lots
    assert (after.debt, after.owed_returned, lot.remaining, lot.points) == (0, 100, 70, 70)
    assert lot.expires_at == law.add_months(START, RULES.points_life_months)
    assert [(entry.kind, entry.points, entry.lot_id) for entry in after.entries] == [
        (EntryKind.RETURNED, 30, None), (EntryKind.RETURNED, 70, UUID(int=9)),
    ]  # fmt: skip


def test_credit_that_was_paid_in_full_comes_back_as_points_alone() -> None:
    after = law.give_back(
        Account(lots=(), owed=40), fraction=Decimal("0.5"), now=START, rules=RULES, new_lot_id=UUID(int=9)
    )
    assert [(entry.points, entry.lot_id) for entry in after.entries] == [(20, UUID(int=9))]
    assert (after.debt, after.owed_returned) == (0, 20)


def test_points_are_spent_soonest_to_end_first() -> None:
    forever = replace(ripe(3, 50), expires_at=None)
    before = Account(lots=(forever, ripe(2, 50), ripe(1, 50)))
    after = law.set_aside(before, points=120, now=START)
    assert [lot.held for lot in after.lots] == [20, 50, 50]
    again = law.set_aside(after, points=60, now=START)
    assert [lot.held for lot in again.lots] == [0, 10, 50], "in place of what it held"


def test_taking_back_goes_to_its_own_lot_then_to_others_then_into_debt() -> None:
    earner = UUID(int=7)
    own = replace(ripe(5, 60, reserved=10), purchase_id=earner, points=200)
    before = Account(lots=(own, ripe(1, 30)))
    after = law.take_back(before, purchase_id=earner, refunded=Decimal(100), captured=Decimal(100), now=START)
    assert [lot.remaining for lot in after.lots] == [10, 0]
    assert (after.taken, after.gone, after.debt) == (200, 200, 120)
    half = law.take_back(before, purchase_id=earner, refunded=Decimal(20), captured=Decimal(100), now=START)
    assert ([lot.remaining for lot in half.lots], half.debt) == ([20, 30], 0)


def test_a_purchase_that_has_earned_nothing_moves_nothing() -> None:
    account, nobodys = Account(lots=(ripe(1, 100),)), UUID(int=9)
    whole = Decimal(100)
    assert law.mature(account, purchase_id=nobodys, now=START, rules=RULES) is account
    assert law.take_back(account, purchase_id=nobodys, refunded=whole, captured=whole, now=START) is account
    restored = law.restore(
        account, purchase_id=nobodys, refunded=Decimal(0), captured=whole, now=START, rules=RULES,
        new_lot_id=UUID(int=10),
    )  # fmt: skip
    assert restored is account


class Ledger(RuleBasedStateMachine):
    """One customer. `purchases` remembers what each purchase holds and spent, as the reservations table does."""

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.lots: dict[UUID, Lot] = {}
        self.debt = 0
        self.entries: list[Entry] = []
        self.held: dict[UUID, dict[UUID, int]] = {}
        self.hold_ends: dict[UUID, datetime] = {}
        self.spent: dict[UUID, dict[UUID | None, int]] = {}
        self.returned: dict[UUID, dict[UUID | None, int]] = {}
        self.refunded: dict[UUID, Decimal] = {}
        self.gone: dict[UUID, int] = {}
        self.number = 0
        # The naive model: points that exist are those earned less those that left for good.
        self.earned_in_all = 0
        self.left_for_good = 0

    def new(self) -> UUID:
        self.number += 1
        return UUID(int=self.number)

    def look(self, purchase_id: UUID | None) -> Account:
        lots = []
        for lot in self.lots.values():
            others = sum(
                parts.get(lot.id, 0)
                for holder, parts in self.held.items()
                if holder != purchase_id and self.hold_ends[holder] > self.now
            )
            own = purchase_id or UUID(int=0)
            lots.append(
                replace(
                    lot,
                    reserved=others,
                    held=self.held.get(own, {}).get(lot.id, 0),
                    spent=self.spent.get(own, {}).get(lot.id, 0),
                    returned=self.returned.get(own, {}).get(lot.id, 0),
                )
            )
        own = purchase_id or UUID(int=0)
        return Account(
            lots=tuple(lots),
            debt=self.debt,
            taken=self.gone.get(own, 0),
            gone=self.gone.get(own, 0) + sum(
                -entry.points for entry in self.entries
                if entry.kind is EntryKind.EXPIRED and self.lots[entry.lot_id or own].purchase_id == purchase_id
            ),
            owed=self.spent.get(own, {}).get(None, 0),
            owed_returned=self.returned.get(own, {}).get(None, 0),
        )  # fmt: skip

    def keep(self, account: Account) -> None:
        for lot in account.lots:
            self.lots[lot.id] = replace(lot, reserved=0, held=0, spent=0, returned=0)
        self.debt = account.debt
        self.entries += account.entries
        for entry in account.entries:
            if entry.kind in LEAVING:
                self.left_for_good -= entry.points

    @rule(points=st.integers(1, 1000))
    def earn(self, points: int) -> None:
        lot = Lot(
            id=self.new(), purchase_id=self.new(), status=LotStatus.PENDING, points=points, remaining=points,
            expires_at=None,
        )  # fmt: skip
        self.lots[lot.id] = lot
        self.earned_in_all += points
        self.entries.append(Entry(kind=EntryKind.EARNED, points=points, status=EntryStatus.PENDING, lot_id=lot.id))

    @precondition(lambda self: self.lots)
    @rule(data=st.data())
    def mature(self, data: st.DataObject) -> None:
        purchase_id = data.draw(st.sampled_from([lot.purchase_id for lot in self.lots.values()]))
        if purchase_id is None:
            return
        once = law.mature(self.look(purchase_id), purchase_id=purchase_id, now=self.now, rules=RULES)
        self.keep(once)
        twice = law.mature(self.look(purchase_id), purchase_id=purchase_id, now=self.now, rules=RULES)
        assert not twice.entries

    @rule(points=st.integers(0, 1500), minutes=st.sampled_from([15, 30]))
    def hold(self, points: int, minutes: int) -> None:
        purchase_id = self.new()
        before = self.look(purchase_id)
        available = law.available_points(before, self.now)
        if points > available:
            with pytest.raises(NotEnoughPoints):
                law.set_aside(before, points=points, now=self.now)
            return
        after = law.set_aside(before, points=points, now=self.now)
        self.held[purchase_id] = {lot.id: lot.held for lot in after.lots if lot.held}
        self.hold_ends[purchase_id] = self.now + timedelta(minutes=minutes)
        assert sum(self.held[purchase_id].values()) == points
        assert law.available_points(self.look(None), self.now) == available - points

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def pay(self, data: st.DataObject) -> None:
        purchase_id = data.draw(st.sampled_from(sorted(self.held)))
        wanted = sum(self.held[purchase_id].values())
        is_live = self.hold_ends[purchase_id] > self.now
        after = law.spend(self.look(purchase_id), now=self.now)
        assert -sum(entry.points for entry in after.entries) == wanted
        assert not (is_live and after.owed), "a live hold has its points"
        del self.held[purchase_id]
        self.spent[purchase_id] = {lot.id: lot.spent for lot in after.lots if lot.spent}
        if after.owed:
            self.spent[purchase_id][None] = after.owed
        self.keep(after)

    @precondition(lambda self: self.spent)
    @rule(data=st.data(), fraction=st.decimals(min_value=0, max_value=1, places=2))
    def return_spent(self, data: st.DataObject, fraction: Decimal) -> None:
        purchase_id = data.draw(st.sampled_from(sorted(self.spent)))
        after = law.give_back(
            self.look(purchase_id), fraction=fraction, now=self.now, rules=RULES, new_lot_id=self.new()
        )
        self.returned[purchase_id] = {lot.id: lot.returned for lot in after.lots if lot.returned}
        if after.owed_returned:
            self.returned[purchase_id][None] = after.owed_returned
        self.keep(after)
        for lot in after.lots:
            if lot.returned and after.entries:
                assert lot.expires_at is not None
        again = law.give_back(
            self.look(purchase_id), fraction=fraction, now=self.now, rules=RULES, new_lot_id=self.new()
        )
        assert not again.entries
        total = sum(self.spent[purchase_id].values())
        assert sum(self.returned[purchase_id].values()) <= total
        assert fraction < 1 or sum(self.returned[purchase_id].values()) == total

    @precondition(lambda self: self.lots)
    @rule(data=st.data(), part=st.integers(0, 100))
    def refund_earner(self, data: st.DataObject, part: int) -> None:
        purchase_id = data.draw(st.sampled_from([lot.purchase_id for lot in self.lots.values()]))
        if purchase_id is None:
            return
        refunded = max(Decimal(part), self.refunded.get(purchase_id, Decimal(0)))
        self.refunded[purchase_id] = refunded
        for _ in range(2):
            before = self.look(purchase_id)
            expired = before.gone - self.gone.get(purchase_id, 0)
            after = law.take_back(
                before, purchase_id=purchase_id, refunded=refunded, captured=Decimal(100), now=self.now
            )
            self.gone[purchase_id] = after.gone - expired
            self.keep(after)
        assert not after.entries, "the same sums twice change nothing"

    @precondition(lambda self: self.refunded)
    @rule(data=st.data(), part=st.integers(0, 100))
    def refund_fails(self, data: st.DataObject, part: int) -> None:
        purchase_id = data.draw(st.sampled_from(sorted(self.refunded)))
        refunded = min(Decimal(part), self.refunded[purchase_id])
        self.refunded[purchase_id] = refunded
        for _ in range(2):
            before = self.look(purchase_id)
            expired = before.gone - self.gone.get(purchase_id, 0)
            after = law.restore(
                before, purchase_id=purchase_id, refunded=refunded, captured=Decimal(100), now=self.now, rules=RULES,
                new_lot_id=self.new(),
            )  # fmt: skip
            self.gone[purchase_id] = after.gone - expired
            self.keep(after)
        assert not after.entries, "the same sums twice change nothing"
        (earned,) = (lot.points for lot in after.lots if lot.purchase_id == purchase_id)
        due = law.points_to_take_back(earned=earned, refunded=refunded, captured=Decimal(100))
        assert after.taken == max(due - expired, 0)

    @rule(points=st.integers(1, 500))
    def reward(self, points: int) -> None:
        before = self.look(None)
        self.keep(law.grant(before, points=points, now=self.now, rules=RULES, new_lot_id=self.new()))
        self.earned_in_all += points

    @rule(step=st.sampled_from([timedelta(minutes=20), timedelta(days=31), timedelta(days=500)]))
    def wait(self, step: timedelta) -> None:
        self.now += step

    @rule()
    def lapse(self) -> None:
        self.keep(law.lapse(self.look(None), now=self.now))
        assert not law.lapse(self.look(None), now=self.now).entries

    @invariant()
    def a_lot_is_the_sum_of_its_entries(self) -> None:
        sums = dict.fromkeys(self.lots, 0)
        for entry in self.entries:
            if entry.lot_id is not None:
                sums[entry.lot_id] += entry.points
        assert sums == {lot.id: lot.remaining for lot in self.lots.values()}

    @invariant()
    def no_lot_is_overdrawn_or_overfilled(self) -> None:
        assert all(0 <= lot.remaining <= lot.points for lot in self.lots.values())

    @invariant()
    def debt_is_the_sum_of_entries_without_a_lot(self) -> None:
        assert self.debt == -sum(entry.points for entry in self.entries if entry.lot_id is None)
        assert self.debt >= 0

    @invariant()
    def points_are_neither_made_nor_lost(self) -> None:
        remaining = sum(lot.remaining for lot in self.lots.values())
        assert remaining - self.debt == self.earned_in_all - self.left_for_good

    @invariant()
    def the_cache_is_the_ledger_and_never_below_zero(self) -> None:
        ledger = sum(entry.points for entry in self.entries if entry.status is EntryStatus.AVAILABLE)
        assert self.look(None).cached_points == max(ledger, 0)

    @invariant()
    def what_can_be_spent_is_what_is_ripe_less_holds_and_debt(self) -> None:
        account = self.look(None)
        ripe = [lot for lot in account.lots if lot.expires_at is not None and lot.expires_at > self.now]
        expected = sum(lot.remaining - lot.reserved for lot in ripe) - self.debt
        assert law.available_points(account, self.now) == max(expected, 0)

    @invariant()
    def live_holds_fit_into_their_lots(self) -> None:
        for lot in self.look(None).lots:
            assert lot.reserved <= lot.remaining


TestLedger = Ledger.TestCase
TestLedger.settings = settings(max_examples=200, stateful_step_count=60, deadline=None)
