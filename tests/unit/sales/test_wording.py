"""The numbers in the lines of a price."""

import pytest

from sojourn.sales.pricing.wording import counted


@pytest.mark.parametrize(("number", "said"), [(0, "0 nights"), (1, "1 night"), (2, "2 nights")])
def test_one_is_not_many(number: int, said: str) -> None:
    assert counted(number, "night") == said
