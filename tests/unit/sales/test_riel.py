"""Dollars charged in riel and the way back; when a code is asked about."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.sales.payments.riel import as_charged, as_priced, riel_for
from sojourn.sales.payments.rules import next_question, sweeps_up

dollars = st.integers(1, 10**8).map(lambda cents: Decimal(cents).scaleb(-2))
rates = st.integers(3_000_000_000, 6_000_000_000).map(lambda micro: Decimal(micro).scaleb(-6))
NOW = datetime(2026, 12, 1, 3, 0, tzinfo=UTC)
ENDS = NOW + timedelta(minutes=15)


@pytest.mark.parametrize(
    ("price", "rate", "riel"),
    [
        ("200.00", "4100", "820000"),
        ("200.00", "4025.5", "805100"),
        ("0.01", "4100", "100"),
        ("1.00", "4100.01", "4200"),
    ],
)
def test_whole_riel_rounded_up_to_a_hundred(price: str, rate: str, riel: str) -> None:
    assert riel_for(Decimal(price), khr_per_usd=Decimal(rate)) == Decimal(riel)


@given(price=dollars, rate=rates)
def test_never_less_than_the_price_and_never_a_note_more(price: Decimal, rate: Decimal) -> None:
    charged = riel_for(price, khr_per_usd=rate)
    assert charged % 100 == 0
    assert price * rate <= charged < price * rate + 100
    assert as_priced(charged, charged=charged, due=price) == price
    assert as_charged(price, charged=charged, due=price) == charged


@given(price=dollars, rate=rates, share=st.integers(0, 100))
def test_a_refund_in_riel_is_the_same_dollars_again(price: Decimal, rate: Decimal, share: int) -> None:
    charged = riel_for(price, khr_per_usd=rate)
    part = (price * share / 100).quantize(Decimal("0.01"))
    given_back = as_charged(part, charged=charged, due=price)
    assert given_back == given_back.to_integral_value()
    assert 0 <= given_back <= charged
    assert as_priced(given_back, charged=charged, due=price) == part


def asked_at(checks: int, *, now: datetime = NOW, is_captured: bool = False) -> timedelta | None:
    upcoming = next_question(now=now, expires_at=ENDS, checks=checks, is_captured=is_captured)
    return None if upcoming is None else upcoming - now


def test_a_living_code_is_asked_about_ever_more_rarely() -> None:
    pauses = [asked_at(checks) for checks in range(8)]
    assert [pause.total_seconds() for pause in pauses if pause] == [4, 8, 16, 32, 60, 60, 60, 60]
    assert asked_at(100_000) == timedelta(minutes=1)


def test_a_dead_code_is_forgotten_after_a_day() -> None:
    minute, ten = timedelta(minutes=1), timedelta(minutes=10)
    assert asked_at(50, now=ENDS + timedelta(minutes=9)) == minute
    assert asked_at(50, now=ENDS + ten) == ten
    assert asked_at(50, now=ENDS + timedelta(hours=24)) is None


def test_a_paid_code_is_asked_about_while_somebody_could_pay_it_again() -> None:
    assert asked_at(0, is_captured=True) == timedelta(seconds=4)
    assert asked_at(50, now=ENDS + timedelta(minutes=10), is_captured=True) is None


@given(checks=st.integers(0, 10**6), seconds=st.integers(-(10**6), 10**6), is_captured=st.booleans())
def test_the_next_question_is_always_later(checks: int, seconds: int, is_captured: bool) -> None:
    now = ENDS + timedelta(seconds=seconds)
    upcoming = next_question(now=now, expires_at=ENDS, checks=checks, is_captured=is_captured)
    assert upcoming is None or now + timedelta(seconds=4) <= upcoming <= now + timedelta(minutes=10)


def test_what_is_due_within_a_minute_is_not_left_to_the_timer() -> None:
    assert not sweeps_up(now=NOW, at=NOW + timedelta(minutes=1))
    assert sweeps_up(now=NOW, at=NOW + timedelta(minutes=1, seconds=1))
