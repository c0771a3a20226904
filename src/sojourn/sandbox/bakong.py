"""Bakong, played: codes are paid here on a page or by a call, and asked about as at the bank's own API."""

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Annotated, Protocol
from urllib.parse import parse_qs

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sojourn.sandbox import faults
from sojourn.sandbox.errors import Json
from sojourn.sandbox.keys import bearer_key
from sojourn.sandbox.khqr import NotKhqr, Scanned, scan
from sojourn.sandbox.store import Store, read_json

# The bank keeps one book: whoever has a token may ask about any code.
BOOK = "bakong"
TRANSFER = "bakong_transfer"
MOST_AT_ONCE = 50
OTHER_CURRENCY = {"USD": "KHR", "KHR": "USD"}


class Render(Protocol):
    def __call__(self, template: str, *, status: int = 200, **values: object) -> Response: ...


class Paying(BaseModel):
    """What is done with a code: by default it is paid once, in full, now. Expired ones only with `is_late`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    qr: Annotated[str, Field(max_length=1000)]
    amount: Annotated[Decimal, Field(gt=0, lt=10**10, decimal_places=2)] | None = None
    currency: Annotated[str, Field(pattern="^(USD|KHR)$")] | None = None
    payer: Annotated[str, Field(min_length=3, max_length=32)] = "sok_dara@devb"
    payee: Annotated[str, Field(min_length=3, max_length=32)] | None = None
    times: Annotated[int, Field(ge=1, le=5)] = 1
    sent_at: AwareDatetime | None = None
    is_late: bool = False


# What the page's buttons do, beside paying in full.
WAYS: Mapping[str, Callable[[Scanned], Json]] = {
    "full": lambda _: {},
    "less": lambda code: {"amount": code.amount - min(Decimal(1), code.amount / 2).quantize(Decimal("0.01"))},
    "twice": lambda _: {"times": 2},
    "late": lambda _: {"is_late": True},
    "other_currency": lambda code: {"currency": OTHER_CURRENCY[code.currency]},
}


class Bakong:
    def __init__(self, store: Store, render: Render) -> None:
        self._store = store
        self._render = render

    def routes(self) -> list[Route]:
        return [
            Route("/v1/check_transaction_by_md5", self.check, methods=["POST"]),
            Route("/v1/check_transaction_by_md5_list", self.check_list, methods=["POST"]),
            Route("/_sandbox/khqr/pay", self.pay, methods=["POST"]),
            Route("/khqr", self.page, methods=["GET"]),
            Route("/khqr", self.pay_on_page, methods=["POST"]),
        ]

    async def check(self, request: Request) -> Response:
        refusal = await self._refusal(request)
        if refusal is not None:
            return refusal
        body = await _json(request)
        digest = body.get("md5") if isinstance(body, dict) else None
        if not isinstance(digest, str) or not digest:
            return _fail("Missing required fields.", code=5)
        found = self._newest(digest)
        if found is None:
            return _fail("Transaction could not be found. Please check and try again.", code=1)
        return _succeed(_told(found))

    async def check_list(self, request: Request) -> Response:
        refusal = await self._refusal(request)
        if refusal is not None:
            return refusal
        if faults.read(self._store, bearer_key(request)).bakong.is_list_closed:
            return JSONResponse({"message": "Forbidden"}, 403)
        body = await _json(request)
        if not isinstance(body, list) or not 0 < len(body) <= MOST_AT_ONCE:
            return _fail("Missing required fields.", code=5)
        named = []
        for digest in body:
            found = self._newest(str(digest))
            status = "NOT_FOUND" if found is None else "SUCCESS"
            named.append({"md5": digest, "status": status, "data": None if found is None else _told(found)})
        return _succeed(named)

    async def _refusal(self, request: Request) -> Response | None:
        token = bearer_key(request)
        if not token or "expired" in token:
            return _fail("Unauthorized, not yet requesting for access or code expired", code=6, status=401)
        switches = faults.read(self._store, token).bakong
        if faults.take(self._store, token, "bakong.fail_next"):
            return JSONResponse({"message": "The sandbox was told to fail this question."}, switches.status)
        await asyncio.sleep(switches.delay_ms / 1000)
        return None

    async def pay(self, request: Request) -> Response:
        """For tests: pay a code, in whatever way. Answers the transfers as the bank would tell them."""
        try:
            paying = Paying.model_validate_json(await request.body())
            return JSONResponse([_told(transfer) for transfer in self._transfer(paying)], 201)
        except ValidationError as error:
            problem = error.errors(include_url=False, include_context=False)[0]
            field = ".".join(str(part) for part in problem["loc"])
            return JSONResponse({"error": problem["msg"], "field": field}, 400)
        except NotKhqr as error:
            return JSONResponse({"error": str(error), "field": "qr"}, 400)

    async def page(self, request: Request) -> Response:
        return self._page(request.query_params.get("qr", ""))

    async def pay_on_page(self, request: Request) -> Response:
        form = parse_qs((await request.body()).decode(errors="replace"))
        text, way = form.get("qr", [""])[0].strip(), WAYS.get(form.get("way", ["full"])[0], WAYS["full"])
        try:
            self._transfer(Paying.model_validate({"qr": text, **way(scan(text))}))
        except (NotKhqr, ValidationError) as error:
            return self._page(text, problem=str(error), status=400)
        return self._page(text)

    def _page(self, text: str, *, problem: str | None = None, status: int = 200) -> Response:
        code: Scanned | None = None
        if text and problem is None:
            try:
                code = scan(text)
            except NotKhqr as error:
                problem, status = str(error), 400
        return self._render(
            "khqr.html",
            status=status,
            text=text,
            code=code,
            is_expired=code is not None and code.expires_ms < time.time() * 1000,
            transfers=[] if code is None else [_told(one) for one in self._transfers(code.digest)],
            problem=problem,
        )

    def _transfer(self, paying: Paying) -> list[Json]:
        """Raises NotKhqr."""
        code = scan(paying.qr)
        sent_ms = int(paying.sent_at.timestamp() * 1000) if paying.sent_at else int(time.time() * 1000)
        if sent_ms > code.expires_ms and not paying.is_late:
            raise NotKhqr("The code has expired.")
        with self._store.transaction():
            return [self._keep(paying, code, sent_ms) for _ in range(paying.times)]

    def _keep(self, paying: Paying, code: Scanned, sent_ms: int) -> Json:
        transfer: Json = {
            "object": TRANSFER,
            "id": secrets.token_hex(32),
            "created": sent_ms // 1000,
            "md5": code.digest,
            "from": paying.payer,
            "to": paying.payee or code.account,
            "amount": str(paying.amount or code.amount),
            "currency": paying.currency or code.currency,
            "description": code.bill,
            "sent_ms": sent_ms,
        }
        self._store.put_object(BOOK, transfer)
        return transfer

    def _newest(self, digest: str) -> Json | None:
        transfers = self._transfers(digest)
        return transfers[0] if transfers else None

    def _transfers(self, digest: str) -> list[Json]:
        rows = self._store.rows(
            "SELECT body FROM objects WHERE account = ? AND kind = ? AND json_extract(body, '$.md5') = ? "
            "ORDER BY seq DESC",
            BOOK,
            TRANSFER,
            digest,
        )
        return [read_json(row["body"]) for row in rows]


def _told(transfer: Json) -> Json:
    """A transfer as Bakong tells it: the amount is a JSON number."""
    amount = Decimal(transfer["amount"])
    return {
        "hash": transfer["id"],
        "fromAccountId": transfer["from"],
        "toAccountId": transfer["to"],
        "currency": transfer["currency"],
        "amount": int(amount) if amount == amount.to_integral_value() else float(amount),
        "description": transfer["description"],
        "createdDateMs": transfer["sent_ms"],
        "acknowledgedDateMs": transfer["sent_ms"] + 1000,
    }


async def _json(request: Request) -> object:
    try:
        body: object = await request.json()
    except ValueError:
        return None
    return body


def _succeed(data: object) -> Response:
    return JSONResponse(
        {"responseCode": 0, "responseMessage": "Getting transaction successfully.", "errorCode": None, "data": data}
    )


def _fail(message: str, *, code: int, status: int = 200) -> Response:
    return JSONResponse({"responseCode": 1, "responseMessage": message, "errorCode": code, "data": None}, status)
