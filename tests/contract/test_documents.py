"""What both documents promise, held against the OpenAPI that is served: paths, fields, enums, docs, stable names."""

import json
import re
from typing import Any

import httpx
import jsonschema_rs
import pytest
import schemathesis
from tests.contract.conftest import Document, read_document
from tests.contract.snapshot import FOLDER, named_operations
from tests.support.client import StorefrontClient
from tests.support.system import System

CHANGED = "The contract has changed: {}. If that is meant, run `python -m tests.contract.snapshot` beside `make up`."

# Endpoints of the documents that stand, as they are written there.
DERLG = """
POST /v1/auth/register
POST /v1/auth/login
POST /v1/auth/refresh
POST /v1/auth/logout
GET /v1/users/me
PATCH /v1/users/me
PATCH /v1/users/language
GET /v1/trips
GET /v1/trips/featured
GET /v1/trips/{}
POST /v1/bookings
GET /v1/bookings/my
GET /v1/bookings/{}
PATCH /v1/bookings/{}
DELETE /v1/bookings/{}
POST /v1/payments/create-intent
POST /v1/payments/webhook
GET /v1/loyalty/balance
GET /v1/loyalty/history
GET /v1/currency/rates
GET /v1/places
GET /v1/places/{}
GET /v1/places/search
GET /v1/festivals
GET /v1/festivals/upcoming
"""
HOLYONE = """
POST /api/v1/auth/register
POST /api/v1/auth/login
POST /api/v1/auth/refresh
POST /api/v1/auth/forgot-password
POST /api/v1/auth/reset-password
POST /api/v1/auth/verify-email
GET /api/v1/auth/me
GET /api/v1/users/{}
PATCH /api/v1/users/{}
DELETE /api/v1/users/{}
GET /api/v1/users/{}/orders
GET /api/v1/services
GET /api/v1/services/{}
GET /api/v1/services/main
GET /api/v1/services/micro
GET /api/v1/services/digital
POST /api/v1/services
PATCH /api/v1/services/{}
DELETE /api/v1/services/{}
POST /api/v1/orders
GET /api/v1/orders
GET /api/v1/orders/{}
PATCH /api/v1/orders/{}/cancel
GET /api/v1/admin/orders
PATCH /api/v1/admin/orders/{}
PATCH /api/v1/admin/orders/{}/assign
POST /api/v1/payments/create-intent
POST /api/v1/payments/confirm
POST /api/v1/payments/webhook
GET /api/v1/payments/{}
POST /api/v1/payments/{}/refund
GET /api/v1/orders/{}/invoice
"""
# Fields of the documents' models, by the operation that answers them. What replaces the vendor's own keys
# (`supabase_uid`) and what nobody outside may read (`password`) is left out.
FIELDS = {
    ("derlg", "get_own_profile"): """
        id name email phone avatar_url role preferred_language loyalty_points is_student student_verified_at
        emergency_contact_name emergency_contact_phone referred_by total_completed_bookings created_at
        updated_at""",
    ("derlg", "get_trip"): """
        id title title_kh title_zh slug destination duration_days price_per_person_usd environment mood_tags
        includes excludes itinerary highlights min_people max_people cancellation_policy hotel_id transport_type
        is_active is_featured avg_rating created_at""",
    ("derlg", "get_booking"): """
        id booking_ref user_id trip_id hotel_room_id vehicle_id guide_id status booking_type travel_date end_date
        people_count pickup_location special_requests customizations subtotal_usd discount_amount_usd
        loyalty_discount_usd total_usd loyalty_points_earned loyalty_points_used student_discount_applied
        reserved_until created_at updated_at payment""",
    ("derlg", "get_payment"): """
        id booking_id stripe_payment_intent_id stripe_charge_id stripe_event_id amount_usd currency status
        payment_method qr_code_url paid_at refunded_at refund_amount_usd refund_reason failure_code failure_message
        payment_attempts created_at""",
    ("holyone", "get_user"): "id email fullName phone country role emailVerified createdAt updatedAt",
    ("holyone", "get_service"): """
        id type title description longDescription price oldPrice priceRange images specs features region isActive
        createdAt updatedAt""",
    ("holyone", "get_order"): """
        id orderNumber userId status totalAmount currency serviceId serviceType serviceSnapshot customerInfo
        serviceDetails consultantId createdAt updatedAt payment items""",
    ("holyone", "get_payment"): """
        id orderId amount currency status paymentMethod stripePaymentIntentId stripeChargeId cardLast4 cardBrand
        failureReason refundAmount refundedAt createdAt updatedAt""",
    ("holyone", "create_payment_intent"): "clientSecret paymentIntentId",
    ("derlg", "register"): "access_token token_type expires_in user",
    ("derlg", "sign_in"): "access_token token_type expires_in user",
    ("holyone", "register"): "accessToken tokenType expiresIn user",
    ("holyone", "sign_in"): "accessToken tokenType expiresIn user",
}  # fmt: skip
ENUMS = {
    ("derlg", "Environment"): "MOUNTAIN BEACH CITY FOREST ISLAND TEMPLE",
    ("derlg", "BookingType"): "PACKAGE HOTEL_ONLY TRANSPORT_ONLY GUIDE_ONLY",
    ("derlg", "PaymentStatus"): "PENDING PROCESSING SUCCEEDED FAILED REFUNDED PARTIALLY_REFUNDED",
    ("derlg", "PaymentMethod"): "CARD BAKONG_QR PAYPAL",
    ("holyone", "ServiceType"): "MAIN MICRO DIGITAL",
    ("holyone", "OrderStatus"): "PENDING CONFIRMED IN_PROGRESS COMPLETED CANCELLED",
    ("holyone", "PaymentStatus"): "PENDING PROCESSING SUCCEEDED FAILED REFUNDED PARTIALLY_REFUNDED",
}


@pytest.fixture(params=["derlg", "holyone"])
def visitor(request: pytest.FixtureRequest, system: System) -> StorefrontClient:
    return system.clients[request.param]


@pytest.fixture
async def document(visitor: StorefrontClient) -> dict[str, Any]:
    return await read_document(visitor)


def _resolved(document: Document, schema: Any) -> Any:
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    return schema


def _properties(document: Document, operation_id: str) -> Any:
    """What the operation's first success answers, out of its envelope."""
    for methods in document["paths"].values():
        for told in methods.values():
            if told["operationId"] == operation_id:
                [status] = [status for status in told["responses"] if status.startswith("2")]
                schema = told["responses"][status]["content"]["application/json"]["schema"]
                fields = _resolved(document, schema)["properties"]
                return _resolved(document, fields["data"])["properties"] if "success" in fields else fields
    raise AssertionError(operation_id)


def test_is_sound_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    schemathesis.openapi.from_dict(document).validate()
    for schema in document["components"]["schemas"].values():
        jsonschema_rs.Draft202012Validator(schema | {"components": document["components"]})


def test_operations_have_stable_names_of_their_own(visitor: StorefrontClient, document: dict[str, Any]) -> None:
    count = sum(len(methods) for methods in document["paths"].values())
    found = named_operations(document)
    assert len(found) == count, "two operations share a name"
    assert all(re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name) for name in found)
    key = visitor.storefront.key
    known: dict[str, str] = json.loads((FOLDER / f"{key}.json").read_text())
    differing = sorted(set(known.items()) ^ set(found.items()))
    assert not differing, CHANGED.format(json.dumps(differing))


@pytest.mark.parametrize(("key", "promised"), [("derlg", DERLG), ("holyone", HOLYONE)])
async def test_every_endpoint_of_the_document_stands(system: System, key: str, promised: str) -> None:
    document = await read_document(system.clients[key])
    there = {re.sub(r"\{[^}]*\}", "{}", place) for place in named_operations(document).values()}
    assert not set(promised.strip().splitlines()) - there


@pytest.mark.parametrize(("key", "operation_id"), FIELDS)
async def test_every_field_of_the_document_is_answered(system: System, key: str, operation_id: str) -> None:
    document = await read_document(system.clients[key])
    assert not set(FIELDS[key, operation_id].split()) - set(_properties(document, operation_id))


@pytest.mark.parametrize(("key", "name"), ENUMS)
async def test_every_value_of_the_document_is_known(system: System, key: str, name: str) -> None:
    document = await read_document(system.clients[key])
    assert document["components"]["schemas"][name]["enum"] == ENUMS[key, name].split()


def test_casing_is_the_storefronts(visitor: StorefrontClient, document: dict[str, Any]) -> None:
    shape = r"[a-z][a-z0-9]*(_[a-z0-9]+)*" if visitor.storefront.key == "derlg" else r"[a-z][a-zA-Z0-9]*"
    odd = {
        (name, field)
        for name, schema in document["components"]["schemas"].items()
        for field in schema.get("properties", ())
        if not re.fullmatch(shape, field)
    }
    assert not odd


def test_every_refusal_is_declared_with_its_code(document: dict[str, Any]) -> None:
    for methods in document["paths"].values():
        for told in methods.values():
            statuses = set(told["responses"])
            assert statuses >= {"400", "429", "503"}, told["operationId"]
            if {"bearer": []} in told.get("security", ()) and {} not in told["security"]:
                assert statuses >= {"401", "403"}, told["operationId"]
            for status, answer in told["responses"].items():
                if not status.startswith(("4", "5")):
                    continue
                [content] = answer["content"].values()
                assert content["examples"], (told["operationId"], status)
                for code, example in content["examples"].items():
                    value = example["value"]
                    assert code == (value["error"]["code"] if "error" in value else value["code"])
                    assert re.fullmatch(r"[A-Z][A-Z0-9_]+", code)


def test_generated_clients_get_names_that_speak(document: dict[str, Any]) -> None:
    assert set(document["components"]["securitySchemes"]) <= {"bearer", "serviceKey"}
    models = [name for name in document["components"]["schemas"] if not re.match("(Paged)?Envelope_", name)]
    assert not [name for name in models if "__" in name], "two models of one name"


def test_what_opens_an_operation_is_declared(document: dict[str, Any]) -> None:
    who_may: dict[str, str] = json.loads((FOLDER / "who_may.json").read_text(encoding="utf-8"))
    token: dict[str, list[str]] = {"bearer": []}
    for methods in document["paths"].values():
        for told in methods.values():
            name, security = told["operationId"], told.get("security", [])
            who = who_may.get(name, "anyone signed in")
            if who == "the agent":
                assert security == [{"serviceKey": []}], name
            elif who == "anyone":  # a token may be read there: it says whose answer it is
                assert security in ([], [token, {}]), name
            else:  # a link to a picture may carry a key of its own in place of the token
                assert security in ([token], [token, {}]), name


async def test_the_docs_load_with_their_own_assets(visitor: StorefrontClient) -> None:
    origin = httpx.URL(str(visitor.base_url)).copy_with(path="")
    path = {"derlg": "/api-docs", "holyone": "/api/docs"}[visitor.storefront.key]
    page = await visitor.get(f"{origin}{path}")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    links = re.findall(r'(?:href|src)="([^"]+)"', page.text)
    assert links
    assert all(link.startswith(f"{path}/") for link in links), "no page of ours loads a stranger's script"
    for link in links:
        asset = await visitor.get(f"{origin}{link}")
        assert asset.status_code == 200
        assert asset.content
