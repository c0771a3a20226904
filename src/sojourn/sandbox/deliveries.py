"""Events on their way out: signed, retried with growing pauses, kept over restarts; and steps that come later.

An account's events are sent to an endpoint one after the other, oldest first. One that fails is tried again after
1, 2, 4, ... seconds without holding up those behind it, as Stripe does.
"""

import asyncio
import hashlib
import hmac
import json
import logging
import time
from collections.abc import Callable, Sequence
from sqlite3 import Row

import httpx

from sojourn.sandbox import attempts, faults, refunds
from sojourn.sandbox.account import Account
from sojourn.sandbox.config import SandboxConfig
from sojourn.sandbox.errors import Json
from sojourn.sandbox.store import Store

MAX_ATTEMPTS = 10
BATCH = 200
ANSWER_TIMEOUT_SECONDS = 10.0
LOGGER = logging.getLogger("sojourn.sandbox")

STEPS: dict[str, Callable[[Account, str], None]] = {
    "fail_refund": refunds.fail_refund,
    "finish_refund": refunds.finish_refund,
    "open_dispute": refunds.open_dispute,
    "finish_processing": attempts.finish_processing,
}


def signature(secret: str, payload: bytes, timestamp: int) -> str:
    """The `Stripe-Signature` header: HMAC-SHA256 of `timestamp.payload`."""
    digest = hmac.new(secret.encode(), f"{timestamp}.".encode() + payload, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={digest}"


class Clockwork:
    """Runs what is due until it is stopped. `open_account` builds the account a later step works on."""

    def __init__(self, config: SandboxConfig, store: Store, open_account: Callable[[str], Account]) -> None:
        self._config = config
        self._store = store
        self._open_account = open_account
        self._changed = asyncio.Event()
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._client = httpx.AsyncClient(timeout=ANSWER_TIMEOUT_SECONDS, trust_env=False)

    def wake(self) -> None:
        self._changed.set()

    async def run(self) -> None:
        """Serve until cancelled; what is under way then is sent again after the next start."""
        try:
            while True:
                self._changed.clear()
                self._do_steps()
                self._start_sending()
                await self._pause()
        finally:
            for task in self._busy.values():
                task.cancel()
            await asyncio.gather(*self._busy.values(), return_exceptions=True)
            await self._client.aclose()

    async def _pause(self) -> None:
        """Wait for a change or for the next thing that falls due at an idle endpoint."""
        times = [row["due_at"] for row in self._store.rows("SELECT min(due_at) AS due_at FROM steps")]
        waiting = self._store.rows(
            "SELECT endpoint, min(due_at) AS due_at FROM deliveries WHERE state = 'waiting' GROUP BY endpoint"
        )
        times += [row["due_at"] for row in waiting if row["endpoint"] not in self._busy]
        due = [moment for moment in times if moment is not None]
        # A gathering endpoint (`reorder`) is due already and only waits for its hold to pass: look again soon.
        seconds = max(min(due) - time.time(), 0.02) if due else None
        try:
            await asyncio.wait_for(self._changed.wait(), seconds)
        except TimeoutError:
            return

    def _do_steps(self) -> None:
        for step in self._store.rows("SELECT * FROM steps WHERE due_at <= ? ORDER BY due_at, seq", time.time()):
            with self._store.transaction():
                self._store.run("DELETE FROM steps WHERE seq = ?", step["seq"])
                STEPS[step["action"]](self._open_account(step["account"]), step["object"])

    def _start_sending(self) -> None:
        now = time.time()
        due = self._store.rows("SELECT DISTINCT endpoint FROM deliveries WHERE state = 'waiting' AND due_at <= ?", now)
        for endpoint in {row["endpoint"] for row in due} - self._busy.keys():
            rows = self._store.rows(
                "SELECT * FROM deliveries WHERE endpoint = ? AND state = 'waiting' AND due_at <= ? "
                "ORDER BY seq LIMIT ?",
                endpoint,
                now,
                BATCH,
            )
            batch = self._ordered(rows)
            if batch:
                self._busy[endpoint] = asyncio.create_task(self._send_all(endpoint, batch))

    def _ordered(self, batch: Sequence[Row]) -> Sequence[Row]:
        """Oldest first; with `reorder` nothing until the oldest has waited for a moment, then newest first."""
        if not faults.read(self._store, batch[0]["account"]).webhooks.reorder:
            return batch
        if time.time() - min(row["queued_at"] for row in batch) < self._config.hold_seconds:
            return []
        return batch[::-1]

    async def _send_all(self, endpoint: str, batch: Sequence[Row]) -> None:
        try:
            for row in batch:
                await self._deliver(row)
        finally:
            del self._busy[endpoint]
            self.wake()

    async def _deliver(self, row: Row) -> None:
        account = row["account"]
        endpoint = self._store.find_object(account, "webhook_endpoint", row["endpoint"])
        event = self._store.find_object(account, "event", row["event"])
        switches = faults.read(self._store, account).webhooks
        if endpoint is None or event is None:
            return self._finish(row, "canceled", [])
        if switches.drop or faults.take(self._store, account, "webhooks.drop_next"):
            return self._finish(row, "dropped", [])
        await asyncio.sleep(switches.delay_ms / 1000)
        sent = [await self._post(endpoint, event) for _ in range(switches.repeat)]
        if any(_is_accepted(entry) for entry in sent):
            return self._finish(row, "delivered", sent)
        if row["attempts"] + 1 >= MAX_ATTEMPTS:
            return self._finish(row, "failed", sent)
        return self._finish(row, "waiting", sent, pause=self._config.first_retry_seconds * 2 ** row["attempts"])

    async def _post(self, endpoint: Json, event: Json) -> Json:
        payload = json.dumps(event, indent=2).encode()
        now = time.time()
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Stripe-Signature": signature(endpoint["secret"], payload, int(now)),
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        }
        entry: Json = {"at": now, "status": None, "error": None}
        try:
            answer = await self._client.post(endpoint["url"], content=payload, headers=headers)
            entry["status"] = answer.status_code
        except (httpx.HTTPError, OSError, ValueError) as error:
            # ValueError: a host name that no resolver can even be asked for.
            entry["error"] = f"{type(error).__name__}: {error}"
        LOGGER.info("webhook %s to %s: %s", event["type"], endpoint["url"], entry["status"] or entry["error"])
        return entry

    def _finish(self, row: Row, state: str, sent: list[Json], *, pause: float = 0.0) -> None:
        log = [*json.loads(row["sent"]), *sent]
        self._store.run(
            "UPDATE deliveries SET state = ?, attempts = attempts + ?, due_at = ?, sent = ? WHERE seq = ?",
            state,
            1 if sent else 0,
            time.time() + pause,
            json.dumps(log),
            row["seq"],
        )


def _is_accepted(entry: Json) -> bool:
    return entry["status"] is not None and 200 <= entry["status"] < 300
