"""One declaration of a feature, read and written by two storefronts in two ways."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, cast

import pytest
from fastapi import Query
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response
from tests.features.platform.probing import probe
from tests.support.client import StorefrontClient

from sojourn.people.auth.access import CurrentUser
from sojourn.platform.errors import InvalidInput, Refusal
from sojourn.platform.http.dialect import RawJson
from sojourn.platform.http.mount import refuses
from sojourn.platform.http.routing import Router
from sojourn.platform.kit.wire import Money, MoneyIn, Page, Wire

AT = datetime(2026, 12, 1, 3, 0, tzinfo=UTC)


class SeatIn(Wire):
    seat_row: Annotated[int, Field(ge=1)]
    unit_price: MoneyIn = Decimal("1.50")


class Neighbour(Wire):
    seat_row: int
    unit_price: Money


class SeatOut(Neighbour):
    sold_at: datetime | None = None
    next_to: list[Neighbour] = []


class Plan(Wire):
    plan_name: str
    window_seats: list[SeatIn] = []
    best_seat: SeatIn | None = None


class PlanFilters(Wire):
    min_price: MoneyIn | None = None
    page: Annotated[int, Field(ge=1)] = 1


class SeatGone(Refusal):
    status = 409
    code = "SEAT_GONE"
    sentence = "Somebody sits there."


router = Router(prefix="/plans", tags=["plans"])
SEAT = SeatOut(
    seat_row=1, unit_price=Decimal("1.5"), sold_at=AT, next_to=[Neighbour(seat_row=2, unit_price=Decimal(2))]
)
RAW = b'{"seat_row":1,"unit_price":"1.50","sold_at":"2026-12-01T03:00:00Z","next_to":[]}'


@router.post("", operation_id="create_plan", status_code=201)
async def create_plan(body: Plan) -> Plan:
    return body


@router.get("", operation_id="list_plans")
async def list_plans(filters: Annotated[PlanFilters, Query()]) -> Page[SeatOut]:
    return Page[SeatOut](items=[SEAT], page=filters.page, per_page=20, total=1)


@router.get("/raw", operation_id="list_raw")
async def list_raw() -> Page[SeatOut]:
    return cast("Page[SeatOut]", RawJson(b"[" + RAW + b"]", page=2, per_page=1, total=7))


@router.get("/raw-one", operation_id="get_raw")
async def get_raw() -> SeatOut:
    return cast("SeatOut", RawJson(RAW))


@router.get("/seats/{seat_row}", operation_id="get_seat", responses=refuses(SeatGone))
async def get_seat(seat_row: int, request: Request) -> SeatOut:
    if seat_row == 2:
        raise SeatGone(details={"seat_row": 2, "free_seats": [{"seat_row": 3}]})
    if seat_row == 3:
        raise InvalidInput.at("best_seat.seat_row", "is taken")
    assert request.url.path.endswith("/seats/1")
    return SEAT


@router.delete("/seats/{seat_row}", operation_id="delete_seat")
async def delete_seat(seat_row: int, response: Response, user: CurrentUser) -> None:
    response.set_cookie("seat", str(seat_row))


@router.get("/clash", operation_id="get_clash")
async def get_clash() -> None:
    raise InvalidInput.at("window_seats.seat_row", "send `seat_row` or `window_seats.unit_price`, not both_of_them")


@router.get("/file", operation_id="get_file")
async def get_file() -> Response:
    return Response(b"%PDF", media_type="application/pdf")


PLAN = {"plan_name": "A", "window_seats": [{"seat_row": 1, "unit_price": "2.50"}], "best_seat": None}
CAMEL_PLAN = {"planName": "A", "windowSeats": [{"seatRow": 1, "unitPrice": "2.50"}], "bestSeat": None}
SEAT_SNAKE = {
    "seat_row": 1,
    "unit_price": "1.50",
    "sold_at": "2026-12-01T03:00:00Z",
    "next_to": [{"seat_row": 2, "unit_price": "2.00"}],
}
SEAT_CAMEL = {
    "seatRow": 1,
    "unitPrice": "1.50",
    "soldAt": "2026-12-01T03:00:00Z",
    "nextTo": [{"seatRow": 2, "unitPrice": "2.00"}],
}


async def test_reads_and_writes_each_casing(derlg: StorefrontClient, holyone: StorefrontClient) -> None:
    snake = await probe(derlg, router).post("/plans", json=PLAN)
    assert (snake.status_code, snake.json()) == (201, {"success": True, "data": PLAN, "message": "OK"})
    camel = await probe(holyone, router).post("/plans", json=CAMEL_PLAN)
    assert (camel.status_code, camel.json()) == (201, CAMEL_PLAN)


async def test_refuses_the_other_casing(derlg: StorefrontClient, holyone: StorefrontClient) -> None:
    snake = (await probe(derlg, router).post("/plans", json=CAMEL_PLAN)).json()
    assert (snake["success"], snake["data"], snake["error"]["code"]) == (False, None, "VALIDATION_FAILED")
    found = [(field["field"], field["type"]) for field in snake["error"]["details"]["fields"]]
    assert found[0] == ("plan_name", "missing")
    assert {kind for _, kind in found[1:]} == {"extra_forbidden"}
    camel = await probe(holyone, router).post("/plans", json=PLAN)
    assert camel.headers["content-type"] == "application/problem+json"
    body = camel.json()
    assert (camel.status_code, body["status"], body["code"]) == (400, 400, "VALIDATION_FAILED")
    assert body["errors"][0]["field"] == "planName"


@pytest.mark.parametrize(
    ("seats", "snake", "camel"),
    [
        ([{"seat_row": 0}], "window_seats.0.seat_row", "windowSeats.0.seatRow"),
        ([{"seat_row": 1, "unit_price": "-1"}], "window_seats.0.unit_price", "windowSeats.0.unitPrice"),
        ([{"seat_row": 1, "unit_price": "1.001"}], "window_seats.0.unit_price", "windowSeats.0.unitPrice"),
    ],
)
async def test_names_a_field_deep_inside_in_its_casing(
    derlg: StorefrontClient, holyone: StorefrontClient, seats: list[dict[str, Any]], snake: str, camel: str
) -> None:
    answer = await probe(derlg, router).post("/plans", json={"plan_name": "A", "window_seats": seats})
    assert [field["field"] for field in answer.json()["error"]["details"]["fields"]] == [snake]
    spelled = {"seat_row": "seatRow", "unit_price": "unitPrice"}
    sent = [{spelled[name]: value for name, value in seat.items()} for seat in seats]
    answer = await probe(holyone, router).post("/plans", json={"planName": "A", "windowSeats": sent})
    assert [field["field"] for field in answer.json()["errors"]] == [camel]


async def test_pages(derlg: StorefrontClient, holyone: StorefrontClient) -> None:
    snake = (await probe(derlg, router).get("/plans?min_price=1&page=3")).json()
    assert snake == {
        "success": True, "data": [SEAT_SNAKE], "message": "OK", "meta": {"page": 3, "per_page": 20, "total": 1},
    }  # fmt: skip
    camel = (await probe(holyone, router).get("/plans?minPrice=1")).json()
    assert camel == {"items": [SEAT_CAMEL], "page": 1, "perPage": 20, "total": 1}
    refused = (await probe(holyone, router).get("/plans?min_price=x")).json()
    assert refused["errors"][0]["type"] == "extra_forbidden"


async def test_json_that_postgresql_built_looks_like_any_other(
    derlg: StorefrontClient, holyone: StorefrontClient
) -> None:
    snake_seat = {**SEAT_SNAKE, "next_to": []}
    camel_seat = {**SEAT_CAMEL, "nextTo": []}
    snake, camel = probe(derlg, router), probe(holyone, router)
    assert (await snake.get("/plans/raw-one")).json()["data"] == snake_seat
    assert (await camel.get("/plans/raw-one")).json() == camel_seat
    assert (await snake.get("/plans/raw")).json() == {
        "success": True, "data": [snake_seat], "message": "OK", "meta": {"page": 2, "per_page": 1, "total": 7},
    }  # fmt: skip
    assert (await camel.get("/plans/raw")).json() == {"items": [camel_seat], "page": 2, "perPage": 1, "total": 7}


async def test_refusals(derlg: StorefrontClient, holyone: StorefrontClient) -> None:
    snake = await probe(derlg, router).get("/plans/seats/2")
    assert (snake.status_code, snake.json()["error"]) == (
        409,
        {
            "code": "SEAT_GONE",
            "details": {"seat_row": 2, "free_seats": [{"seat_row": 3}]},
            "request_id": snake.headers["x-request-id"],
        },
    )
    camel = await probe(holyone, router).get("/plans/seats/2")
    assert camel.json() == {
        "type": "about:blank",
        "title": "Conflict",
        "status": 409,
        "detail": "Somebody sits there.",
        "code": "SEAT_GONE",
        "requestId": camel.headers["x-request-id"],
        "details": {"seatRow": 2, "freeSeats": [{"seatRow": 3}]},
    }
    by_rule = await probe(holyone, router).get("/plans/seats/3")
    assert by_rule.json()["errors"] == [{"field": "bestSeat.seatRow", "message": "is taken", "type": "value_error"}]


async def test_the_handler_gets_the_request(derlg: StorefrontClient) -> None:
    assert (await probe(derlg, router).get("/plans/seats/1")).json()["data"] == SEAT_SNAKE


async def test_empty_answers_cookies_and_files(derlg: StorefrontClient, holyone: StorefrontClient) -> None:
    """Nothing is nothing on the bare wire, and no data in an envelope."""
    enveloped, bare = [
        await probe(client, router, auth=(await client.sign_in_as()).auth).delete("/plans/seats/1")
        for client in (derlg, holyone)
    ]
    assert (enveloped.status_code, enveloped.cookies["seat"]) == (200, "1")
    assert enveloped.json() == {"success": True, "data": None, "message": "OK"}
    assert (bare.status_code, bare.content, bare.cookies["seat"]) == (204, b"", "1")
    file = await probe(derlg, router).get("/plans/file")
    assert (file.content, file.headers["content-type"]) == (b"%PDF", "application/pdf")
    assert (await probe(derlg, router).delete("/plans/seats/1")).status_code == 401


async def test_openapi_shows_what_is_sent(derlg: StorefrontClient, holyone: StorefrontClient) -> None:
    documents = []
    for client, names, money, gone in ((derlg, PLAN, "unit_price", "200"), (holyone, CAMEL_PLAN, "unitPrice", "204")):
        answer = await probe(client, router).get(f"http://sojourn.test{client.storefront.docs_path}/openapi.json")
        document = answer.json()
        schemas = document["components"]["schemas"]
        assert set(schemas["Plan-Input"]["properties"]) == set(names)
        assert schemas["SeatOut"]["properties"][money]["pattern"] == r"^-?\d+\.\d{2}$"
        seat = document["paths"][f"{client.storefront.prefix}/plans/seats/{{seat_row}}"]
        assert "SEAT_GONE" in seat["get"]["responses"]["409"]["description"]
        assert set(seat["delete"]["responses"]) >= {gone, "400", "401", "403", "404", "409", "422", "429"}
        assert "422" not in seat["get"]["responses"]
        assert [p["name"] for p in seat["delete"]["parameters"]] == ["seat_row", "Idempotency-Key"]
        documents.append(document)
    enveloped, bare = (
        d["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]
        for d, path in zip(documents, ("/v1/plans", "/api/v1/plans"), strict=True)
    )
    assert "PagedEnvelope" in enveloped
    assert "Page" in bare
    assert "Envelope" not in bare


async def test_a_message_speaks_of_fields_in_their_casing(derlg: StorefrontClient, holyone: StorefrontClient) -> None:
    [snake] = (await probe(derlg, router).get("/plans/clash")).json()["error"]["details"]["fields"]
    [camel] = (await probe(holyone, router).get("/plans/clash")).json()["errors"]
    assert (snake["field"], camel["field"]) == ("window_seats.seat_row", "windowSeats.seatRow")
    assert snake["message"] == "send `seat_row` or `window_seats.unit_price`, not both_of_them"
    assert camel["message"] == "send `seatRow` or `windowSeats.unitPrice`, not both_of_them"
