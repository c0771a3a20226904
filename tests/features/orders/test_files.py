"""The desk's orders as a file for spreadsheets."""

import csv
import json

import httpx
import pytest
from tests.features.orders.conftest import Shop
from tests.support.client import StorefrontClient, faulty_fields, read, refusal

from sojourn.people.roles import Role
from sojourn.platform.http.dialect import in_casing
from sojourn.sales.orders import answers


def rows_of(answer: httpx.Response) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="orders-2026-12-01.csv"'
    return list(csv.DictReader(answer.text.removeprefix("\ufeff").splitlines()))


async def test_a_file_holds_all_that_was_asked_for_and_is_on_record(shop: Shop, customer: StorefrontClient) -> None:
    paid = await shop.paid(customer)
    for _ in range(2):
        await shop.order(customer, "evisa", customerInfo={"fullName": "=1+1", "email": "x@example.com"})
    everything = rows_of(await shop.office.get("/admin/orders", params={"format": "csv", "perPage": 1, "page": 3}))
    assert len(everything) == 3
    assert list(everything[0]) == [in_casing(name, customer.storefront.dialect) for name in answers.FILE_COLUMNS]
    asked = {"status": "CONFIRMED", "type": "MAIN", "q": paid["orderNumber"]}
    [row] = rows_of(await shop.office.get("/admin/orders", params=asked, headers={"Accept": "text/csv"}))
    assert {name: row[name] for name in ("id", "orderNumber", "status", "totalAmount", "paidAmount", "currency")} == {
        name: paid[name] for name in ("id", "orderNumber", "status", "totalAmount", "paidAmount", "currency")
    }
    assert (row["stage"], row["isLate"], row["createdAt"]) == ("intake", "false", "2026-12-01T03:00:00Z")
    micro = rows_of(await shop.office.get("/admin/orders", params={"format": "csv", "type": "MICRO"}))
    assert [row["customerName"] for row in micro] == ["'=1+1"] * 2, "no formula reaches the spreadsheet"
    acts = await customer.rows(
        "SELECT actor_id, reference, detail FROM audit_entries WHERE action = 'report.exported' ORDER BY id"
    )
    assert [(act["actor_id"], act["reference"]) for act in acts] == [(shop.office.user_id, "orders")] * 3
    assert "CONFIRMED" in acts[1]["detail"]["arguments"]


@pytest.mark.parametrize("sort", ["newest", "oldest", "updated", "largest"])
async def test_a_file_has_the_rows_and_the_order_of_the_list(shop: Shop, customer: StorefrontClient, sort: str) -> None:
    for slug in ("evisa", "professional", "guide", "professional"):
        await shop.order(customer, slug)
    listed = read(await shop.office.get("/admin/orders", params={"sort": sort}))["items"]
    filed = rows_of(await shop.office.get("/admin/orders", params={"sort": sort, "format": "csv"}))
    assert [row["id"] for row in filed] == [order["id"] for order in listed]
    assert len(filed) == 4


async def test_consultants_take_away_their_own_orders_only(
    shop: Shop, customer: StorefrontClient, holyone: StorefrontClient
) -> None:
    consultant = await holyone.sign_in_as(Role.CONSULTANT, name="Keo Bopha")
    mine, _ = await shop.order(customer), await shop.order(customer)
    read(await shop.office.patch(f"/admin/orders/{mine['id']}/assign", json={"consultantId": str(consultant.user_id)}))
    [row] = rows_of(await consultant.get("/admin/orders", params={"format": "csv"}))
    assert (row["id"], row["consultantName"]) == (mine["id"], "Keo Bopha")


async def test_whom_no_file_is_for(shop: Shop, customer: StorefrontClient) -> None:
    assert refusal(await customer.get("/admin/orders", params={"format": "csv"}), 403) == "NOT_ALLOWED"
    assert faulty_fields(await shop.office.get("/admin/orders", params={"format": "xlsx"})) == ["format"]
    days = {"format": "csv", "fromDate": "2026-12-02", "toDate": "2026-12-01"}
    assert faulty_fields(await shop.office.get("/admin/orders", params=days)) == ["fromDate"]
    assert await customer.rows("SELECT FROM audit_entries WHERE action = 'report.exported'") == []
    assert json.loads((await shop.office.get("/admin/orders", params={"format": "json"})).content)["total"] == 0
