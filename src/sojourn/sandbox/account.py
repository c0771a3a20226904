"""One Stripe account of the sandbox during one request: its objects, its events, its later steps."""

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass

from sojourn.sandbox.errors import Json, missing_object
from sojourn.sandbox.store import Store, read_json

API_VERSION = "2026-10-28.endive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The account behind a key. All methods run inside the request's transaction.

    Attributes:
        key: the secret key, which is the account's name here.
        request_id, idempotency_key: of the request that is being served; None in later steps.
        processing_seconds: how long a confirmed payment stays in `processing` (0: not at all).
    """

    key: str
    store: Store
    base_url: str
    settle_seconds: float
    processing_seconds: float = 0.0
    request_id: str | None = None
    idempotency_key: str | None = None

    def find(self, kind: str, object_id: str) -> Json | None:
        return self.store.find_object(self.key, kind, object_id)

    def get(self, kind: str, object_id: str, *, param: str = "id") -> Json:
        """The object with this id in this account.

        Raises:
            StripeError: 404 `resource_missing`.
        """
        found = self.find(kind, object_id)
        if found is None:
            raise missing_object(kind, object_id, param=param)
        return found

    def save(self, body: Json) -> Json:
        self.store.put_object(self.key, body)
        return body

    def later(self, action: str, object_id: str, seconds: float) -> None:
        """Have `action` done on the object after that long, restarts or not."""
        self.store.add_step(self.key, action, object_id, seconds)

    def emit(self, event_type: str, subject: Json, previous: Json | None = None) -> None:
        """Record an event with a snapshot of its subject and queue it for every endpoint that listens."""
        data: Json = {"object": subject}
        if previous is not None:
            data["previous_attributes"] = previous
        endpoints = [endpoint for endpoint in self._endpoints() if _listens(endpoint["enabled_events"], event_type)]
        event: Json = {
            "id": new_id("evt"),
            "object": "event",
            "api_version": API_VERSION,
            "created": int(time.time()),
            "data": data,
            "livemode": False,
            "pending_webhooks": len(endpoints),
            "request": {"id": self.request_id, "idempotency_key": self.idempotency_key},
            "type": event_type,
        }
        self.store.put_object(self.key, event)
        for endpoint in endpoints:
            queue_delivery(self.store, account=self.key, endpoint=endpoint["id"], event=event)

    def _endpoints(self) -> list[Json]:
        rows = self.store.rows(
            "SELECT body FROM objects WHERE account = ? AND kind = 'webhook_endpoint' ORDER BY seq", self.key
        )
        return [read_json(row["body"]) for row in rows]


def queue_delivery(store: Store, *, account: str, endpoint: str, event: Json) -> None:
    now = time.time()
    store.run(
        "INSERT INTO deliveries (account, endpoint, event, event_type, state, queued_at, due_at) "
        "VALUES (?, ?, ?, ?, 'waiting', ?, ?)",
        account,
        endpoint,
        event["id"],
        event["type"],
        now,
        now,
    )


def new_id(prefix: str) -> str:
    return f"{prefix}_{secrets.token_hex(12)}"


def now_seconds() -> int:
    return int(time.time())


def merge_metadata(present: Mapping[str, str], change: Mapping[str, str] | None) -> dict[str, str]:
    """Stripe's rule: given keys are set, keys given empty are removed, `metadata=` removes all."""
    if change is None:
        return {}
    merged = {**present, **change}
    return {key: value for key, value in merged.items() if value != ""}


def _listens(enabled: list[str], event_type: str) -> bool:
    return "*" in enabled or event_type in enabled
