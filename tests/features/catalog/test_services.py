"""Services: what a visitor sees, in camelCase, and how an agency changes them."""

import asyncio
import json
from collections.abc import Mapping
from decimal import Decimal
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.features.catalog.samples import service
from tests.support.client import StorefrontClient, faulty_fields, read, refusal

from sojourn.catalog.services.models import ServiceIn, ServiceOut, ServiceSort, ServiceType, TypedServiceFilters
from sojourn.catalog.services.queries import page_statement
from sojourn.catalog.services.rules import faults_of, service_fee_of
from sojourn.platform.db.database import Database
from sojourn.platform.http.dialect import variant
from sojourn.platform.storefront import Dialect

SHELF = (
    service("premium", title="Premium", titleZh="尊享套餐", sortOrder=30, region=None),
    service("starter", title="Starter", price="99.00", serviceFee=None, governmentFee="0", oldPrice=None, sortOrder=10),
    service("photo-check", type="MICRO", title="Photo check", price="9.00", serviceFee="9.00", governmentFee="0.00"),
    service("japan-guide", type="DIGITAL", title="Japan", titleKm="ជប៉ុន", description="Visa 100%", region="East Asia",
            price="12.50", serviceFee="12.50", governmentFee="0.00", requiresConsultant=False),
)  # fmt: skip


@pytest.fixture
async def shelf(office: StorefrontClient, holyone: StorefrontClient) -> StorefrontClient:
    for entry in SHELF:
        read(await office.post("/services", json=entry), 201)
    return holyone


async def made(office: StorefrontClient, **fields: Any) -> dict[str, Any]:
    shown: dict[str, Any] = read(await office.post("/services", json=service(**fields)), 201)
    return shown


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("", ["starter", "premium", "photo-check", "japan-guide"]),
        ("/main", ["starter", "premium"]),
        ("/micro", ["photo-check"]),
        ("/digital", ["japan-guide"]),
        ("?type=MICRO", ["photo-check"]),
        ("?region=east asia", ["japan-guide"]),
        ("/main?region=Europe", ["starter"]),
        ("?minPrice=10&maxPrice=99", ["starter", "japan-guide"]),
        ("?q=尊享", ["premium"]),
        ("?q=ជប៉ុន", ["japan-guide"]),
        ("?q=PHOTO", ["photo-check"]),
        ("?q=%25", ["japan-guide"]),
        ("?sort=price_asc", ["photo-check", "japan-guide", "starter", "premium"]),
        ("?sort=price_desc", ["premium", "starter", "japan-guide", "photo-check"]),
        ("?sort=title", ["japan-guide", "photo-check", "premium", "starter"]),
        ("?sort=newest", ["japan-guide", "photo-check", "starter", "premium"]),
        ("?perPage=3&page=2", ["japan-guide"]),
    ],
)
async def test_lists(shelf: StorefrontClient, path: str, expected: list[str]) -> None:
    body = read(await shelf.get(f"/services{path}"))
    assert [entry["slug"] for entry in body["items"]] == expected
    assert set(body) == {"items", "page", "perPage", "total"}
    assert body["total"] == (4 if "page=2" in path else len(expected))


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("?type=LARGE", "type"),
        ("?minPrice=2&maxPrice=1", "minPrice"),
        ("?maxPrice=-1", "maxPrice"),
        ("?pages=10", "pages"),
        ("?perPage=101", "perPage"),
        ("?active=maybe", "active"),
        ("/main?type=MICRO", "type"),
        ("/main?active=false", "active"),
        ("/digital?sort=shuffle", "sort"),
        ("/starter?lang=km", "lang"),
        ("?q=a%00b", "q"),
    ],
)
async def test_a_question_that_makes_no_sense_is_refused_by_its_field(
    holyone: StorefrontClient, path: str, field: str
) -> None:
    assert faulty_fields(await holyone.get(f"/services{path}")) == [field]


async def test_shape_languages_and_identity(shelf: StorefrontClient) -> None:
    shown = read(await shelf.get("/services/japan-guide?language=km"))
    twin = variant(ServiceOut, Dialect.CAMEL_BARE)
    assert list(shown) == list(twin.model_json_schema(mode="serialization")["properties"])
    assert twin.model_validate(shown).slug == "japan-guide"
    assert (shown["displayTitle"], shown["displayDescription"]) == ("ជប៉ុន", "Visa 100%")
    assert (shown["price"], shown["serviceFee"], shown["governmentFee"]) == ("12.50", "12.50", "0.00")
    assert shown["specs"]["deliveryDays"] == 10
    assert shown["stages"][0]["refundStage"] == "NOT_STARTED"
    assert read(await shelf.get(f"/services/{shown['id']}", headers={"Accept-Language": "km"})) == shown
    assert read(await shelf.get("/services/japan-guide"))["displayTitle"] == "Japan"


@pytest.mark.parametrize("path", ["", "/main", "/japan-guide"])
async def test_one_statement_however_many_services(shelf: StorefrontClient, path: str) -> None:
    async with shelf.statements() as said:
        read(await shelf.get(f"/services{path}"))
    assert len(said) == 1


@pytest.mark.parametrize("service_id", ["nowhere", "01a1fff1-ef94-7f60-83d2-5224bf069311"])
async def test_no_such_service(shelf: StorefrontClient, service_id: str) -> None:
    assert refusal(await shelf.get(f"/services/{service_id}"), 404) == "SERVICE_NOT_FOUND"


async def test_retired_services_are_the_admins_to_see(shelf: StorefrontClient, office: StorefrontClient) -> None:
    gone = read(await shelf.get("/services/starter"))
    for _ in range(2):
        read(await office.delete(f"/services/{gone['id']}"), 204)
    assert refusal(await shelf.get("/services/starter"), 404) == "SERVICE_NOT_FOUND"
    assert read(await shelf.get("/services/main"))["total"] == 1
    (hidden,) = read(await office.get("/services?active=false"))["items"]
    assert (hidden["slug"], hidden["isActive"], hidden["version"]) == ("starter", False, 2)
    # What the admin was shown is nobody else's to see, not even from a cache.
    for visitor in (shelf, await shelf.sign_in_as()):
        assert refusal(await visitor.get("/services?active=false"), 403) == "NOT_ALLOWED"


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"price": "0"}, ["price"]),
        ({"price": "-1"}, ["price"]),
        ({"price": "99999999999"}, ["price"]),
        ({"price": "329.001"}, ["price"]),
        ({"price": "330.00"}, ["price"]),
        ({"serviceFee": "298.99"}, ["price"]),
        ({"serviceFee": None, "governmentFee": "329.01"}, ["governmentFee"]),
        ({"governmentFee": "-1"}, ["governmentFee"]),
        ({"oldPrice": "329.00"}, ["oldPrice"]),
        ({"type": "LARGE"}, ["type"]),
        ({"title": ""}, ["title"]),
        ({"description": "x" * 5001}, ["description"]),
        ({"slug": "main"}, ["slug"]),
        ({"specs": {"deliveryDays": -1}}, ["specs.deliveryDays"]),
        ({"checklist": [{"key": "a", "category": "VISA", "title": {"en": "x"}}]}, ["checklist.0.category"]),
        ({"checklist": [{"key": "a", "category": "OTHER", "title": {"en": "x"}}] * 2}, ["checklist"]),
        ({"stages": [{"key": "a", "title": {"en": "x"}, "refundStage": "LATER"}]}, ["stages.0.refundStage"]),
        ({"stages": [{"key": "a", "title": {"en": "x"}, "refundStage": "LODGED"}] * 2}, ["stages"]),
        ({"features": ["x"] * 41}, ["features"]),
        ({"images": ["ftp://example.com/x"]}, ["images.0"]),
        ({"isActive": "perhaps"}, ["isActive"]),
        ({"rating": 5}, ["rating"]),
    ],
)
async def test_a_service_that_is_not_right_is_refused_by_its_fields(
    office: StorefrontClient, change: dict[str, Any], fields: list[str]
) -> None:
    assert faulty_fields(await office.post("/services", json=service(**change))) == fields
    assert await office.rows("SELECT * FROM services") == []


async def test_what_the_fees_leave_is_worked_out(office: StorefrontClient) -> None:
    shown = await made(office, price="330.00", serviceFee=None)
    path = f"/services/{shown['id']}"
    assert (shown["serviceFee"], shown["governmentFee"]) == ("300.00", "30.00")
    assert read(await office.patch(path, json={"price": "340"}))["serviceFee"] == "310.00"
    assert read(await office.patch(path, json={"governmentFee": "35.50"}))["serviceFee"] == "304.50"
    assert faulty_fields(await office.patch(path, json={"serviceFee": "1.00"})) == ["price"]
    after = read(await office.patch(path, json={"serviceFee": "1.00", "price": "36.50"}))
    assert (after["price"], after["serviceFee"], after["governmentFee"]) == ("36.50", "1.00", "35.50")


async def test_a_change_leaves_alone_what_it_does_not_name(office: StorefrontClient, holyone: StorefrontClient) -> None:
    before = await made(office)
    change = {"title": "Pro", "specs": {"revisions": 3}, "oldPrice": None}
    after = read(await office.patch(f"/services/{before['id']}", json=change))
    specs: dict[str, Any] = {
        **dict.fromkeys(before["specs"]),
        "languages": [],
        "consultationsIncluded": 0,
        "revisions": 3,
    }
    assert after == {
        **before, "title": "Pro", "displayTitle": "Pro", "specs": specs, "oldPrice": None, "version": 2,
        "updatedAt": after["updatedAt"],
    }  # fmt: skip
    assert read(await holyone.get("/services"))["items"] == [after]


async def test_parallel_changes(office: StorefrontClient) -> None:
    shown = await made(office)
    path = f"/services/{shown['id']}"
    changes: list[Mapping[str, Any]] = [{"title": "Pro"}, {"sortOrder": 1}, {"region": "Asia"}, {"priceRange": None}]
    await asyncio.gather(*(office.patch(path, json=change) for change in changes))
    after = read(await office.get("/services/professional"))
    assert all({name: after[name] for name in change} == change for change in changes)
    answers = await asyncio.gather(*(office.patch(path, json={"version": 5, "title": f"{n}"}) for n in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert {refusal(answer, 409) for answer in answers if answer.status_code == 409} == {"VERSION_CONFLICT"}


async def test_two_services_cannot_share_a_slug(office: StorefrontClient) -> None:
    answers = await asyncio.gather(*(office.post("/services", json=service("same")) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    other = await made(office, slug="other")
    assert refusal(await office.patch(f"/services/{other['id']}", json={"slug": "same"}), 409) == "SLUG_TAKEN"


async def test_only_admins_change_the_shelf(office: StorefrontClient, holyone: StorefrontClient) -> None:
    shown = await made(office)
    customer = await holyone.sign_in_as()
    for visitor, status, code in ((holyone, 401, "NOT_AUTHENTICATED"), (customer, 403, "NOT_ALLOWED")):
        assert refusal(await visitor.post("/services", json=service("new")), status) == code
        assert refusal(await visitor.patch(f"/services/{shown['id']}", json={"title": "x"}), status) == code
        assert refusal(await visitor.delete(f"/services/{shown['id']}"), status) == code
    unknown = "/services/01a1fff1-ef94-7f60-83d2-5224bf069311"
    assert refusal(await office.patch(unknown, json={"title": "x"}), 404) == "SERVICE_NOT_FOUND"
    assert refusal(await office.delete(unknown), 404) == "SERVICE_NOT_FOUND"


OF_THE_DOCUMENT: dict[str, Any] = {
    "type": "MICRO", "title": "Interview coaching: Café & Co.", "description": "With a former officer.",
    "longDescription": "One hour.", "price": 49.99, "oldPrice": 59.99, "priceRange": "$49-$99", "images": [],
    "specs": {"duration": "60 minutes", "steps": [{"first_of": "all"}], "deliveryDays": 3}, "features": ["Mock"],
    "region": "Europe", "isActive": True,
}  # fmt: skip


async def test_a_service_of_the_documents_fields_gets_its_slug(office: StorefrontClient) -> None:
    for slug in ("interview-coaching-cafe-co", "interview-coaching-cafe-co-2", "interview-coaching-cafe-co-3"):
        shown = read(await office.post("/services", json=OF_THE_DOCUMENT), 201)
        assert (shown["slug"], shown["price"]) == (slug, "49.99")
        assert shown["specs"].items() >= OF_THE_DOCUMENT["specs"].items()
        read(await office.delete(f"/services/{shown['id']}"), 204)  # a retired service keeps its slug
    named = read(await office.post("/services", json={**OF_THE_DOCUMENT, "title": "Main"}), 201)
    assert named["slug"] == "main-2", "/services/main is the list"
    assert faulty_fields(await office.post("/services", json={**OF_THE_DOCUMENT, "title": "ទិដ្ឋាការ"})) == ["slug"]


async def test_own_specs_stay_through_changes_and_in_orders(office: StorefrontClient) -> None:
    shown = read(await office.post("/services", json=OF_THE_DOCUMENT), 201)
    changed = read(await office.patch(f"/services/{shown['id']}", json={"title": "Coaching"}))
    assert (changed["slug"], changed["specs"]) == (shown["slug"], shown["specs"])
    order = read(await (await office.sign_in_as()).post("/orders", json={"serviceId": shown["id"]}), 201)
    assert order["serviceSnapshot"]["specs"] == shown["specs"]


@pytest.mark.parametrize(
    ("specs", "field"),
    [
        ({"x": "y" * 4_000}, "specs"),
        ({"delivery_days": 3}, "specs"),
        ({"": 1}, "specs"),
        ({"x" * 61: 1}, "specs." + "x" * 61),
        ({"x": {"y": ["a\x00"]}}, "specs.x.y.0"),
        ({"x\x00": 1}, "specs"),
        ({"deliveryDays": "soon"}, "specs.deliveryDays"),
        ([], "specs"),
    ],
)
async def test_specs_that_are_refused(office: StorefrontClient, specs: object, field: str) -> None:
    answer = await office.post("/services", json={**OF_THE_DOCUMENT, "specs": specs})
    assert [name for name in faulty_fields(answer) if name.startswith(field)], answer.text


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999", '"\\ud800"'])
async def test_specs_are_json(office: StorefrontClient, number: str) -> None:
    body = json.dumps({**OF_THE_DOCUMENT, "specs": {"x": "?"}}).replace('"?"', number)
    answer = await office.post("/services", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400, answer.text


async def test_every_change_is_written_down(office: StorefrontClient) -> None:
    shown = await made(office)
    await office.patch(f"/services/{shown['id']}", json={"price": "350.00", "oldPrice": None})
    await office.delete(f"/services/{shown['id']}")
    acts = await office.rows("SELECT action, amount, reference FROM audit_entries ORDER BY id")
    assert [(act["action"], act["amount"]) for act in acts] == [
        ("service.created", Decimal("329.00")), ("service.changed", Decimal("350.00")),
        ("service.retired", Decimal("350.00")),
    ]  # fmt: skip
    assert {act["reference"] for act in acts} == {"professional"}


FILTERS: dict[str, Any] = {"region": "Europe", "q": "x", "min_price": "1", "max_price": "2"}


@pytest.mark.parametrize("sort", ServiceSort)
async def test_postgresql_understands_every_list(database: Database, sort: ServiceSort) -> None:
    async with database.read() as connection:
        for size in range(len(FILTERS) + 1):
            for chosen in combinations(FILTERS.items(), size):
                filters = TypedServiceFilters.model_validate({**dict(chosen), "sort": sort})
                for kind in (None, ServiceType.MAIN):
                    statement, arguments = page_statement(filters, kind=kind, is_active=True)
                    row = await connection.fetchrow(statement, "en", *arguments)
                    assert row is not None
                    assert (row["total"], row["items"]) == (0, b"[]")


AMOUNTS = st.decimals(min_value=0, max_value=10_000, places=2)


@given(price=AMOUNTS.filter(bool), fee=st.none() | AMOUNTS, government=AMOUNTS)
def test_fees_are_right_exactly_when_they_add_up(price: Decimal, fee: Decimal | None, government: Decimal) -> None:
    entry = ServiceIn.model_validate(
        {"slug": "s", "type": "MICRO", "title": "t", "description": "d", "price": price, "service_fee": fee,
         "government_fee": government}
    )  # fmt: skip
    is_right = price >= government if fee is None else price == fee + government
    assert (not list(faults_of(entry))) == is_right
    if is_right:
        assert service_fee_of(entry) + government == price
