import pytest
from tests.support.client import StorefrontClient

from sojourn.people.roles import Role


@pytest.fixture
async def agency(derlg: StorefrontClient) -> StorefrontClient:
    """An admin of DerLg."""
    return await derlg.sign_in_as(Role.ADMIN)


@pytest.fixture
async def office(holyone: StorefrontClient) -> StorefrontClient:
    """An admin of Holyone."""
    return await holyone.sign_in_as(Role.ADMIN)
