"""Rates of one currency out of those of the dollar."""

from collections.abc import Mapping
from decimal import Context, Decimal
from typing import Final

# More than vendors give, so that nothing is lost on the way.
SIGNIFICANT: Final = 8


def rates_against(base: str, per_usd: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Units of each currency for one unit of `base`, which must be among them, to 8 significant digits; by code."""
    context = Context(prec=SIGNIFICANT)
    return {code: context.divide(per_usd[code], per_usd[base]).normalize() for code in sorted(per_usd)}
