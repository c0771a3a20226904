"""Amounts are `Decimal` with two decimals and a currency beside them; floats never enter."""

from decimal import ROUND_HALF_UP, Decimal

ZERO = Decimal("0.00")
CENT = Decimal("0.01")
MAX_AMOUNT = Decimal("9999999999.99")


def round_money(amount: Decimal) -> Decimal:
    """Two decimals, half away from zero: once per price line (rules, section 2)."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def percent_of(amount: Decimal, percent: Decimal | int) -> Decimal:
    """`percent` % of `amount`, rounded half-up to cents."""
    return round_money(amount * Decimal(percent) / 100)
