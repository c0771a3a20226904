from collections.abc import AsyncIterator

import pytest
from tests.support.client import StorefrontClient
from tests.support.work import work_for

from sojourn.providers.work import Work


@pytest.fixture
async def work(derlg: StorefrontClient, sandbox: str) -> AsyncIterator[Work]:
    """What DerLg's worker has to work with."""
    async with work_for(derlg, sandbox) as work:
        yield work
