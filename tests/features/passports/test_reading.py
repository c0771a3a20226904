"""A passport that was handed in is read: for the form and for staff, and then forgotten."""

import pytest
from tests.features.documents.conftest import Office, consultant, customer, handed_in, office, pdf
from tests.support.client import StorefrontClient, faulty_fields, read, refusal
from tests.unit.passports.test_mrz import TD1, TD3

from sojourn.care.passports.mrz import check_digit
from sojourn.platform.kit.ids import new_id

__all__ = ["consultant", "customer", "office"]  # fixtures of the documents' tests

DETAILS = {"travelDate": "2027-03-01"}


async def test_what_the_lines_say(office: Office, customer: StorefrontClient) -> None:
    order = await office.order(customer, serviceDetails=DETAILS, customerInfo={"fullName": "Anna Eriksson"})
    document = await handed_in(customer, pdf(), orderId=order["id"], checklistKey="passport")
    reading = read(await customer.post(f"/documents/{document['id']}/passport", json={"mrz": TD3}))
    assert reading == {
        "documentId": document["id"], "source": "TYPED", "format": "TD3", "documentType": "P", "issuingState": "UTO",
        "surname": "ERIKSSON", "givenNames": "ANNA MARIA", "documentNumber": "L898902C3", "nationality": "UTO",
        "birthDate": "1974-08-12", "sex": "F", "expiresOn": "2012-04-15", "failedChecks": [], "warnings": ["EXPIRED"],
        "prefill": {"passportNumber": "L898902C3", "nationality": "UTO", "fullName": "ANNA MARIA ERIKSSON"},
    }  # fmt: skip
    filled = {key: reading["prefill"][key] for key in ("passportNumber", "nationality")}
    changed = read(await customer.patch(f"/orders/{order['id']}", json={"serviceDetails": filled}))
    assert changed["serviceDetails"]["passportNumber"] == "L898902C3"
    assert read(await customer.get(f"/documents/{document['id']}"))["status"] == "PENDING", "staff decide"


async def test_warnings(office: Office, customer: StorefrontClient) -> None:
    order = await office.order(customer, serviceDetails=DETAILS)
    document = await handed_in(customer, pdf(), orderId=order["id"], checklistKey="passport")
    path = f"/documents/{document['id']}/passport"
    first, second = TD3.split("\n")
    body = second[:21] + "270831" + check_digit("270831") + second[28:43]
    last = check_digit(body[:10] + body[13:20] + body[21:])
    checked = read(await customer.post(path, json={"mrz": f"{first}\n{body}{last}"}))
    assert checked["failedChecks"] == []
    assert checked["warnings"] == ["EXPIRES_WITHIN_SIX_MONTHS_OF_TRAVEL", "NAME_DIFFERS"]
    wrong = read(await customer.post(path, json={"mrz": TD3.replace("L898902C3", "L898902D3")}))
    assert wrong["failedChecks"] == ["DOCUMENT_NUMBER", "COMPOSITE"]
    assert wrong["prefill"]["passportNumber"] is None
    assert "CHECK_DIGITS_FAILED" in wrong["warnings"]


async def test_nothing_of_it_is_kept_but_that_it_was_read(customer: StorefrontClient) -> None:
    document = await handed_in(customer, pdf(), category="PASSPORT")
    key = {"Idempotency-Key": "once-and-only-once"}
    path = f"/documents/{document['id']}/passport"
    assert read(await customer.post(path, json={"mrz": TD1}, headers=key))["format"] == "TD1"
    [row] = await customer.rows("SELECT actor_id, detail FROM audit_entries WHERE action = 'passport.read'")
    assert (row["actor_id"], row["detail"]) == (customer.user_id, {"source": "TYPED", "format": "TD1", "failed": []})
    tables = await customer.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    for table in (row["tablename"] for row in tables):
        found = await customer.rows(f"SELECT 1 FROM {table} t WHERE t::text ~ 'D23145890|ERIKSSON'")
        assert found == [], table


@pytest.mark.parametrize("text", ["", " ", "P<UTO", "X" * 301, TD3.replace("P", "V", 1), TD3 + "é"])
async def test_what_is_no_zone(customer: StorefrontClient, text: str) -> None:
    document = await handed_in(customer, pdf(), category="PASSPORT")
    assert faulty_fields(await customer.post(f"/documents/{document['id']}/passport", json={"mrz": text})) == ["mrz"]
    assert await customer.rows("SELECT 1 FROM audit_entries WHERE action = 'passport.read'") == []


async def test_whose_passports_are_read(
    office: Office, customer: StorefrontClient, consultant: StorefrontClient, holyone: StorefrontClient
) -> None:
    order = await office.order(customer)
    document = await handed_in(customer, pdf(), orderId=order["id"], checklistKey="passport")
    path, body = f"/documents/{document['id']}/passport", {"mrz": TD3}
    stranger = await holyone.sign_in_as()
    for other in (stranger, consultant):
        assert refusal(await other.post(path, json=body), 404) == "DOCUMENT_NOT_FOUND"
    await office.assign(order, consultant)
    for staff in (consultant, office.admin):
        assert read(await staff.post(path, json=body))["surname"] == "ERIKSSON"
    assert refusal(await holyone.post(path, json=body), 401) == "NOT_AUTHENTICATED"
    photo = await handed_in(customer, pdf("p"), orderId=order["id"], checklistKey="photo")
    assert refusal(await customer.post(f"/documents/{photo['id']}/passport", json=body), 409) == "NOT_A_PASSPORT"
    gone = f"/documents/{new_id()}/passport"
    assert refusal(await customer.post(gone, json=body), 404) == "DOCUMENT_NOT_FOUND"
