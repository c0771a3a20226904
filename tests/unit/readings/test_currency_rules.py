"""Rates of one currency out of those of the dollar."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from sojourn.care.currency.rules import SIGNIFICANT, rates_against

RATE = st.decimals(min_value="0.0001", max_value="999999999", places=4)
ROUNDING = Decimal(10) ** (1 - SIGNIFICANT)


@given(st.dictionaries(st.sampled_from(["KHR", "EUR", "CNY", "THB"]), RATE, min_size=1))
def test_against_the_dollar_they_are_as_given(rates: dict[str, Decimal]) -> None:
    per_usd = {"USD": Decimal(1), **rates}
    for code, rate in rates_against("USD", per_usd).items():
        assert abs(rate - per_usd[code]) <= per_usd[code] * ROUNDING


@given(one=RATE, other=RATE)
def test_there_and_back_again(one: Decimal, other: Decimal) -> None:
    per_usd = {"USD": Decimal(1), "KHR": one, "EUR": other}
    there, back = rates_against("KHR", per_usd)["EUR"], rates_against("EUR", per_usd)["KHR"]
    assert abs(there * back - 1) <= 2 * ROUNDING
    assert rates_against("KHR", per_usd)["KHR"] == 1
    assert all(rate > 0 for rate in rates_against("EUR", per_usd).values())


def test_in_the_order_of_their_codes() -> None:
    assert list(rates_against("USD", {"USD": Decimal(1), "KHR": Decimal(4000), "CNY": Decimal(7)})) == [
        "CNY", "KHR", "USD",
    ]  # fmt: skip


def test_eight_digits_and_no_noughts_behind() -> None:
    per_usd = {"USD": Decimal(1), "KHR": Decimal("4100.00"), "XXX": Decimal(3)}
    assert {code: str(rate) for code, rate in rates_against("XXX", per_usd).items()} == {
        "USD": "0.33333333", "KHR": "1366.6667", "XXX": "1",
    }  # fmt: skip
