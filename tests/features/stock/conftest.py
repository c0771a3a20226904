from dataclasses import dataclass
from typing import Any

import pytest
from tests.features.catalog.samples import guide, hotel, room, vehicle
from tests.support.client import StorefrontClient, read

from sojourn.people.roles import Role


@dataclass(frozen=True)
class Shop:
    """What is on sale: a hotel with two double rooms at 60.00, a van at 75.00 a day, a guide at 55.00 a day."""

    admin: StorefrontClient
    hotel: dict[str, Any]
    vehicle: dict[str, Any]
    guide: dict[str, Any]

    @property
    def room_id(self) -> str:
        found: str = self.hotel["rooms"][0]["id"]
        return found


async def open_shop(client: StorefrontClient, *, slug: str = "first") -> Shop:
    admin = await client.sign_in_as(Role.ADMIN)
    bodies = {
        "hotels": hotel(slug, rooms=[room(count=2)], cancellation_policy="FLEXIBLE"),
        "transportation": vehicle(slug, fleet_count=1),
        "guides": guide(slug),
    }
    made = [read(await admin.post(f"/{shelf}", json=body), 201) for shelf, body in bodies.items()]
    return Shop(admin, *made)


@pytest.fixture
async def shop(derlg: StorefrontClient) -> Shop:
    return await open_shop(derlg)
