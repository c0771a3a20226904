"""A price, step by step."""

from enum import StrEnum

from sojourn.platform.kit.wire import Money, Wire


class LineKind(StrEnum):
    BASE = "BASE"
    OPTION = "OPTION"
    GOVERNMENT_FEE = "GOVERNMENT_FEE"
    STUDENT = "STUDENT"
    PROMOTION = "PROMOTION"
    POINTS = "POINTS"


class PriceLine(Wire):
    """One step of a price. Discounts are negative."""

    kind: LineKind
    description: str
    quantity: int
    unit_price: Money
    amount: Money


class Price(Wire):
    """A priced purchase, in the storefront's currency. `total = subtotal - discount - loyalty_discount`."""

    lines: list[PriceLine]
    subtotal: Money
    discount: Money
    loyalty_discount: Money
    total: Money
    non_refundable: Money
    points_used: int
    points_earned: int
    is_student: bool
