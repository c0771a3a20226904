"""Whose documents they are: owners, consultants, admins, and everybody else."""

from datetime import timedelta
from typing import Any

import pytest
from tests.features.documents.conftest import Json, Office, hand_in, handed_in, kept_files, pdf, picture, stranger_id
from tests.support.client import StorefrontClient, faulty_fields, read, refusal

from sojourn.care.documents.retention import remove_files
from sojourn.people.roles import Role
from sojourn.platform.kit.clock import FrozenClock
from sojourn.providers.work import Work


@pytest.fixture
async def stranger(holyone: StorefrontClient) -> StorefrontClient:
    return await holyone.sign_in_as(name="Somebody Else")


def path_of(client: StorefrontClient, link: Json) -> str:
    return str(link["url"]).partition(client.storefront.prefix)[2]


async def refused_everywhere(person: StorefrontClient, document: Json) -> None:
    for answer in (
        await person.get(f"/documents/{document['id']}"),
        await person.get(f"/documents/{document['id']}/download"),
        await person.delete(f"/documents/{document['id']}"),
        await person.patch(f"/documents/{document['id']}", json={"orderId": stranger_id()}),
    ):
        assert refusal(answer, 404) == "DOCUMENT_NOT_FOUND"


async def test_another_customers_document_is_not_there(
    office: Office, customer: StorefrontClient, stranger: StorefrontClient, holyone: StorefrontClient
) -> None:
    order = await office.order(customer)
    document = await handed_in(customer, pdf(), orderId=order["id"], category="PASSPORT")
    await refused_everywhere(stranger, document)
    assert read(await stranger.get("/documents"))["total"] == 0
    assert read(await stranger.get("/documents", params={"orderId": order["id"]}))["total"] == 0
    assert refusal(await hand_in(stranger, pdf(), orderId=order["id"], category="PASSPORT"), 404) == "ORDER_NOT_FOUND"
    assert refusal(await stranger.get(f"/orders/{order['id']}/checklist"), 404) == "ORDER_NOT_FOUND"
    assert (await stranger.get(f"/users/{customer.user_id}/documents")).status_code == 404
    for path in ("/documents", "/admin/documents"):
        answer = await stranger.patch(f"{path}/{document['id']}/verify", json={"status": "VERIFIED"})
        assert refusal(answer, 403) == "NOT_ALLOWED"
    assert refusal(await holyone.get(f"/documents/{document['id']}"), 401) == "NOT_AUTHENTICATED"
    shown = read(await stranger.get("/dashboard/documents/status"))
    assert (shown["total"], shown["missing"], shown["orders"]) == (0, 0, [])


async def test_two_people_may_hand_in_the_same_file(customer: StorefrontClient, stranger: StorefrontClient) -> None:
    theirs = await handed_in(customer, pdf("form"), category="OTHER")
    own = await handed_in(stranger, pdf("form"), category="OTHER")
    assert own["id"] != theirs["id"]
    assert (await handed_in(stranger, pdf("form"), category="OTHER"))["id"] == own["id"], "one's own is found again"


async def test_a_consultant_sees_documents_of_assigned_orders_only(
    office: Office, customer: StorefrontClient, consultant: StorefrontClient
) -> None:
    order, other = await office.order(customer), await office.order(customer)
    await office.assign(other, consultant)
    document = await handed_in(customer, pdf(), orderId=order["id"], category="PASSPORT")
    loose = await handed_in(customer, pdf(), category="PASSPORT")
    for hidden in (document, loose):
        await refused_everywhere(consultant, hidden)
        for path in ("/documents", "/admin/documents"):
            answer = await consultant.patch(f"{path}/{hidden['id']}/verify", json={"status": "VERIFIED"})
            assert refusal(answer, 404) == "DOCUMENT_NOT_FOUND"
    assert read(await consultant.get("/admin/documents"))["total"] == 0
    await office.assign(order, consultant)
    assert read(await consultant.get("/admin/documents"))["items"] == [document]
    assert read(await consultant.get("/documents", params={"orderId": order["id"]}))["items"] == [document]
    assert read(await consultant.get("/documents"))["total"] == 0
    assert refusal(await consultant.delete(f"/documents/{document['id']}"), 403) == "NOT_ALLOWED"
    assert (await office.decide(document, "VERIFIED", by=consultant))["verifiedBy"] == str(consultant.user_id)


async def test_the_desk_hands_in_for_its_customer(
    office: Office, customer: StorefrontClient, consultant: StorefrontClient
) -> None:
    order = await office.order(customer)
    await office.assign(order, consultant)
    document = await handed_in(consultant, pdf(), orderId=order["id"], category="PASSPORT")
    assert document["userId"] == str(customer.user_id)
    assert read(await customer.get("/documents"))["items"] == [document]


async def test_lists_filters_and_one_statement(office: Office, customer: StorefrontClient) -> None:
    order = await office.order(customer)
    first = await handed_in(customer, pdf("1"), category="PASSPORT")
    second = await handed_in(customer, picture(), "me.jpg", orderId=order["id"], category="PHOTO")
    assert read(await customer.get("/documents"))["items"] == [second, first]
    async with customer.statements() as said:
        page = read(await customer.get("/documents", params={"perPage": 1, "page": 2}))
    assert (page["items"], page["total"], page["page"], page["perPage"]) == ([first], 2, 2, 1)
    assert len([text for text in said if "documents" in text]) == 1
    for asked, found in (
        ({"category": "PHOTO"}, [second]), ({"status": "VERIFIED"}, []), ({"orderId": order["id"]}, [second]),
        ({"status": "PENDING", "category": "PASSPORT"}, [first]),
    ):  # fmt: skip
        assert read(await customer.get("/documents", params=asked))["items"] == found
    assert faulty_fields(await customer.get("/documents", params={"status": "LOST"})) == ["status"]
    for person in (customer, office.admin):
        assert read(await person.get(f"/users/{customer.user_id}/documents"))["total"] == 2
    assert read(await office.admin.get("/admin/documents"))["items"] == [first, second]
    assert read(await office.admin.get("/documents"))["total"] == 0


async def test_links_last_five_minutes_and_every_opening_is_on_record(
    customer: StorefrontClient, stranger: StorefrontClient, clock: FrozenClock
) -> None:
    document = await handed_in(customer, pdf(), category="PASSPORT")
    link = read(await customer.get(f"/documents/{document['id']}/download"))
    assert link["expiresAt"] == "2026-12-01T03:05:00Z"
    assert (link["fileName"], link["mimeType"]) == ("paper.pdf", "application/pdf")
    path = path_of(customer, link)
    clock.advance(timedelta(minutes=4, seconds=59))
    for _ in range(2):
        assert (await customer.visitor().get(path)).content == pdf()
    clock.advance(timedelta(seconds=1))
    assert refusal(await customer.get(path), 410) == "FILE_LINK_EXPIRED"
    trail = await customer.rows("SELECT actor_id, subject_id FROM audit_entries WHERE action = 'document.opened'")
    assert [(row["actor_id"], str(row["subject_id"])) for row in trail] == [(customer.user_id, document["id"])] * 2


async def test_links_that_are_not_ours(customer: StorefrontClient) -> None:
    document = await handed_in(customer, pdf(), category="PASSPORT")
    path = path_of(customer, read(await customer.get(f"/documents/{document['id']}/download")))
    base, _, token = path.rpartition("/")
    for position in (0, 10, 43, 60, 80, len(token) - 2):
        changed = token[:position] + ("A" if token[position] != "A" else "B") + token[position + 1 :]
        assert refusal(await customer.get(f"{base}/{changed}"), 404) == "FILE_LINK_INVALID"
    assert refusal(await customer.get(f"{base}/{'A' * 40}"), 404) == "FILE_LINK_INVALID"
    read(await customer.delete(f"/documents/{document['id']}"), 204)
    assert refusal(await customer.get(path), 404) == "FILE_LINK_INVALID"


async def test_deleting(office: Office, customer: StorefrontClient, holyone_work: Work, clock: FrozenClock) -> None:
    order, before = await office.order(customer), kept_files()
    document = await handed_in(customer, picture(), "me.jpg", orderId=order["id"], category="PHOTO")
    assert len(kept_files() - before) == 2
    await office.decide(document, "VERIFIED")
    assert refusal(await customer.delete(f"/documents/{document['id']}"), 409) == "DOCUMENT_VERIFIED"
    read(await office.admin.delete(f"/documents/{document['id']}"), 204)
    await refused_everywhere(customer, document)
    assert await remove_files(holyone_work) == 1
    assert kept_files() == before
    assert await customer.rows("SELECT folder FROM doomed_files") == []


async def test_verifying_on_both_paths(office: Office, customer: StorefrontClient) -> None:
    for number, path in enumerate(("/documents", "/admin/documents")):
        document = await handed_in(customer, pdf(str(number)), category="PASSPORT")
        rejected = await office.decide(document, "REJECTED", path=path, reason="The last page is cut off.")
        assert (rejected["status"], rejected["rejectionReason"]) == ("REJECTED", "The last page is cut off.")
        verified = await office.decide(document, "VERIFIED", path=path)
        assert (verified["status"], verified["rejectionReason"]) == ("VERIFIED", None)
        assert (verified["verifiedBy"], verified["verifiedAt"]) == (str(office.admin.user_id), "2026-12-01T03:00:00Z")
    trail = await customer.rows("SELECT action FROM audit_entries WHERE action ~ 'ed$' AND subject_kind = 'DOCUMENT'")
    assert [row["action"] for row in trail].count("document.rejected") == 2


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"status": "PENDING"},
        {"status": "REJECTED"},
        {"status": "REJECTED", "reason": "  "},
        {"status": "VERIFIED", "reason": "Fine"},
        {"status": "REJECTED", "rejectionReason": "  "},
        {"status": "REJECTED", "reason": "Too dark", "rejectionReason": "Too dark"},
        {"status": "VERIFIED", "rejectionReason": "x"},
    ],
)
async def test_bad_decisions(office: Office, customer: StorefrontClient, body: dict[str, Any]) -> None:
    document = await handed_in(customer, pdf(), category="PASSPORT")
    assert faulty_fields(await office.admin.patch(f"/documents/{document['id']}/verify", json=body))


async def test_attaching(office: Office, customer: StorefrontClient, stranger: StorefrontClient) -> None:
    order, theirs = await office.order(customer), await office.order(stranger)
    document = await handed_in(customer, pdf(), category="PASSPORT")
    path = f"/documents/{document['id']}"
    assert refusal(await customer.patch(path, json={"orderId": theirs["id"]}), 404) == "ORDER_NOT_FOUND"
    assert faulty_fields(await office.admin.patch(path, json={"orderId": theirs["id"]})) == ["orderId"]
    body = {"orderId": order["id"], "checklistKey": "photo"}
    assert faulty_fields(await customer.patch(path, json=body)) == ["category"]
    attached = read(await customer.patch(path, json={"orderId": order["id"]}))
    assert (attached["orderNumber"], attached["checklistKey"]) == (order["orderNumber"], "passport")
    assert refusal(await customer.patch(path, json={"orderId": order["id"]}), 409) == "DOCUMENT_ATTACHED"
    again = await handed_in(customer, pdf(), category="PASSPORT")
    answer = await customer.patch(f"/documents/{again['id']}", json={"orderId": order["id"]})
    assert refusal(answer, 409) == "DOCUMENT_REPEATED"


async def test_switched_on_where_it_was_off(derlg: StorefrontClient) -> None:
    assert (await derlg.get("/documents")).status_code == 404
    assert (await (await derlg.sign_in_as(Role.ADMIN)).get("/admin/documents")).status_code == 404


async def test_a_rejection_may_say_why_as_documents_do(office: Office, customer: StorefrontClient) -> None:
    document = await handed_in(customer, pdf(), category="PASSPORT")
    said = {"status": "REJECTED", "rejectionReason": "Too dark"}
    rejected = read(await office.admin.patch(f"/admin/documents/{document['id']}/verify", json=said))
    assert (rejected["status"], rejected["rejectionReason"]) == ("REJECTED", "Too dark")
