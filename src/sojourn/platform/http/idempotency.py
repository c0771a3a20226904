"""`Idempotency-Key`: an unsafe call that is sent again gets the first answer again.

Same key and body: the stored answer, with `Idempotent-Replayed: true`. Another body: 422. Still running: 409. Answers
that say "try again" (409, 429, 5xx) are not stored. Keys live 24 hours (draft-ietf-httpapi-idempotency-key-header).
What happens when the process dies before the answer is stored: docs/decisions/0030-a-key-and-a-crash.md.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps
from hashlib import blake2b
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from sojourn.platform.errors import InvalidInput, Refusal, Unavailable
from sojourn.platform.http.context import Runtime, client_ip, get_runtime
from sojourn.platform.http.refusals import render_refusal

IDEMPOTENCY_HEADER = "Idempotency-Key"
MAX_KEY = 255
LOCK = timedelta(seconds=60)
LIFE = timedelta(hours=24)
NOT_STORED = frozenset({409, 429})
SERVER_ERROR = 500

Handler = TypeVar("Handler", bound=Callable[..., Awaitable[Any]])

_BEGIN = """
WITH fresh AS (
    INSERT INTO idempotency_keys AS k (principal, method, path, key, fingerprint, locked_until, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (principal, method, path, key) DO UPDATE
       SET locked_until = excluded.locked_until, created_at = excluded.created_at, fingerprint = excluded.fingerprint,
           status = NULL, body = NULL
     WHERE k.created_at < $8 OR (k.status IS NULL AND k.locked_until < $7 AND k.fingerprint = excluded.fingerprint)
    RETURNING true AS is_ours
)
SELECT true AS is_ours, NULL::bytea AS fingerprint, NULL::integer AS status, NULL::text AS content_type,
       NULL::bytea AS body
  FROM fresh
UNION ALL
SELECT false, fingerprint, status, content_type, body FROM idempotency_keys
 WHERE principal = $1 AND method = $2 AND path = $3 AND key = $4 AND NOT EXISTS (SELECT FROM fresh)
"""
_FINISH = """
UPDATE idempotency_keys SET status = $5, content_type = $6, body = $7
 WHERE principal = $1 AND method = $2 AND path = $3 AND key = $4
"""
_FORGET = "DELETE FROM idempotency_keys WHERE principal = $1 AND method = $2 AND path = $3 AND key = $4"
_PURGE = "DELETE FROM idempotency_keys WHERE created_at < $1"


class IdempotencyInFlight(Refusal):
    status = 409
    code = "IDEMPOTENCY_IN_FLIGHT"
    sentence = "A call with this Idempotency-Key is still running. Try again in a moment."


class IdempotencyMismatch(Refusal):
    status = 422
    code = "IDEMPOTENCY_KEY_REUSED"
    sentence = "This Idempotency-Key was already used for a different request."


@dataclass(frozen=True, slots=True)
class _Call:
    principal: str
    method: str
    path: str
    key: str
    fingerprint: bytes

    @property
    def primary_key(self) -> tuple[str, str, str, str]:
        return self.principal, self.method, self.path, self.key


def never_replayed(endpoint: Handler) -> Handler:
    """Mark a route whose answer carries credentials: it must not lie in a table for a day, nor be sent twice."""
    endpoint.is_never_replayed = True  # type: ignore[attr-defined]
    return endpoint


def replaying(endpoint: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """Wrap an unsafe endpoint. Without the header nothing changes and nothing is stored."""

    @wraps(endpoint)
    async def call(*, http_request: Request, **arguments: Any) -> Any:
        key = http_request.headers.get(IDEMPOTENCY_HEADER)
        if key is None:
            return await endpoint(http_request=http_request, **arguments)
        runtime = get_runtime(http_request)
        described = await _describe(http_request, runtime, key)
        stored = await _begin(runtime, described)
        if stored is not None:
            return stored
        return await _run(endpoint, runtime, described, http_request, arguments)

    return call


async def _describe(request: Request, runtime: Runtime, key: str) -> _Call:
    key = key.strip().strip('"')
    if not key or len(key) > MAX_KEY or not key.isprintable() or not key.isascii():
        raise InvalidInput.at("Idempotency-Key", f"must be 1 to {MAX_KEY} printable ASCII characters")
    user_id = runtime.identify(request)
    # A route that knows its caller otherwise than by a token has said so.
    named = request.scope.get("principal") or user_id
    principal = str(named) if named else f"ip:{client_ip(request, hops=runtime.forwarded_hops)}"
    body = await request.body()
    fingerprint = blake2b(body + b"?" + request.scope["query_string"], digest_size=16).digest()
    return _Call(principal, request.method, request.url.path, key, fingerprint)


async def _begin(runtime: Runtime, call: _Call) -> Response | None:
    now = runtime.clock.now()
    async with runtime.db.read() as connection:
        row = await connection.fetchrow(_BEGIN, *call.primary_key, call.fingerprint, now + LOCK, now, now - LIFE)
    if row is not None and row["is_ours"]:
        return None
    if row is None or (row["status"] is None and row["fingerprint"] == call.fingerprint):
        raise IdempotencyInFlight
    if row["fingerprint"] != call.fingerprint:
        raise IdempotencyMismatch
    headers = {"Idempotent-Replayed": "true"}
    return Response(row["body"], status_code=row["status"], media_type=row["content_type"], headers=headers)


async def _run(
    endpoint: Callable[..., Awaitable[Any]], runtime: Runtime, call: _Call, request: Request, arguments: dict[str, Any]
) -> Response:
    try:
        answer: Response = await endpoint(http_request=request, **arguments)
    except Refusal as refusal:
        answer = render_refusal(request, refusal)
    except BaseException:
        await _note(runtime, _FORGET, *call.primary_key)
        raise
    if answer.status_code in NOT_STORED or answer.status_code >= SERVER_ERROR:
        await _note(runtime, _FORGET, *call.primary_key)
    else:
        content_type = answer.headers.get("content-type")
        await _note(runtime, _FINISH, *call.primary_key, answer.status_code, content_type, bytes(answer.body))
    return answer


async def _note(runtime: Runtime, statement: str, *arguments: object) -> None:
    """Whether or not it can be noted, what was done is done: its answer must not become "try again"."""
    with suppress(Unavailable):
        await runtime.db.record_despite_refusal(statement, *arguments)


async def purge(runtime: Runtime) -> None:
    """Forget the keys of yesterday."""
    async with runtime.db.read() as connection:
        await connection.execute(_PURGE, runtime.clock.now() - LIFE)
