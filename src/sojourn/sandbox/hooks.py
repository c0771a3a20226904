"""Webhook endpoints and events: the calls of the API."""

import hashlib

from sojourn.sandbox.account import new_id, now_seconds
from sojourn.sandbox.calls import Call, page
from sojourn.sandbox.config import WebhookTarget, is_web_address
from sojourn.sandbox.errors import Json, ParameterError
from sojourn.sandbox.forms import Params
from sojourn.sandbox.parameters import EndpointCreate, ListEvents, ListPage, Retrieve
from sojourn.sandbox.store import Store


def create_endpoint(call: Call[EndpointCreate]) -> Json:
    """The answer to this call is the only one that carries the signing secret."""
    params = call.params
    if not is_web_address(params.url):
        raise ParameterError("Invalid URL: An explicit scheme (such as https) must be provided.", param="url")
    if not params.enabled_events:
        raise ParameterError(
            "Missing required param: enabled_events.", code="parameter_missing", param="enabled_events"
        )
    endpoint = _new_endpoint(new_id("we"), url=params.url, secret=new_id("whsec"), enabled=params.enabled_events)
    endpoint.update(description=params.description, api_version=params.api_version, metadata=params.metadata or {})
    return call.account.save(endpoint)


def retrieve_endpoint(call: Call[Retrieve]) -> Json:
    return _without_secret(call.account.get("webhook_endpoint", call.id))


def list_endpoints(call: Call[ListPage]) -> Json:
    found = page(call, "webhook_endpoint")
    found["data"] = [_without_secret(endpoint) for endpoint in found["data"]]
    return found


def delete_endpoint(call: Call[Params]) -> Json:
    endpoint = call.account.get("webhook_endpoint", call.id)
    call.account.store.delete_object(call.account.key, endpoint["id"])
    return {"id": endpoint["id"], "object": "webhook_endpoint", "deleted": True}


def retrieve_event(call: Call[Retrieve]) -> Json:
    return call.account.get("event", call.id)


def list_events(call: Call[ListEvents]) -> Json:
    params = call.params
    types = params.types or ([params.type] if params.type else [])
    return page(call, "event", type=types or None)


def register(store: Store, target: WebhookTarget) -> None:
    """Make sure that a webhook given at the start exists, once, with its present secret."""
    name = hashlib.sha256(f"{target.account} {target.url}".encode()).hexdigest()[:24]
    endpoint = _new_endpoint(f"we_{name}", url=target.url, secret=target.secret, enabled=["*"])
    store.put_object(target.account, endpoint)


def _new_endpoint(endpoint_id: str, *, url: str, secret: str, enabled: list[str]) -> Json:
    return {
        "id": endpoint_id,
        "object": "webhook_endpoint",
        "api_version": None,
        "application": None,
        "created": now_seconds(),
        "description": None,
        "enabled_events": enabled,
        "livemode": False,
        "metadata": {},
        "secret": secret,
        "status": "enabled",
        "url": url,
    }


def _without_secret(endpoint: Json) -> Json:
    return {name: value for name, value in endpoint.items() if name != "secret"}
