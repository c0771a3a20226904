"""Prices: the sums always add up, whatever is bought."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from sojourn.platform.kit.money import ZERO, round_money
from sojourn.platform.storefront import SalesRules
from sojourn.sales.pricing.models import LineKind, Price
from sojourn.sales.pricing.rules import (
    Extra,
    max_points,
    points_for,
    points_value,
    price_hire,
    price_package,
    price_service,
)

RULES = SalesRules()
amounts = st.decimals(min_value="0.01", max_value="9999.99", places=2)
fees = st.decimals(min_value="0.00", max_value="9999.99", places=2)
extras = st.lists(
    st.builds(Extra, description=st.just("Extra"), quantity=st.integers(1, 20), unit_price=amounts), max_size=4
)


@given(amounts, st.integers(1, 50), extras, fees, st.booleans(), st.integers(0, 10**6))
def test_a_package_adds_up(
    unit: Decimal, people: int, chosen: list[Extra], fee: Decimal, is_student: bool, wished: int
) -> None:
    plain = price_package(
        title="T", unit_price=unit, people=people, extras=chosen, non_refundable_each=fee, is_student=is_student,
        rules=RULES,
    )  # fmt: skip
    points = max_points(after_discounts=plain.subtotal - plain.discount, available=wished, rules=RULES)
    price = price_package(
        title="T", unit_price=unit, people=people, extras=chosen, non_refundable_each=fee, is_student=is_student,
        points=points, rules=RULES,
    )  # fmt: skip
    assert sum((line.amount for line in price.lines), ZERO) == price.total
    assert price.total == price.subtotal - price.discount - price.loyalty_discount
    assert all(line.amount == round_money(line.amount) for line in price.lines)
    assert price.total >= ZERO
    assert price.loyalty_discount * 2 <= price.subtotal - price.discount
    assert ZERO <= price.non_refundable <= price.total
    assert 0 <= price.points_earned <= price.total
    assert price.discount <= unit * RULES.student_percent / 100 + Decimal("0.01")


@given(amounts, fees, st.integers(1, 20), st.booleans())
def test_government_fees_earn_and_save_nothing(own: Decimal, fee: Decimal, quantity: int, is_student: bool) -> None:
    price = price_service(
        title="S", service_fee=own, government_fee=fee, quantity=quantity, is_student=is_student, rules=RULES
    )
    with_more_fee = price_service(
        title="S", service_fee=own, government_fee=fee + 100, quantity=quantity, is_student=is_student, rules=RULES
    )
    assert price.discount == with_more_fee.discount
    assert price.points_earned == with_more_fee.points_earned
    assert with_more_fee.total - price.total == 100 * quantity
    assert (LineKind.GOVERNMENT_FEE in [line.kind for line in price.lines]) is (fee > 0)


@given(st.decimals(min_value=0, max_value=10**6, places=2), st.integers(-10, 10**7))
def test_points_are_whole_blocks_within_half(amount: Decimal, available: int) -> None:
    points = max_points(after_discounts=amount, available=available, rules=RULES)
    assert points % 100 == 0
    assert 0 <= points <= max(available, 0)
    assert points_value(points, RULES) * 2 <= amount
    one_more = points_value(points + 100, RULES)
    assert points + 100 > available or one_more * 2 > amount


@given(st.decimals(min_value=-100, max_value=10**6, places=2))
def test_one_point_a_whole_dollar(cash: Decimal) -> None:
    assert points_for(cash, RULES) == max(int(cash), 0)


def test_rounding_is_half_up_once_a_line() -> None:
    price = price_package(title="T", unit_price=Decimal("33.35"), people=1, is_student=True, rules=RULES)
    assert price.discount == Decimal("3.34")  # 3.335, half-up


@given(amounts, st.integers(1, 6000), st.integers(1, 500), st.booleans(), st.integers(0, 10**6))
def test_a_hire_adds_up(unit: Decimal, units: int, people: int, is_student: bool, wished: int) -> None:
    plain = price_hire(title="T", unit_price=unit, units=units, people=people, is_student=is_student, rules=RULES)
    assert plain.subtotal == unit * units
    assert plain.discount == (round_money(unit * units / people / 10) if is_student else ZERO)
    points = max_points(after_discounts=plain.subtotal - plain.discount, available=wished, rules=RULES)
    price = price_hire(
        title="T", unit_price=unit, units=units, people=people, is_student=is_student, points=points, rules=RULES
    )
    assert sum((line.amount for line in price.lines), ZERO) == price.total
    assert ZERO <= price.total == plain.total - price.loyalty_discount
    assert 0 <= price.points_earned <= price.total
    assert price.non_refundable == ZERO


def lines(price: Price) -> list[tuple[LineKind, int, Decimal]]:
    return [(line.kind, line.quantity, line.amount) for line in price.lines]


def test_a_package_by_hand() -> None:
    price = price_package(
        title="Angkor", unit_price=Decimal("289.00"), people=3,
        extras=[Extra(description="Single room", quantity=2, unit_price=Decimal("45.00"))],
        non_refundable_each=Decimal("62.00"), is_student=True, points=2500, rules=RULES,
    )  # fmt: skip
    assert lines(price) == [
        (LineKind.BASE, 3, Decimal("867.00")),
        (LineKind.OPTION, 2, Decimal("90.00")),
        (LineKind.STUDENT, 1, Decimal("-22.70")),  # a tenth of one's own place less its permits
        (LineKind.POINTS, 1, Decimal("-25.00")),
    ]
    assert (price.subtotal, price.discount, price.loyalty_discount) == tuple(map(Decimal, ("957.00", "22.70", "25.00")))
    assert (price.total, price.non_refundable) == (Decimal("909.30"), Decimal("186.00"))
    assert (price.points_used, price.points_earned, price.is_student) == (2500, 723, True)


def test_nobody_asked_for_a_discount() -> None:
    for price in (
        price_package(title="T", unit_price=Decimal("100.00"), people=2, rules=RULES),
        price_hire(title="T", unit_price=Decimal("50.00"), units=4, people=2, rules=RULES),
        price_service(title="T", service_fee=Decimal("200.00"), government_fee=ZERO, rules=RULES),
    ):
        assert [line.kind for line in price.lines] == [LineKind.BASE]
        assert (price.total, price.points_earned, price.is_student) == (Decimal("200.00"), 200, False)
        assert price.non_refundable == ZERO


def test_a_place_that_is_all_permits_saves_a_student_nothing() -> None:
    price = price_package(
        title="T", unit_price=Decimal("60.00"), people=1, non_refundable_each=Decimal("62.00"), is_student=True,
        rules=RULES,
    )  # fmt: skip
    assert lines(price) == [(LineKind.BASE, 1, Decimal("60.00"))]
    assert (price.is_student, price.non_refundable, price.points_earned) == (False, Decimal("60.00"), 0)


def test_a_visa_by_hand() -> None:
    price = price_service(
        title="Visa", service_fee=Decimal("299.00"), government_fee=Decimal("30.00"), quantity=2, is_student=True,
        points=100, rules=RULES,
    )  # fmt: skip
    assert lines(price) == [
        (LineKind.BASE, 2, Decimal("598.00")),
        (LineKind.GOVERNMENT_FEE, 2, Decimal("60.00")),
        (LineKind.STUDENT, 1, Decimal("-29.90")),  # one place of the two
        (LineKind.POINTS, 1, Decimal("-1.00")),
    ]
    assert (price.total, price.non_refundable, price.points_earned) == (Decimal("627.10"), Decimal("60.00"), 567)


def test_half_may_be_paid_in_points_and_blocks_are_whole() -> None:
    def most(amount: str, available: int) -> int:
        return max_points(after_discounts=Decimal(amount), available=available, rules=RULES)

    assert most("200.00", 10**6) == 10_000
    assert most("199.99", 10**6) == 9_900
    assert most("200.00", 9_999) == 9_900
    assert (most("1.99", 10**6), most("2.00", 10**6), most("200.00", 99), most("200.00", -500)) == (0, 100, 0, 0)
    assert points_value(250, RULES) == Decimal("2.50")
