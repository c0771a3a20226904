"""Ids: of the seventh kind, each its own, in the order in which they were made."""

import time
from uuid import RFC_4122

from hypothesis import given
from hypothesis import strategies as st

from sojourn.platform.kit import ids

NANOSECONDS = st.integers(min_value=0, max_value=2**62)


def test_are_of_the_seventh_kind_and_of_now() -> None:
    before = time.time_ns() // 1_000_000
    made = ids.new_id()
    assert (made.version, made.variant) == (7, RFC_4122)
    assert before <= made.int >> 80 <= time.time_ns() // 1_000_000


def test_no_two_are_the_same() -> None:
    made = [ids.new_id() for _ in range(20_000)]
    assert len(set(made)) == len(made)


@given(NANOSECONDS, st.integers(min_value=245, max_value=10**9))
def test_the_later_is_the_greater_even_within_a_millisecond(moment: int, later: int) -> None:
    """A 4,096th of a millisecond apart is enough."""
    assert ids.stamp(moment) < ids.stamp(moment + later)
