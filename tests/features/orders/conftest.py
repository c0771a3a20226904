"""A shelf of services, people who order, and the agency's desk."""

from decimal import Decimal
from typing import Any

import pytest
from tests.support.client import StorefrontClient, read
from tests.support.selling import open_intent, pay, tell_all

from sojourn.people.roles import Role
from sojourn.platform.kit.ids import new_id
from sojourn.sales.loyalty import service as loyalty
from sojourn.sales.purchases import PurchaseKind

Json = dict[str, Any]

DETAILS = {
    "destination": "France", "travelDate": "2027-03-01", "passportNumber": "n0123456", "nationality": "Cambodian",
    "purposeOfTravel": "Tourism", "additionalNotes": "First visit.\nTwo weeks.",
}  # fmt: skip
CUSTOMER = {"fullName": "Chan Sophea", "email": "sophea@example.com", "phone": "+855 12 345 678", "country": "Cambodia"}


class Shop:
    """Holyone with a few services on sale."""

    def __init__(self, office: StorefrontClient, sandbox: str) -> None:
        self.office = office
        self.sandbox = sandbox
        self.services: dict[str, str] = {}

    async def sell(self, slug: str, kind: str, *, fee: str, government: str = "0.00") -> str:
        """Put one service on sale; its id."""
        body = {
            "slug": slug, "type": kind, "title": slug.capitalize(), "titleKm": "សេវា", "titleZh": "服务",
            "description": "A service.", "serviceFee": fee, "governmentFee": government,
            "price": str(Decimal(fee) + Decimal(government)),
            "specs": {"deliveryDays": 10, "revisions": 2, "languages": ["en", "km"], "consultationsIncluded": 2},
            "features": ["A consultant"],
            "checklist": [{"key": "passport", "category": "PASSPORT", "title": {"en": "Passport"}, "isRequired": True}],
            "stages": [{"key": "intake", "title": {"en": "Intake"}, "refundStage": "NOT_STARTED"}],
            "requiresConsultant": kind == "MAIN",
        }  # fmt: skip
        service_id: str = read(await self.office.post("/services", json=body), 201)["id"]
        self.services[slug] = service_id
        return service_id

    async def order(self, customer: StorefrontClient, slug: str = "professional", **more: object) -> Json:
        """A pending order."""
        order: Json = read(await customer.post("/orders", json={"serviceId": slug, **more}), 201)
        return order

    async def pay(self, customer: StorefrontClient, order: Json) -> Json:
        """Pay an order by card; the order as its customer then reads it."""
        intent = await open_intent(customer, orderId=order["id"])
        (await pay(self.sandbox, intent["paymentIntentId"], storefront="holyone")).raise_for_status()
        answers = await tell_all(customer, self.sandbox, intent["paymentIntentId"])
        assert set(answers) == {"processed"}
        paid: Json = read(await customer.get(f"/orders/{order['id']}"))
        return paid

    async def paid(self, customer: StorefrontClient, slug: str = "professional", **more: object) -> Json:
        """A confirmed order."""
        order = await self.pay(customer, await self.order(customer, slug, **more))
        assert order["status"] == "CONFIRMED"
        return order

    async def move(self, order: Json, *, by: StorefrontClient | None = None, **change: object) -> Json:
        """What staff do with an order; the order as they then read it."""
        moved: Json = read(await (by or self.office).patch(f"/admin/orders/{order['id']}", json=change))
        return moved


@pytest.fixture
async def shop(holyone: StorefrontClient, sandbox: str) -> Shop:
    shop = Shop(await holyone.sign_in_as(Role.ADMIN, name="Office"), sandbox)
    await shop.sell("professional", "MAIN", fee="299.00")
    await shop.sell("evisa", "MICRO", fee="40.00", government="30.00")
    await shop.sell("guide", "DIGITAL", fee="19.00")
    return shop


@pytest.fixture
async def customer(holyone: StorefrontClient) -> StorefrontClient:
    return await holyone.sign_in_as()


async def queued(client: StorefrontClient, kind: str) -> list[dict[str, Any]]:
    """The payloads of the jobs of one kind that wait."""
    rows = await client.rows(
        "SELECT convert_from(payload, 'UTF8')::json AS payload FROM pgqueuer WHERE entrypoint = $1 ORDER BY id", kind
    )
    return [row["payload"] for row in rows]


async def grant(customer: StorefrontClient, points: int) -> None:
    """Points that can be spent, from an earlier purchase."""
    now, purchase_id = customer.runtime.clock.now(), new_id()
    async with customer.database.unit_of_work() as tx:
        await loyalty.earn(
            tx, user_id=customer.user_id, purchase_kind=PurchaseKind.ORDER, purchase_id=purchase_id, booking_id=None,
            points=points, now=now,
        )  # fmt: skip
        await loyalty.mature(tx, purchase_id=purchase_id, now=now, rules=customer.storefront.rules)


async def points_of(customer: StorefrontClient) -> tuple[int, int]:
    """Points that can be spent, and points that are promised."""
    async with customer.database.read() as connection:
        balance = await loyalty.balance(
            connection, user_id=customer.user_id, now=customer.runtime.clock.now(), zone=customer.storefront.time_zone,
            rules=customer.storefront.rules,
        )  # fmt: skip
    return balance.available, balance.pending
