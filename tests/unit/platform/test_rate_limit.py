"""Fixed windows, beside the plainest way to count: look at every call again."""

from hypothesis import given
from hypothesis import strategies as st

from sojourn.platform.http.rate_limit import FEW_WINDOWS, Windows

SECONDS = 60
CALLS = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 45)), max_size=60)


@given(CALLS)
def test_a_window_is_opened_by_the_first_call_after_the_last_one(calls: list[tuple[str, int]]) -> None:
    now = 1000.0
    windows = Windows(timer=lambda: now)
    opened: dict[str, float] = {}
    seen: dict[str, int] = {}
    for key, pause in calls:
        now += pause
        if key not in opened or now - opened[key] >= SECONDS:
            opened[key], seen[key] = now, 0
        seen[key] += 1
        assert windows.count(key, seconds=SECONDS) == (seen[key], opened[key] + SECONDS - now)


def test_windows_that_have_ended_are_dropped_and_none_that_is_open() -> None:
    now = 0.0
    windows = Windows(timer=lambda: now)
    assert windows.count("patient", seconds=10 * SECONDS) == (1, 600.0)
    for minute in range(5):
        now = minute * float(SECONDS)
        for caller in range(2 * FEW_WINDOWS):
            windows.count(f"{minute}/{caller}", seconds=SECONDS)
        assert len(windows) <= 4 * FEW_WINDOWS + 1  # of this minute and the one before
    assert windows.count("patient", seconds=10 * SECONDS) == (2, 360.0)
