"""Charging in riel what is priced in dollars (rules, section 2), and the way back: pure functions."""

from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal

from sojourn.platform.kit.money import round_money

# What cash registers in Cambodia round to; there is no smaller note in use.
STEP = Decimal(100)


def riel_for(dollars: Decimal, *, khr_per_usd: Decimal) -> Decimal:
    """Whole riel, rounded up to 100: never less than the price."""
    return (dollars * khr_per_usd / STEP).to_integral_value(ROUND_CEILING) * STEP


def as_priced(part: Decimal, *, charged: Decimal, due: Decimal) -> Decimal:
    """What a part of the amount `charged` stands for, in the currency of `due`: cents, half up."""
    return round_money(part * due / charged)


def as_charged(part: Decimal, *, charged: Decimal, due: Decimal) -> Decimal:
    """What of the amount `charged` pays for a part of `due`: whole riel, half up.

    A riel is a fortieth of a cent: `as_priced` of this is `part` again, to the cent.
    """
    return (part * charged / due).to_integral_value(ROUND_HALF_UP)
