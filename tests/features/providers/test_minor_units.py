from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.providers.payments.port import AmountNotBillable, from_minor, to_minor

CURRENCIES = st.sampled_from(["USD", "KHR"])


@given(minor=st.integers(0, 10**12 - 1), currency=CURRENCIES)
def test_every_minor_amount_survives_the_round_trip(minor: int, currency: str) -> None:
    amount = from_minor(minor, currency)
    assert amount * 100 == minor
    assert amount.as_tuple().exponent == -2
    assert to_minor(amount, currency) == minor


@given(amount=st.decimals(), currency=CURRENCIES)
def test_any_decimal_is_told_exactly_or_refused(amount: Decimal, currency: str) -> None:
    try:
        minor = to_minor(amount, currency)
    except AmountNotBillable:
        billable = amount.is_finite() and 0 <= amount < 10**10 and amount == round(amount, 2)
        assert not billable
    else:
        assert minor == amount * 100


@pytest.mark.parametrize(
    ("text", "minor"), [("12.34", 1234), ("12.3400", 1234), ("0", 0), ("-0.00", 0), ("1E+2", 10000), ("0.01", 1)]
)
def test_spelling_of_an_amount_does_not_matter(text: str, minor: int) -> None:
    assert to_minor(Decimal(text), "USD") == minor


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("0.001", "amount_too_precise"),
        ("1E-999999", "amount_too_precise"),
        ("-0.01", "amount_out_of_range"),
        ("10000000000.00", "amount_out_of_range"),
        ("1E+999999", "amount_out_of_range"),
        ("NaN", "amount_invalid"),
        ("sNaN", "amount_invalid"),
        ("Infinity", "amount_invalid"),
    ],
)
def test_amounts_no_processor_takes(text: str, code: str) -> None:
    with pytest.raises(AmountNotBillable) as refusal:
        to_minor(Decimal(text), "USD")
    assert refusal.value.code == code


@pytest.mark.parametrize("currency", ["EUR", "usd", "", "USDT"])
def test_a_currency_we_do_not_bill_is_refused_both_ways(currency: str) -> None:
    with pytest.raises(AmountNotBillable, match="not billed"):
        to_minor(Decimal(1), currency)
    with pytest.raises(AmountNotBillable, match="not billed"):
        from_minor(100, currency)


@pytest.mark.parametrize("minor", [-1, 10**12])
def test_minor_units_out_of_range_are_refused(minor: int) -> None:
    with pytest.raises(AmountNotBillable) as refusal:
        from_minor(minor, "USD")
    assert refusal.value.code == "amount_out_of_range"
