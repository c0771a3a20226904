"""The short way to a handler says what the framework says, and is taken where it can be."""

from dataclasses import replace
from typing import Annotated, Any
from uuid import UUID

import httpx
import pytest
from fastapi import Depends, FastAPI, Header, Query
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from tests.support.client import StorefrontClient

from sojourn.people.auth.access import CurrentUser, Gate
from sojourn.platform.errors import Refusal
from sojourn.platform.http import refusals
from sojourn.platform.http.context import Ctx
from sojourn.platform.http.direct import Directory
from sojourn.platform.http.mount import mount
from sojourn.platform.http.rate_limit import RateLimiter, limited
from sojourn.platform.http.routing import Router
from sojourn.platform.kit.wire import Wire
from sojourn.platform.redis.shared import Shared
from sojourn.platform.storefront import Limit, LimitClass

ID = "019b0000-0000-7000-8000-000000000001"
JSON = {"Content-Type": "application/json"}


class SeatFilters(Wire):
    seat_row: int | None = None
    letters: list[str] = []
    page: int = 1


class SeatIn(Wire):
    seat_row: int
    letter: str = "A"


class SeatOut(Wire):
    said: list[str]


class SeatGone(Refusal):
    status = 409
    code = "SEAT_GONE"
    sentence = "Somebody sits there."


router = Router(prefix="/seats", dependencies=[Depends(limited(LimitClass.DEFAULT))])


@router.get("")
async def list_seats(ctx: Ctx, filters: Annotated[SeatFilters, Query()]) -> SeatOut:
    return SeatOut(said=[str(filters.seat_row), *filters.letters, str(filters.page), ctx.language])


@router.get("/mine")
async def list_mine(user: CurrentUser) -> SeatOut:
    return SeatOut(said=[str(user.user_id)])


@router.post("", status_code=201)
async def take_seat(body: SeatIn, request: Request, x_floor: Annotated[int, Header(le=9)] = 0) -> SeatOut:
    return SeatOut(said=[str(body.seat_row), body.letter, str(x_floor), request.method])


@router.get("/gone")
async def refuse_seat(ctx: Ctx) -> SeatOut:
    raise SeatGone


@router.get("/broken")
async def break_seat(ctx: Ctx) -> SeatOut:
    raise RuntimeError("not today")


@router.get("/cookie")
async def leave_cookie(response: Response) -> SeatOut:
    response.set_cookie("seat", "1A")
    return SeatOut(said=[])


@router.get("/{seat_id}")
async def get_seat(seat_id: UUID) -> SeatOut:
    return SeatOut(said=[str(seat_id)])


class CountingApp(FastAPI):
    """A real application that counts how often it is asked."""

    asked = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked += 1
        await super().__call__(scope, receive, send)


@pytest.fixture(params=["derlg", "holyone"])
def app(request: pytest.FixtureRequest) -> CountingApp:
    client: StorefrontClient = request.getfixturevalue(request.param)
    runtime = client.runtime
    app = CountingApp(openapi_url=None, redirect_slashes=False)
    app.state.runtime = runtime
    app.state.gate = Gate(secret=runtime.access_secret, clock=runtime.clock)
    refusals.install(app)
    mount(app, router, prefix="/v1", dialect=runtime.storefront.dialect)
    return app


async def ask(app: Any, method: str, path: str, **sent: Any) -> tuple[int, bytes, str | None]:
    async def with_address(scope: Scope, receive: Receive, send: Send) -> None:
        scope["client_ip"] = "127.0.0.1"
        await app(scope, receive, send)

    transport = httpx.ASGITransport(app=with_address, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://sojourn.test/v1") as visitor:
        answer = await visitor.request(method, path, **sent)
    return answer.status_code, answer.content, answer.headers.get("content-type")


Sent = tuple[str, str, dict[str, Any]]
IN_ORDER: list[Sent] = [
    ("GET", "/seats", {}),
    ("GET", "/seats?page=2&letters=A&letters=B", {}),
    ("GET", "/seats?letters=A", {"headers": {"Accept-Language": "km"}}),
    ("GET", f"/seats/{ID}", {}),
    ("GET", "/seats/mine", {}),
    ("GET", "/seats/gone", {}),
    ("GET", "/seats/broken", {}),
]
NOT_IN_ORDER: list[Sent] = [
    ("POST", "/seats", {"content": b'{"letter": "C"}', "headers": JSON}),
    ("GET", "/seats?page=one", {}),
    ("GET", "/seats?page=1&page=2", {}),
    ("GET", "/seats?colour=red", {}),
    ("GET", "/seats/1A", {}),
    ("GET", "/seats/cookie", {}),
    ("GET", "/seats/mine/", {}),
    ("PUT", "/seats", {}),
    ("GET", "/nowhere", {}),
    ("POST", "/seats", {"content": b"{", "headers": JSON}),
    ("POST", "/seats", {"content": b"[" * 100_000, "headers": JSON}),
    ("POST", "/seats", {"content": b"", "headers": JSON}),
    ("POST", "/seats", {"content": b'{"letter": "C", "colour": 1}', "headers": JSON}),
    ("POST", "/seats", {"content": b"a=1", "headers": {"Content-Type": "text/plain"}}),
]


@pytest.mark.parametrize(("method", "path", "sent"), IN_ORDER + NOT_IN_ORDER)
async def test_both_ways_answer_alike(app: CountingApp, method: str, path: str, sent: dict[str, Any]) -> None:
    assert await ask(Directory(app), method, path, **sent) == await ask(app, method, path, **sent)


@pytest.mark.parametrize(("method", "path", "sent"), IN_ORDER)
async def test_a_request_in_order_is_spared_the_framework(
    app: CountingApp, method: str, path: str, sent: dict[str, Any]
) -> None:
    await ask(Directory(app), method, path, **sent)
    assert app.asked == 0


@pytest.mark.parametrize(("method", "path", "sent"), NOT_IN_ORDER)
async def test_what_is_not_in_order_is_the_framework_s(
    app: CountingApp, method: str, path: str, sent: dict[str, Any]
) -> None:
    await ask(Directory(app), method, path, **sent)
    assert app.asked == 1


@pytest.mark.parametrize("headers", [JSON, {"Content-Type": "application/json; charset=utf-8"}])
async def test_a_body_and_a_header_are_read(app: CountingApp, headers: dict[str, str]) -> None:
    is_camel = app.state.runtime.storefront.key == "holyone"
    body = {"seatRow" if is_camel else "seat_row": 3}
    sent = {"json": body, "headers": {**headers, "X-Floor": "2"}}
    answer = await ask(Directory(app), "POST", "/seats", **sent)
    assert answer == await ask(app, "POST", "/seats", **sent)
    assert answer[0] == 201
    assert b'["3","A","2","POST"]' in answer[1]
    assert app.asked == 1  # by the second way only


async def test_a_body_that_is_refused_was_charged_once(app: CountingApp) -> None:
    """What the short way gives back has not run its dependencies: they would count a call twice."""
    limiter = RateLimiter(limits={LimitClass.DEFAULT: Limit(requests=2)}, shared=Shared())
    app.state.runtime = replace(app.state.runtime, limiter=limiter)
    directory = Directory(app)
    statuses = [(await ask(directory, "POST", "/seats", content=b"{}", headers=JSON))[0] for _ in range(3)]
    assert statuses == [400, 400, 429]
