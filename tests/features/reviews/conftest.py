"""Travellers who have come back, what they travelled with, and the desk."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from tests.features.stock.conftest import Shop, open_shop
from tests.support.client import StorefrontClient, read
from tests.support.selling import hold, put_trip_on_sale

Json = dict[str, Any]
ComeBack = Callable[[StorefrontClient], Awaitable[str]]
_COMPLETE = "UPDATE bookings SET status = 'COMPLETED', completed_at = now() WHERE id = $1"


@pytest.fixture
async def shop(derlg: StorefrontClient) -> Shop:
    return await open_shop(derlg)


@pytest.fixture
async def admin(shop: Shop) -> StorefrontClient:
    return shop.admin


@pytest.fixture
async def traveler(derlg: StorefrontClient) -> StorefrontClient:
    return await derlg.sign_in_as(name="Sok Dara")


@pytest.fixture
async def trip_id(derlg: StorefrontClient) -> UUID:
    return await put_trip_on_sale(derlg, seats=500)


async def travel(who: StorefrontClient, trip_id: UUID) -> str:
    """The id of a booking of somebody whose journey is over."""
    booking = await hold(who, trip_id)
    async with who.database.read() as connection:
        await connection.execute(_COMPLETE, UUID(booking["id"]))
    booking_id: str = booking["id"]
    return booking_id


@pytest.fixture
def come_back(trip_id: UUID) -> ComeBack:
    """Travel that trip."""
    return partial(travel, trip_id=trip_id)


async def write(who: StorefrontClient, booking_id: str, *, rating: int = 5, **more: object) -> Json:
    body = {"booking_id": booking_id, "rating": rating, **more}
    review: Json = read(await who.post("/reviews", json=body), 201)
    return review
