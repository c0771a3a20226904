"""The Stripe API over HTTP: keys, switches, idempotency, and one table of calls."""

import asyncio
import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from sojourn.sandbox import faults, hooks, intents, methods, parameters, refunds
from sojourn.sandbox.account import API_VERSION, Account, new_id
from sojourn.sandbox.calls import Call, expand
from sojourn.sandbox.config import SandboxConfig
from sojourn.sandbox.errors import AuthenticationError, CardError, IdempotencyError, Json, ParameterError, StripeError
from sojourn.sandbox.forms import Params, decode, read_params
from sojourn.sandbox.keys import bearer_key, identify
from sojourn.sandbox.store import Store

MAX_KEY_LENGTH = 255
ANSWERS_KEPT_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One call: `model` checks its parameters; a browser may make it only if `is_public`."""

    method: str
    path: str
    model: type[Params]
    # Each handler takes the Call of its own model; the table holds all of them.
    handler: Callable[[Call[Any]], Json]
    is_public: bool = False


ENDPOINTS = (
    Endpoint("POST", "/v1/customers", parameters.CustomerFields, methods.create_customer),
    Endpoint("GET", "/v1/customers", parameters.ListCustomers, methods.list_customers),
    Endpoint("GET", "/v1/customers/{id}", parameters.Retrieve, methods.retrieve_customer),
    Endpoint("POST", "/v1/customers/{id}", parameters.CustomerFields, methods.update_customer),
    Endpoint("POST", "/v1/payment_methods", parameters.MethodCreateInBrowser, methods.create_method, is_public=True),
    Endpoint("GET", "/v1/payment_methods", parameters.ListMethods, methods.list_methods),
    Endpoint("GET", "/v1/payment_methods/{id}", parameters.Retrieve, methods.retrieve_method),
    Endpoint("POST", "/v1/payment_methods/{id}/attach", parameters.MethodAttach, methods.attach_method),
    Endpoint("POST", "/v1/payment_methods/{id}/detach", Params, methods.detach_method),
    Endpoint("POST", "/v1/payment_intents", parameters.IntentCreate, intents.create),
    Endpoint("GET", "/v1/payment_intents", parameters.ListIntents, intents.list_intents),
    Endpoint("GET", "/v1/payment_intents/{id}", parameters.RetrieveIntent, intents.retrieve, is_public=True),
    Endpoint("POST", "/v1/payment_intents/{id}", parameters.IntentUpdate, intents.update),
    Endpoint("POST", "/v1/payment_intents/{id}/confirm", parameters.IntentConfirm, intents.confirm, is_public=True),
    Endpoint("POST", "/v1/payment_intents/{id}/capture", parameters.IntentCapture, intents.capture),
    Endpoint("POST", "/v1/payment_intents/{id}/cancel", parameters.IntentCancel, intents.cancel),
    Endpoint("GET", "/v1/charges", parameters.ListCharges, refunds.list_charges),
    Endpoint("GET", "/v1/charges/{id}", parameters.Retrieve, refunds.retrieve_charge),
    Endpoint("POST", "/v1/charges/{id}", parameters.ChargeUpdate, refunds.update_charge),
    Endpoint("POST", "/v1/refunds", parameters.RefundCreate, refunds.create),
    Endpoint("GET", "/v1/refunds", parameters.ListRefunds, refunds.list_refunds),
    Endpoint("GET", "/v1/refunds/{id}", parameters.Retrieve, refunds.retrieve),
    Endpoint("POST", "/v1/refunds/{id}", parameters.MetadataUpdate, refunds.update),
    Endpoint("GET", "/v1/disputes", parameters.ListRefunds, refunds.list_disputes),
    Endpoint("GET", "/v1/disputes/{id}", parameters.Retrieve, refunds.retrieve_dispute),
    Endpoint("POST", "/v1/disputes/{id}", parameters.DisputeUpdate, refunds.update_dispute),
    Endpoint("POST", "/v1/disputes/{id}/close", Params, refunds.close_dispute),
    Endpoint("GET", "/v1/events", parameters.ListEvents, hooks.list_events),
    Endpoint("GET", "/v1/events/{id}", parameters.Retrieve, hooks.retrieve_event),
    Endpoint("POST", "/v1/webhook_endpoints", parameters.EndpointCreate, hooks.create_endpoint),
    Endpoint("GET", "/v1/webhook_endpoints", parameters.ListPage, hooks.list_endpoints),
    Endpoint("GET", "/v1/webhook_endpoints/{id}", parameters.Retrieve, hooks.retrieve_endpoint),
    Endpoint("DELETE", "/v1/webhook_endpoints/{id}", Params, hooks.delete_endpoint),
)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: Json
    replayed_from: str | None = None
    is_dropped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A request whose caller is known. `key` is its Idempotency-Key, None where it has none."""

    endpoint: Endpoint
    account: str
    is_publishable: bool
    request_id: str
    object_id: str
    values: Json
    key: str | None
    fingerprint: str


class BrokenResponse(Response):
    """Promises a body and hangs up: the work is done, and the caller cannot know."""

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"application/json"), (b"content-length", b"4096")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"{", "more_body": True})
        raise ConnectionAbortedError


class StripeApi:
    """Serves the calls of `ENDPOINTS` from the store; `on_change` is told after every write."""

    def __init__(self, config: SandboxConfig, store: Store, on_change: Callable[[], None]) -> None:
        self._config = config
        self._store = store
        self._on_change = on_change
        self._in_flight: set[tuple[str, str]] = set()

    def routes(self) -> list[Route]:
        known = [
            Route(endpoint.path, partial(self.serve, endpoint), methods=[endpoint.method]) for endpoint in ENDPOINTS
        ]
        return [*known, Route("/v1/{rest:path}", self.unknown, methods=["GET", "POST", "DELETE", "PUT", "PATCH"])]

    def account(self, key: str, *, request_id: str | None = None, idempotency_key: str | None = None) -> Account:
        """The account as one request or one later step works on it."""
        return Account(
            key=key,
            store=self._store,
            base_url=self._config.base_url,
            settle_seconds=self._config.settle_seconds,
            processing_seconds=faults.read(self._store, key).api.processing_ms / 1000,
            request_id=request_id,
            idempotency_key=idempotency_key,
        )

    async def unknown(self, request: Request) -> Response:
        message = f"Unrecognized request URL ({request.method}: {request.url.path})."
        return _render(Answer(404, StripeError(message, status=404).body()), new_id("req"))

    async def serve(self, endpoint: Endpoint, request: Request) -> Response:
        request_id = new_id("req")
        try:
            incoming = await self._read(endpoint, request, request_id)
            answer = await self._answer(incoming)
        except StripeError as error:
            answer = Answer(error.status, error.body())
        return BrokenResponse() if answer.is_dropped else _render(answer, request_id)

    async def _read(self, endpoint: Endpoint, request: Request, request_id: str) -> Incoming:
        caller = identify(bearer_key(request))
        if caller.is_publishable and not endpoint.is_public:
            raise AuthenticationError("This API call cannot be made with a publishable API key.")
        body = (await request.body()).decode(errors="replace")
        text = f"{request.url.query}&{body}" if endpoint.method == "POST" else request.url.query
        key = request.headers.get("idempotency-key") if endpoint.method == "POST" else None
        if key is not None and not 0 < len(key) <= MAX_KEY_LENGTH:
            raise ParameterError(f"An Idempotency-Key has 1 to {MAX_KEY_LENGTH} characters.")
        values = decode(text)
        canonical = json.dumps([request.url.path, values], sort_keys=True)
        return Incoming(
            endpoint=endpoint,
            account=caller.account,
            is_publishable=caller.is_publishable,
            request_id=request_id,
            object_id=request.path_params.get("id", ""),
            values=values,
            key=key,
            fingerprint=hashlib.sha256(canonical.encode()).hexdigest(),
        )

    async def _answer(self, incoming: Incoming) -> Answer:
        switches = faults.read(self._store, incoming.account).api
        if faults.take(self._store, incoming.account, "api.fail_next"):
            error = StripeError("The sandbox was told to fail this request.", status=switches.status, type="api_error")
            raise error
        if incoming.key is None:
            await asyncio.sleep(switches.delay_ms / 1000)
            return self._work(incoming)
        name = (incoming.account, incoming.key)
        if name in self._in_flight:
            raise IdempotencyError(
                "There is currently another in-progress request using this Idempotent Key.",
                status=409,
                type="idempotency_error",
                code="idempotency_key_in_use",
            )
        kept = self._kept(incoming)
        if kept is not None:
            return kept
        self._in_flight.add(name)
        try:
            await asyncio.sleep(switches.delay_ms / 1000)
            return self._work(incoming)
        finally:
            self._in_flight.discard(name)

    def _kept(self, incoming: Incoming) -> Answer | None:
        row = self._store.row(
            "SELECT * FROM answers WHERE account = ? AND key = ? AND created_at > ?",
            incoming.account,
            incoming.key,
            time.time() - ANSWERS_KEPT_SECONDS,
        )
        if row is None:
            return None
        if row["fingerprint"] != incoming.fingerprint:
            raise IdempotencyError(
                f"Keys for idempotent requests can only be used with the same parameters they were first used with. "
                f"Try using a key other than '{incoming.key}' if you meant to execute a different request.",
                type="idempotency_error",
            )
        return Answer(row["status"], json.loads(row["body"]), replayed_from=row["request_id"])

    def _work(self, incoming: Incoming) -> Answer:
        """Do what is asked, all of it or nothing, and keep the answer with it."""
        try:
            with self._store.transaction():
                answer = self._call(incoming)
                self._keep(incoming, answer)
        except StripeError as error:
            answer = Answer(error.status, error.body())
            if error.is_replayed:
                self._keep(incoming, answer)
            return answer
        self._on_change()
        if faults.take(self._store, incoming.account, "api.drop_response_next"):
            return Answer(answer.status, answer.body, is_dropped=True)
        return answer

    def _call(self, incoming: Incoming) -> Answer:
        account = self.account(incoming.account, request_id=incoming.request_id, idempotency_key=incoming.key)
        params = read_params(incoming.endpoint.model, incoming.values)
        call = Call(account=account, params=params, id=incoming.object_id, is_publishable=incoming.is_publishable)
        try:
            return Answer(200, expand(account, incoming.endpoint.handler(call), params.expand))
        except CardError as error:
            return Answer(error.status, error.body())

    def _keep(self, incoming: Incoming, answer: Answer) -> None:
        if incoming.key is None:
            return
        self._store.run(
            "INSERT OR REPLACE INTO answers (account, key, fingerprint, request_id, status, body, created_at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            incoming.account,
            incoming.key,
            incoming.fingerprint,
            incoming.request_id,
            answer.status,
            json.dumps(answer.body),
            time.time(),
        )


def _render(answer: Answer, request_id: str) -> Response:
    headers = {"Request-Id": request_id, "Stripe-Version": API_VERSION}
    if answer.replayed_from is not None:
        headers.update({"Idempotent-Replayed": "true", "Original-Request": answer.replayed_from})
    body = json.dumps(answer.body, indent=2)
    return Response(body, status_code=answer.status, headers=headers, media_type="application/json")
