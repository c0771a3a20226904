"""The sandbox's own calls: faults on and off, deliveries to look at, a card to pay with, a fresh start."""

import json
from collections.abc import Callable

from pydantic import ValidationError
from pydantic_core import from_json
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sojourn.sandbox import faults, hooks, intents
from sojourn.sandbox.account import queue_delivery
from sojourn.sandbox.api import StripeApi
from sojourn.sandbox.config import SandboxConfig
from sojourn.sandbox.errors import CardError, Json, ParameterError, StripeError, missing_object
from sojourn.sandbox.forms import read_params
from sojourn.sandbox.parameters import PayInBrowser
from sojourn.sandbox.store import Store

MAX_LISTED = 500


class Switchboard:
    def __init__(self, config: SandboxConfig, store: Store, api: StripeApi, on_change: Callable[[], None]) -> None:
        self._config = config
        self._store = store
        self._api = api
        self._on_change = on_change

    def routes(self) -> list[Route]:
        return [
            Route("/_sandbox/health", self.health, methods=["GET"]),
            Route("/_sandbox/faults", self.read_faults, methods=["GET"]),
            Route("/_sandbox/faults", self.write_faults, methods=["PUT"]),
            Route("/_sandbox/faults", self.clear_faults, methods=["DELETE"]),
            Route("/_sandbox/deliveries", self.deliveries, methods=["GET"]),
            Route("/_sandbox/events/{id}/redeliver", self.redeliver, methods=["POST"]),
            Route("/_sandbox/payment_intents/{id}/pay", self.pay, methods=["POST"]),
            Route("/_sandbox/reset", self.reset, methods=["POST"]),
        ]

    async def health(self, _: Request) -> Response:
        self._store.row("SELECT 1")
        return JSONResponse({"status": "ok"})

    async def read_faults(self, request: Request) -> Response:
        return JSONResponse(faults.read(self._store, _account(request)).model_dump(mode="json"))

    async def write_faults(self, request: Request) -> Response:
        """Replace all switches of the account (or of everyone); what is left out is off."""
        try:
            switches = faults.Faults.model_validate_json(await request.body())
        except ValidationError as error:
            problem = error.errors(include_url=False)[0]
            field = ".".join(str(part) for part in problem["loc"])
            return JSONResponse({"error": problem["msg"], "field": field}, status_code=400)
        faults.write(self._store, _account(request), switches)
        self._on_change()
        return JSONResponse(switches.model_dump(mode="json"))

    async def clear_faults(self, request: Request) -> Response:
        """Switch off the account's faults, or with no account everybody's."""
        account = _account(request)
        if account == faults.EVERYONE:
            self._store.run("DELETE FROM faults")
        else:
            faults.clear(self._store, account)
        self._on_change()
        return JSONResponse(faults.read(self._store, account).model_dump(mode="json"))

    async def deliveries(self, request: Request) -> Response:
        """Newest first: where each event went, how it stands, and every sending with its answer."""
        account, event = _account(request), request.query_params.get("event", "")
        rows = self._store.rows(
            "SELECT * FROM deliveries WHERE (?1 = '' OR account = ?1) AND (?2 = '' OR event = ?2) "
            "ORDER BY seq DESC LIMIT ?3",
            account,
            event,
            MAX_LISTED,
        )
        return JSONResponse([{**dict(row), "sent": json.loads(row["sent"])} for row in rows])

    async def redeliver(self, request: Request) -> Response:
        """Send the event once more to every endpoint that it went (or should have gone) to."""
        event_id = request.path_params["id"]
        account = self._store.find_owner("event", event_id)
        event = None if account is None else self._store.find_object(account, "event", event_id)
        if account is None or event is None:
            return _refuse(missing_object("event", event_id))
        rows = self._store.rows("SELECT DISTINCT endpoint FROM deliveries WHERE event = ?", event_id)
        with self._store.transaction():
            for row in rows:
                queue_delivery(self._store, account=account, endpoint=row["endpoint"], event=event)
        self._on_change()
        return JSONResponse({"event": event_id, "queued": len(rows)}, status_code=202)

    async def pay(self, request: Request) -> Response:
        """Pay as the customer's browser would; answers the intent, or Stripe's error on a decline."""
        try:
            params = read_params(PayInBrowser, _read_object(await request.body()))
            return JSONResponse(self.pay_intent(request.path_params["id"], params))
        except StripeError as error:
            return _refuse(error)

    def pay_intent(self, intent_id: str, params: PayInBrowser) -> Json:
        """Confirm the intent with a card number or a payment method.

        Raises:
            StripeError: no such intent, or it waits for no payment.
            CardError: declined; the attempt is kept.
        """
        owner = self._store.find_owner("payment_intent", intent_id)
        if owner is None:
            raise missing_object("payment_intent", intent_id)
        account = self._api.account(owner)
        decline: CardError | None = None
        with self._store.transaction():
            intent = account.get("payment_intent", intent_id)
            try:
                intent = intents.confirm_open(account, intent, params.confirming())
            except CardError as error:
                decline = error
        self._on_change()
        if decline is not None:
            raise decline
        return intent

    async def reset(self, _: Request) -> Response:
        """Forget everything but the webhooks given at the start."""
        with self._store.transaction():
            self._store.clear()
            for target in self._config.webhooks:
                hooks.register(self._store, target)
        self._on_change()
        return JSONResponse({"status": "reset"})


def _account(request: Request) -> str:
    return request.query_params.get("account", faults.EVERYONE)


def _read_object(body: bytes) -> Json:
    try:
        values = from_json(body)
    except ValueError:
        raise ParameterError("The body is not valid JSON.") from None
    if not isinstance(values, dict):
        raise ParameterError("The body is a JSON object.")
    return values


def _refuse(error: StripeError) -> Response:
    return JSONResponse(error.body(), status_code=error.status)
