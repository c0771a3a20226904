"""What an order needs, how far it is, who is reminded of it, and how long it is kept."""

from datetime import timedelta

import pytest
from tests.features.documents.conftest import Json, Office, hand_in, handed_in, kept_files, pdf, stranger_id
from tests.support.client import StorefrontClient, faulty_fields, read, refusal
from tests.support.trail import acts_on

from sojourn.care.documents import retention
from sojourn.care.documents.reminders import send_reminders
from sojourn.platform.kit.clock import FrozenClock
from sojourn.providers.work import Work

A_MOMENT = timedelta(seconds=1)


async def states(customer: StorefrontClient, order: Json) -> dict[str, str]:
    checklist = read(await customer.get(f"/orders/{order['orderNumber']}/checklist"))
    required = [item for item in checklist["items"] if item["isRequired"]]
    assert checklist["missing"] == len([i for i in required if i["status"] in ("PENDING", "REJECTED")])
    return {item["key"]: item["status"] for item in checklist["items"]}


async def letters(client: StorefrontClient, kind: str) -> list[Json]:
    return await client.rows(
        "SELECT occasion, language, recipient, context FROM notifications WHERE kind = $1 ORDER BY created_at, id", kind
    )


async def close(order: Json, client: StorefrontClient) -> None:
    async with client.database.read() as connection:
        await connection.execute(
            "UPDATE orders SET status = 'COMPLETED', completed_at = $2 WHERE order_number = $1",
            order["orderNumber"], client.runtime.clock.now(),
        )  # fmt: skip


async def test_from_missing_to_verified(office: Office, customer: StorefrontClient, clock: FrozenClock) -> None:
    order = await office.order(customer)
    assert set((await states(customer, order)).values()) == {"PENDING"}
    place = {"orderId": order["id"], "checklistKey": "statement-own"}
    first = await handed_in(customer, pdf("page 1"), **place)
    assert first["category"] == "BANK_STATEMENT"
    second = await handed_in(customer, pdf("page 2"), **place)
    assert (await states(customer, order))["statement-own"] == "UPLOADED"
    clock.advance(A_MOMENT)
    await office.decide(second, "VERIFIED")
    await office.decide(first, "REJECTED", reason="Cut off")
    assert (await states(customer, order))["statement-own"] == "REJECTED"
    clock.advance(A_MOMENT)
    third = await handed_in(customer, pdf("page 1, whole"), **place)
    assert (await states(customer, order))["statement-own"] == "UPLOADED"
    await office.decide(third, "VERIFIED")
    assert (await states(customer, order))["statement-own"] == "VERIFIED"
    checklist = read(await customer.get(f"/orders/{order['id']}/checklist"))
    [item] = [item for item in checklist["items"] if item["key"] == "statement-own"]
    assert [(d["id"], d["status"], d["rejectionReason"]) for d in item["documents"]] == [
        (first["id"], "REJECTED", "Cut off"), (second["id"], "VERIFIED", None), (third["id"], "VERIFIED", None),
    ]  # fmt: skip
    assert checklist["items"][0]["title"] == {"en": "Passport", "km": "លិខិតឆ្លងដែន", "zh": "护照"}


async def test_the_category_finds_its_item_where_there_is_one(office: Office, customer: StorefrontClient) -> None:
    order = await office.order(customer)
    found = await handed_in(customer, pdf("1"), orderId=order["id"], category="PASSPORT")
    assert found["checklistKey"] == "passport"
    either = await handed_in(customer, pdf("2"), orderId=order["id"], category="BANK_STATEMENT")
    assert either["checklistKey"] is None
    wrong = {"orderId": order["id"], "category": "PASSPORT", "checklistKey": "photo"}
    assert faulty_fields(await hand_in(customer, pdf("3"), **wrong)) == ["category"]
    unknown = {"orderId": order["id"], "checklistKey": "visa"}
    assert faulty_fields(await hand_in(customer, pdf("3"), **unknown)) == ["checklistKey"]


async def test_nothing_for_a_closed_order(office: Office, customer: StorefrontClient) -> None:
    order = await office.order(customer)
    await close(order, customer)
    answer = await hand_in(customer, pdf(), orderId=order["id"], category="PASSPORT")
    assert refusal(answer, 409) == "ORDER_CLOSED"
    assert answer.json()["details"] == {"orderNumber": order["orderNumber"]}
    answer = await office.admin.post(f"/admin/orders/{order['id']}/upload-link")
    assert refusal(answer, 409) == "ORDER_CLOSED"


async def test_the_dashboard_counts(office: Office, customer: StorefrontClient) -> None:
    empty = {"total": 0, "pending": 0, "verified": 0, "rejected": 0, "missing": 0, "orders": []}
    assert read(await customer.get("/dashboard/documents/status")) == empty
    order, closed = await office.order(customer), await office.order(customer)
    await close(closed, customer)
    documents = [await handed_in(customer, pdf(str(n)), orderId=order["id"], category="PASSPORT") for n in range(3)]
    await office.decide(documents[0], "VERIFIED")
    await office.decide(documents[1], "REJECTED", reason="No")
    async with customer.statements() as said:
        status = read(await customer.get("/dashboard/documents/status"))
    assert (status["total"], status["pending"], status["verified"], status["rejected"]) == (3, 1, 1, 1)
    assert [shown["orderNumber"] for shown in status["orders"]] == [order["orderNumber"]]
    assert status["missing"] == status["orders"][0]["missing"] == 4
    assert len([text for text in said if "documents" in text]) == 1


@pytest.mark.parametrize("language", ["en", "km", "zh"])
async def test_a_rejection_is_told_once(
    office: Office, customer: StorefrontClient, clock: FrozenClock, language: str
) -> None:
    order = await office.order(customer, language=language)
    document = await handed_in(customer, pdf(), "passport.pdf", orderId=order["id"], category="PASSPORT")
    for _ in range(2):
        await office.decide(document, "REJECTED", reason="Too dark")
    [letter] = await letters(customer, "DOCUMENT_REJECTED")
    assert (letter["language"], letter["recipient"]) == (language, customer.email)
    assert letter["context"] == {
        "file_name": "passport.pdf", "reason": "Too dark", "order_number": order["orderNumber"],
        "service_title": {"en": "Visa", "km": "ទិដ្ឋាការ", "zh": "签证"}[language], "upload_url": f"https://holyonetravels.com/orders/{order['id']}",
    }  # fmt: skip
    clock.advance(A_MOMENT)
    await office.decide(document, "REJECTED", reason="Too bright")
    assert len(await letters(customer, "DOCUMENT_REJECTED")) == 2


async def test_reminders_go_once_each(
    office: Office, customer: StorefrontClient, clock: FrozenClock, holyone_work: Work
) -> None:
    order = await office.order(customer, language="km")
    sent: list[str] = []
    for hours in (71, 1, 1, 94, 2, 24 * 7, 24, 24 * 30):
        clock.advance(timedelta(hours=hours))
        await send_reminders(holyone_work)
        await send_reminders(holyone_work)
        sent.append(",".join(letter["occasion"] for letter in await letters(customer, "DOCUMENT_REMINDER")))
    assert sent == ["", "3", "3", "3", "3,7", "3,7,14", "3,7,14", "3,7,14"]
    first = (await letters(customer, "DOCUMENT_REMINDER"))[0]
    assert first["language"] == "km"
    assert first["context"]["missing"][:2] == ["លិខិតឆ្លងដែន", "Photograph"]
    assert len(first["context"]["missing"]) == 4
    assert first["context"]["order_url"].endswith(order["id"])


async def test_after_a_downtime_one_reminder_only(
    office: Office, customer: StorefrontClient, clock: FrozenClock, holyone_work: Work
) -> None:
    await office.order(customer)
    clock.advance(timedelta(days=8))
    await send_reminders(holyone_work)
    clock.advance(timedelta(days=1))
    await send_reminders(holyone_work)
    assert [letter["occasion"] for letter in await letters(customer, "DOCUMENT_REMINDER")] == ["7"]


async def test_who_lacks_nothing_is_left_alone(
    office: Office, customer: StorefrontClient, clock: FrozenClock, holyone_work: Work
) -> None:
    done, cancelled = await office.order(customer), await office.order(customer)
    unpaid = read(await customer.post("/orders", json={"serviceId": "visa"}), 201)
    read(await office.admin.patch(f"/admin/orders/{cancelled['id']}", json={"status": "CANCELLED"}))
    for key in ("passport", "photo", "statement-own", "statement-sponsor"):
        last = await handed_in(customer, pdf(), orderId=done["id"], checklistKey=key)
    clock.advance(timedelta(days=4))
    await send_reminders(holyone_work)
    assert await letters(customer, "DOCUMENT_REMINDER") == []
    assert unpaid["status"] == "PENDING"
    await office.decide(last, "REJECTED", reason="No")
    await send_reminders(holyone_work)
    [letter] = await letters(customer, "DOCUMENT_REMINDER")
    assert letter["context"]["missing"] == ["Sponsor's bank statement"]


async def test_how_long_documents_are_kept(
    office: Office, customer: StorefrontClient, clock: FrozenClock, holyone_work: Work
) -> None:
    async def lines() -> dict[str, int]:
        async with customer.database.read() as connection:
            return {line.reason: line.documents for line in await retention.report(connection, now=clock.now())}

    before = kept_files()
    still, closed = await office.order(customer), await office.order(customer)
    await handed_in(customer, pdf(), category="PASSPORT")
    await handed_in(customer, pdf(), orderId=still["id"], category="PASSPORT")
    await handed_in(customer, pdf(), orderId=closed["id"], category="PASSPORT")
    await close(closed, customer)
    assert await lines() == {"YOUNG": 1, "ORDER_OPEN": 1, "CASE_RECENT": 1}
    clock.advance(timedelta(hours=24) - A_MOMENT)
    assert await retention.delete_due(holyone_work) == 0
    clock.advance(A_MOMENT)
    assert await lines() == {"UNATTACHED": 1, "ORDER_OPEN": 1, "CASE_RECENT": 1}
    assert await retention.delete_due(holyone_work) == 1
    clock.advance(timedelta(days=89) - A_MOMENT)
    assert await retention.delete_due(holyone_work) == 0
    clock.advance(A_MOMENT)
    assert await lines() == {"CASE_CLOSED": 1, "ORDER_OPEN": 1}
    assert await retention.delete_due(holyone_work) == 1
    assert await lines() == {"ORDER_OPEN": 1}
    assert len(kept_files() - before) == 3
    assert await retention.remove_files(holyone_work) == 2
    assert len(kept_files() - before) == 1
    trail = await customer.rows("SELECT detail FROM audit_entries WHERE action = 'document.expired' ORDER BY id")
    assert [row["detail"] for row in trail] == [{"reason": "UNATTACHED"}, {"reason": "CASE_CLOSED"}]


async def test_an_erased_account_leaves_no_documents(
    office: Office, customer: StorefrontClient, holyone_work: Work
) -> None:
    order = await office.order(customer)
    await handed_in(customer, pdf(), orderId=order["id"], category="PASSPORT")
    async with customer.database.read() as connection:
        await connection.execute("UPDATE users SET deleted_at = now() WHERE id = $1", customer.user_id)
    assert await retention.delete_due(holyone_work) == 1


async def test_handing_in_by_a_link(
    office: Office, customer: StorefrontClient, consultant: StorefrontClient, clock: FrozenClock
) -> None:
    order = await office.order(customer)
    path = f"/admin/orders/{order['orderNumber']}/upload-link"
    assert refusal(await customer.post(path), 403) == "NOT_ALLOWED"
    assert refusal(await consultant.post(path), 404) == "ORDER_NOT_FOUND"
    await office.assign(order, consultant)
    old = read(await consultant.post(path), 201)
    link = read(await consultant.post(path), 201)
    assert link["url"] == f"https://holyonetravels.com/uploads/{link['token']}"
    visitor = customer.visitor()
    page = read(await visitor.get(f"/uploads/{link['token']}"))
    assert (page["agency"], page["orderNumber"]) == ("Holyone Travels", order["orderNumber"])
    assert customer.email not in str(page)
    assert "Sok Dara" not in str(page)
    by_link = f"/uploads/{link['token']}"
    receipt = read(await hand_in(visitor, pdf(), path=by_link, category="PASSPORT"), 201)
    assert (receipt["checklistKey"], receipt["status"]) == ("passport", "PENDING")
    assert read(await customer.get(f"/documents/{receipt['id']}"))["userId"] == str(customer.user_id)
    fields = {"category": "PASSPORT", "orderId": stranger_id()}
    assert faulty_fields(await hand_in(visitor, pdf("x"), path=by_link, **fields)) == ["orderId"]
    for token in (old["token"], "A" * 43):
        assert refusal(await visitor.get(f"/uploads/{token}"), 404) == "UPLOAD_LINK_INVALID"
        answer = await hand_in(visitor, pdf(), path=f"/uploads/{token}", category="PASSPORT")
        assert refusal(answer, 404) == "UPLOAD_LINK_INVALID"
    rows = await customer.rows("SELECT detail FROM audit_entries WHERE action = 'document.uploaded'")
    assert [row["detail"]["by_link"] for row in rows] == [True]
    made = ("document.upload_link_made", consultant.user_id)
    assert (await acts_on(customer, order["id"])).count(made) == 2
    assert await customer.rows("SELECT 1 FROM upload_links WHERE token_hash = $1", link["token"].encode()) == []
    clock.advance(timedelta(days=14))
    assert refusal(await visitor.get(f"/uploads/{link['token']}"), 404) == "UPLOAD_LINK_INVALID"
