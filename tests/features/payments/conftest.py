"""What the tests of payments share."""

from collections.abc import AsyncIterator

import pytest
from tests.support.khqr import set_bank_faults


@pytest.fixture
async def bank(sandbox: str) -> AsyncIterator[str]:
    """The sandbox as Bakong, with nothing wrong with it when the test ends."""
    yield sandbox
    await set_bank_faults(sandbox)
