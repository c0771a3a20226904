"""Whoever was a consultant once: what is assigned to them opens nothing any more."""

import pytest
from tests.features.documents.conftest import Office, hand_in, handed_in, pdf
from tests.features.documents.test_whose import refused_everywhere
from tests.support.client import StorefrontClient, read, refusal

from sojourn.people.roles import Role


@pytest.mark.parametrize("role", [Role.CUSTOMER, Role.GUIDE])
async def test_nothing_of_an_order_is_theirs(
    office: Office, customer: StorefrontClient, consultant: StorefrontClient, role: Role
) -> None:
    order = await office.order(customer)
    await office.assign(order, consultant)
    document = await handed_in(customer, pdf(), orderId=order["id"], category="PASSPORT")
    await consultant.rows("UPDATE users SET role = $2 WHERE id = $1", consultant.user_id, role)

    path = f"/orders/{order['id']}"
    for answer in (
        await consultant.get(path),
        await consultant.get(f"/orders/{order['orderNumber']}"),
        await consultant.get(f"{path}/cancellation-preview"),
        await consultant.get(f"{path}/checklist"),
        await consultant.patch(path, json={"customerInfo": {"fullName": "Somebody Else"}}),
        await consultant.patch(f"{path}/cancel"),
        await hand_in(consultant, pdf("more"), orderId=order["id"], category="PASSPORT"),
    ):
        assert refusal(answer, 404) == "ORDER_NOT_FOUND"
    await refused_everywhere(consultant, document)
    for shelf in ("/documents", "/orders", "/consultations"):
        assert read(await consultant.get(shelf))["total"] == 0
    assert read(await consultant.get("/documents", params={"orderId": order["id"]}))["total"] == 0
    for closed in (f"/admin/orders/{order['id']}", f"/documents/{document['id']}/verify"):
        assert refusal(await consultant.patch(closed, json={"status": "VERIFIED"}), 403) == "NOT_ALLOWED"
    assert read(await customer.get(path))["consultantId"] == str(consultant.user_id)
