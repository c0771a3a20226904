"""Prices, as pure functions (rules, sections 2 and 6).

Steps, each a line: base, options, student or promotion (the better one), points, total. Each line is rounded once,
half-up, to two decimals.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal

from sojourn.platform.kit.money import ZERO, percent_of, round_money
from sojourn.platform.storefront import SalesRules
from sojourn.sales.pricing.models import LineKind, Price, PriceLine


@dataclass(frozen=True, slots=True, kw_only=True)
class Extra:
    """An option as chosen: already multiplied out per person where it is sold per person."""

    description: str
    quantity: int
    unit_price: Decimal


def price_package(
    *,
    title: str,
    unit_price: Decimal,
    people: int,
    extras: Sequence[Extra] = (),
    non_refundable_each: Decimal = ZERO,
    is_student: bool = False,
    points: int = 0,
    rules: SalesRules,
) -> Price:
    """A trip for `people`. `non_refundable_each` are permits inside the price, per person: they earn neither points
    nor discounts. `points` must have passed `max_points` before."""
    base = _line(LineKind.BASE, title, people, unit_price)
    options = [_line(LineKind.OPTION, extra.description, extra.quantity, extra.unit_price) for extra in extras]
    fees = min(round_money(non_refundable_each * people), base.amount)
    own_place = max(unit_price - non_refundable_each, ZERO)
    return _assemble(
        [base, *options], fees=fees, student_base=own_place if is_student else ZERO, points=points, rules=rules
    )


def price_hire(
    *,
    title: str,
    unit_price: Decimal,
    units: int,
    people: int,
    is_student: bool = False,
    points: int = 0,
    rules: SalesRules,
) -> Price:
    """Rooms by the night, vehicles by the day, kilometre or transfer, guides by the day: `units` of `unit_price`.

    A student's own place is the share of one of `people`.
    """
    base = _line(LineKind.BASE, title, units, unit_price)
    return _assemble(
        [base], fees=ZERO, student_base=base.amount / people if is_student else ZERO, points=points, rules=rules
    )


def price_service(
    *,
    title: str,
    service_fee: Decimal,
    government_fee: Decimal,
    quantity: int = 1,
    is_student: bool = False,
    points: int = 0,
    rules: SalesRules,
) -> Price:
    """A visa service or guide. Only the service fee earns points or discounts."""
    lines = [_line(LineKind.BASE, title, quantity, service_fee)]
    fee = _line(LineKind.GOVERNMENT_FEE, "Government fee", quantity, government_fee)
    if fee.amount:
        lines.append(fee)
    student_base = service_fee if is_student else ZERO
    return _assemble(lines, fees=fee.amount, student_base=student_base, points=points, rules=rules)


def max_points(*, after_discounts: Decimal, available: int, rules: SalesRules) -> int:
    """How many points may be spent: whole blocks, at most `points_max_percent` of the amount, never more than there
    are."""
    cap = after_discounts * rules.points_max_percent / 100
    blocks = min(
        int((cap / rules.points_block_value).to_integral_value(ROUND_FLOOR)), max(available, 0) // rules.points_block
    )
    return max(blocks, 0) * rules.points_block


def points_value(points: int, rules: SalesRules) -> Decimal:
    """What `points` are worth, in the storefront's currency."""
    return round_money(Decimal(points) / rules.points_block * rules.points_block_value)


def points_for(cash: Decimal, rules: SalesRules) -> int:
    """Points earned by `cash` paid for own services: one per whole unit of currency."""
    return int(max(cash, ZERO).to_integral_value(ROUND_FLOOR)) * rules.points_per_usd


def _assemble(lines: list[PriceLine], *, fees: Decimal, student_base: Decimal, points: int, rules: SalesRules) -> Price:
    subtotal = sum((line.amount for line in lines), ZERO)
    student = percent_of(student_base, rules.student_percent)
    if student:
        lines.append(_line(LineKind.STUDENT, f"Student discount {rules.student_percent} %", 1, -student))
    loyalty = points_value(points, rules)
    if points:
        lines.append(_line(LineKind.POINTS, f"{points} points", 1, -loyalty))
    total = subtotal - student - loyalty
    return Price(
        lines=lines,
        subtotal=subtotal,
        discount=student,
        loyalty_discount=loyalty,
        total=total,
        non_refundable=min(fees, total),
        points_used=points,
        points_earned=points_for(total - fees, rules),
        is_student=bool(student),
    )


def _line(kind: LineKind, description: str, quantity: int, unit_price: Decimal) -> PriceLine:
    return PriceLine(
        kind=kind, description=description, quantity=quantity, unit_price=unit_price,
        amount=round_money(unit_price * quantity),
    )  # fmt: skip
