"""Documents of two customers side by side: what is done with one's leaves the other's as they are."""

from datetime import timedelta
from typing import Any

import pytest
from tests.features.documents.conftest import Json, Office, hand_in, handed_in, pdf, picture
from tests.features.documents.test_whose import path_of
from tests.support.bystanders import nobody_else_is_touched
from tests.support.client import StorefrontClient, read, refusal
from tests.support.locks import Lock, loose

from sojourn.care.documents import queries
from sojourn.care.documents.errors import DocumentNotFound
from sojourn.people.auth.access import Actor
from sojourn.people.roles import Role
from sojourn.platform.kit.clock import FrozenClock

STATES = {
    "passport": "VERIFIED", "photo": "REJECTED", "statement-own": "UPLOADED", "statement-sponsor": "PENDING",
    "itinerary": "PENDING",
}  # fmt: skip


async def states(client: StorefrontClient, name: str) -> dict[str, str]:
    shown = read(await client.get(f"/orders/{name}/checklist"))
    assert [item["key"] for item in shown["items"]] == list(STATES)
    return {item["key"]: item["status"] for item in shown["items"]}


async def everything(office: Office, guest: StorefrontClient, mark: str) -> tuple[Json, Json]:
    """An order with papers in every state and one that is deleted, and papers that belong to none. The order, and one
    of the latter."""
    order = await office.order(guest)
    passport = await handed_in(guest, pdf(f"{mark} 1"), orderId=order["id"], checklistKey="passport")
    photo = await handed_in(guest, picture(), "me.jpg", orderId=order["id"], checklistKey="photo")
    gone, left = [await handed_in(guest, pdf(f"{mark} {n}"), category="OTHER") for n in (2, 3)]
    await office.decide(passport, "VERIFIED")
    await office.decide(photo, "REJECTED", reason="Blurred")
    own = await handed_in(guest, pdf(f"{mark} 4"), category="BANK_STATEMENT")
    read(await guest.patch(f"/documents/{own['id']}", json={"orderId": order["id"], "checklistKey": "statement-own"}))
    read(await guest.delete(f"/documents/{gone['id']}"), 204)
    return order, left


async def test_nothing_of_somebody_elses_is_touched(
    office: Office, customer: StorefrontClient, holyone: StorefrontClient, consultant: StorefrontClient
) -> None:
    theirs, _ = await everything(office, customer, "theirs")
    read(await office.admin.post(f"/admin/orders/{theirs['id']}/upload-link"), 201)
    guest = await holyone.sign_in_as()
    async with nobody_else_is_touched(holyone):
        order, _ = await everything(office, guest, "own")
        read(await office.admin.post(f"/admin/orders/{order['id']}/upload-link"), 201)
    fresh = await office.order(guest)
    for who, one, expected in (
        (customer, theirs, STATES), (guest, order, STATES), (guest, fresh, dict.fromkeys(STATES, "PENDING")),
    ):  # fmt: skip
        for name in (one["id"], one["orderNumber"]):
            assert await states(who, name) == expected
    shown = read(await guest.get("/dashboard/documents/status"))
    counted = {name: shown[name] for name in ("total", "pending", "verified", "rejected", "missing")}
    assert counted == {"total": 4, "pending": 2, "verified": 1, "rejected": 1, "missing": 2 + 4}
    assert [(one["missing"], len(one["items"])) for one in shown["orders"]] == [(2, len(STATES)), (4, len(STATES))]
    path = f"/orders/{order['id']}/checklist"
    assert refusal(await consultant.get(path), 404) == "ORDER_NOT_FOUND"
    await office.assign(order, consultant)
    read(await consultant.get(path))


async def test_each_link_opens_its_own(
    office: Office, customer: StorefrontClient, holyone: StorefrontClient, clock: FrozenClock
) -> None:
    for number, guest in enumerate((customer, await holyone.sign_in_as())):
        clock.advance(timedelta(hours=1))
        order, left = await everything(office, guest, f"guest {number}")
        link = read(await guest.get(f"/documents/{left['id']}/download"))
        assert (await guest.visitor().get(path_of(guest, link))).content == pdf(f"guest {number} 3")
        made = read(await office.admin.post(f"/admin/orders/{order['id']}/upload-link"), 201)
        page = read(await guest.visitor().get(f"/uploads/{made['token']}"))
        assert (page["orderNumber"], page["expiresAt"]) == (order["orderNumber"], made["expiresAt"])
        assert [(item["key"], item["status"]) for item in page["items"]] == list(STATES.items())
    fresh = await office.order(customer)
    made = read(await office.admin.post(f"/admin/orders/{fresh['id']}/upload-link"), 201)
    page = read(await customer.visitor().get(f"/uploads/{made['token']}"))
    assert [item["status"] for item in page["items"]] == ["PENDING"] * len(STATES)


async def test_the_same_is_the_same_only_for_the_same_thing(office: Office, customer: StorefrontClient) -> None:
    order, other = await office.order(customer), await office.order(customer)
    places: list[dict[str, Any]] = [
        {"category": "OTHER"}, {"category": "PHOTO"}, {"orderId": order["id"], "checklistKey": "statement-own"},
        {"orderId": order["id"], "checklistKey": "statement-sponsor"},
        {"orderId": other["id"], "checklistKey": "statement-own"},
    ]  # fmt: skip
    for mark in ("one", "other"):
        first = [(await handed_in(customer, pdf(mark), **place))["id"] for place in places]
        again = [(await handed_in(customer, pdf(mark), **place))["id"] for place in places]
        assert again == first
        assert len(set(first)) == len(places)
    [rejected] = [
        one for one in read(await customer.get("/documents", params={"category": "PHOTO"}))["items"]
        if one["id"] == first[1]
    ]  # fmt: skip
    await office.decide(rejected, "REJECTED", reason="Blurred")
    new = await handed_in(customer, pdf("other"), **places[1])
    assert new["id"] != rejected["id"]
    assert (await handed_in(customer, pdf("other"), **places[1]))["id"] == new["id"]


async def test_a_decision_that_is_refused_is_none(
    office: Office, customer: StorefrontClient, consultant: StorefrontClient
) -> None:
    order = await office.order(customer)
    inside = await handed_in(customer, pdf("1"), orderId=order["id"], checklistKey="passport")
    outside = await handed_in(customer, pdf("2"), category="OTHER")
    await office.assign(await office.order(customer), consultant)
    for document in (inside, outside):
        answer = await consultant.patch(f"/documents/{document['id']}/verify", json={"status": "VERIFIED"})
        assert refusal(answer, 404) == "DOCUMENT_NOT_FOUND"
        assert read(await customer.get(f"/documents/{document['id']}"))["status"] == "PENDING"


async def test_only_what_belongs_to_nothing_counts_and_only_ones_own(
    office: Office, customer: StorefrontClient, holyone: StorefrontClient
) -> None:
    order, guest = await office.order(customer), await holyone.sign_in_as()
    await handed_in(customer, pdf("in an order"), orderId=order["id"], checklistKey="passport")
    for number in range(19):
        await handed_in(guest, pdf(str(number)), category="OTHER")
    await handed_in(customer, pdf("of another"), category="OTHER")
    async with holyone.database.read() as connection:
        counted = [await queries.count_unattached(connection, user_id=who.user_id) for who in (guest, customer)]
    assert counted == [19, 1]
    await handed_in(guest, pdf("the last"), category="OTHER")
    assert refusal(await hand_in(guest, pdf("too many"), category="OTHER"), 409) == "TOO_MANY_DOCUMENTS"


@pytest.mark.parametrize("is_confirmed", [True, False])
async def test_news_go_to_whom_the_order_is_for_once_it_is_paid(
    office: Office, customer: StorefrontClient, is_confirmed: bool
) -> None:
    await handed_in(await customer.visitor().sign_in_as(), pdf(), category="OTHER")
    order = await office.order(customer, customerInfo={"fullName": "Chan Sophea", "email": "sophea@example.com"})
    document = await handed_in(customer, pdf(), orderId=order["id"], checklistKey="passport")
    if not is_confirmed:
        await customer.rows("UPDATE orders SET confirmed_at = NULL WHERE id = $1", order["id"])
    async with customer.database.unit_of_work() as tx:
        to = await queries.get_recipient(tx, document_id=document["id"])
    told = ("sophea@example.com", "Chan Sophea") if is_confirmed else (customer.email, "Sok Dara")
    assert (to["user_id"], to["email"], to["name"]) == (customer.user_id, *told)


async def test_what_can_be_handed_in_for_is_open_and_counted_by_itself(
    office: Office, customer: StorefrontClient
) -> None:
    admin = Actor(office.admin.user_id, office.admin.email, "Office", Role.ADMIN, 0)
    order, _ = await everything(office, customer, "one")
    fresh = await office.order(customer)
    for status in ("PENDING", "CONFIRMED", "IN_PROGRESS", "COMPLETED", "CANCELLED"):
        await customer.rows("UPDATE orders SET status = $1", status)
        is_open = status not in ("COMPLETED", "CANCELLED")
        async with customer.database.read() as connection:
            for one, count in ((order, 3), (fresh, 0)):
                by_id = await queries.get_target(connection, order_id=one["id"], actor=admin)
                at_desk = await queries.get_target_at_desk(connection, id_or_number=one["id"], actor=admin)
                assert at_desk == by_id
                assert (by_id.order_number, by_id.is_open, by_id.document_count) == (
                    one["orderNumber"], is_open, count,
                )  # fmt: skip
        shown = read(await customer.get("/dashboard/documents/status"))
        assert len(shown["orders"]) == (2 if is_open else 0)
    await customer.rows("UPDATE orders SET status = 'CONFIRMED', service_type = 'DIGITAL' WHERE id = $1", fresh["id"])
    assert read(await customer.get("/dashboard/documents/status"))["orders"] == []


async def test_what_is_decided_about_is_locked(
    office: Office, customer: StorefrontClient, consultant: StorefrontClient
) -> None:
    document = await handed_in(customer, pdf(), category="OTHER")
    admin = Actor(customer.user_id, customer.email, "Office", Role.ADMIN, 0)
    of_another = Actor(consultant.user_id, consultant.email, "Keo Bopha", Role.CONSULTANT, 0)
    await office.assign(await office.order(customer), consultant)
    async with customer.database.unit_of_work() as tx:
        with pytest.raises(DocumentNotFound):
            await queries.lock_at_desk(tx, document_id=document["id"], actor=of_another)
    locks: list[tuple[str, str, Lock]] = [
        ("documents", "true", lambda tx, row: queries.lock_visible(tx, document_id=row["id"], actor=admin)),
        ("documents", "true", lambda tx, row: queries.lock_at_desk(tx, document_id=row["id"], actor=admin)),
    ]
    assert await loose(customer, locks) == []
