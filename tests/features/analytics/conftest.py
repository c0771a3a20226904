"""Admins at both desks, and books to write cases into."""

import pytest
from tests.features.analytics.books import Books
from tests.support.client import StorefrontClient

from sojourn.people.roles import Role


@pytest.fixture
async def office(holyone: StorefrontClient) -> StorefrontClient:
    """An admin of Holyone."""
    return await holyone.sign_in_as(Role.ADMIN, name="Office")


@pytest.fixture
async def derlg_office(derlg: StorefrontClient) -> StorefrontClient:
    """An admin of DerLg."""
    return await derlg.sign_in_as(Role.ADMIN, name="Office")


@pytest.fixture
def books(holyone: StorefrontClient) -> Books:
    return Books(holyone)


@pytest.fixture
def derlg_books(derlg: StorefrontClient) -> Books:
    return Books(derlg)
