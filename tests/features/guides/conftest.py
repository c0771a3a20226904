"""A guide of the catalogue with an account, and somebody who travels along."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from tests.features.stock.conftest import Shop, open_shop
from tests.support.client import StorefrontClient, read
from tests.support.selling import open_intent, pay, tell_all

from sojourn.people.roles import Role


@dataclass(frozen=True)
class Agency:
    """A shop whose guide has an account: `guide` is signed in."""

    shop: Shop
    guide: StorefrontClient
    sandbox: str

    @property
    def account_path(self) -> str:
        return f"/admin/guides/{self.shop.guide['id']}/account"

    async def link(self, user_id: object) -> Any:
        return read(await self.shop.admin.put(self.account_path, json={"user_id": user_id and str(user_id)}))

    async def hold(self, traveler: StorefrontClient, day: date, **more: object) -> Any:
        """The guide, held for that day."""
        body = {
            "booking_type": "GUIDE_ONLY", "guide_id": self.shop.guide["id"], "travel_date": day.isoformat(),
            "people_count": 2, "pickup_location": "Airport", **more,
        }  # fmt: skip
        return read(await traveler.post("/bookings", json=body), 201)

    async def settle(self, traveler: StorefrontClient, booking: Any) -> None:
        intent = await open_intent(traveler, booking_id=booking["id"])
        (await pay(self.sandbox, intent["payment_intent_id"])).raise_for_status()
        await tell_all(traveler, self.sandbox, intent["payment_intent_id"])

    async def book(self, traveler: StorefrontClient, day: date, **more: object) -> Any:
        """The guide, paid for that day."""
        booking = await self.hold(traveler, day, **more)
        await self.settle(traveler, booking)
        return booking


@pytest.fixture
async def agency(derlg: StorefrontClient, sandbox: str) -> Agency:
    made = Agency(await open_shop(derlg), await derlg.sign_in_as(Role.GUIDE, name="Keo Vannak"), sandbox)
    await made.link(made.guide.user_id)
    return made
