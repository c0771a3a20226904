"""A customer of Holyone who has done a great deal, all of it with marks."""

from typing import Any

import pytest
from tests.features.documents.conftest import PDF
from tests.features.orders.conftest import Shop
from tests.support.client import FreshToken, StorefrontClient, read

from sojourn.people.roles import Role, role_on_wire
from sojourn.platform.kit.ids import new_id

MARK = "Zqmarker"


@pytest.fixture
async def shop(holyone: StorefrontClient, sandbox: str) -> Shop:
    shop = Shop(await holyone.sign_in_as(Role.ADMIN, name="Office"), sandbox)
    await shop.sell("professional", "MAIN", fee="299.00")
    return shop


@pytest.fixture
async def marked(holyone: StorefrontClient) -> StorefrontClient:
    """Somebody whose every field says so."""
    guest = await holyone.register(email=f"{MARK.lower()}-{new_id()}@example.com", fullName=f"{MARK} Person")
    del guest.headers["Authorization"]  # which is good for minutes only
    role = role_on_wire(Role.CUSTOMER, holyone.storefront)
    guest.auth = FreshToken(holyone.runtime, user_id=guest.user_id, email=guest.email, role=role)
    profile = {
        "phone": "+85599887766", "country": f"{MARK}land", "emergencyContactName": f"{MARK} Mother",
        "emergencyContactPhone": "+85599887767",
    }  # fmt: skip
    read(await guest.patch("/users/me", json=profile))
    address = {"recipient": f"{MARK} Person", "lineOne": f"{MARK} Street", "city": "Kep", "country": "Cambodia"}
    read(await guest.post("/users/me/addresses", json=address), 201)
    token = {"token": f"{MARK}-device", "platform": "android", "language": "en"}
    read(await guest.post("/notifications/devices", json=token), 201)
    return guest


async def buy(shop: Shop, guest: StorefrontClient) -> dict[str, Any]:
    """An order with marks, paid, with a document, noted and completed."""
    order = await shop.paid(
        guest,
        customerInfo={"fullName": f"{MARK} Buyer", "email": guest.email, "phone": "+85599887768", "country": "Laos"},
        serviceDetails={"destination": "France", "passportNumber": "ZQ998877", "additionalNotes": f"{MARK} asks"},
    )
    content = PDF + f"% {MARK} statement\n".encode()
    sent = await guest.post(
        "/documents/upload", files={"file": (f"{MARK}.pdf", content, "application/pdf")},
        data={"orderId": order["id"], "checklistKey": "passport"},
    )  # fmt: skip
    read(sent, 201)
    read(await shop.office.post(f"/admin/orders/{order['id']}/notes", json={"note": f"{MARK} was on the phone"}), 201)
    for status in ("IN_PROGRESS", "COMPLETED"):
        await shop.move(order, status=status)
    return order
