"""Firebase Cloud Messaging over HTTP: Google's token endpoint, FCM's `messages:send`, and what the devices show.

A device's token says what becomes of it: `unregistered-...`, `mismatch-...` and `malformed-...` are refused as FCM
refuses them, any other token gets its message.
"""

import json
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qs

import jwt
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sojourn.sandbox import faults
from sojourn.sandbox.errors import Json
from sojourn.sandbox.keys import bearer_key
from sojourn.sandbox.push_wire import Message, Sending
from sojourn.sandbox.store import Store, Value, read_json

GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SCOPE: Final = "https://www.googleapis.com/auth/firebase.messaging"
TOKEN_PREFIX: Final = "ya29.sandbox"
TOKEN_SECONDS: Final = 3600
LONGEST_PAYLOAD: Final = 4096
MAX_LISTED: Final = 1000
ERROR_TYPE: Final = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
FAULTY_FIELD: Final = "type.googleapis.com/google.rpc.BadRequest"

UPSERT: Final = """
INSERT INTO pushes (project, token, key, body, sends) VALUES (?, ?, ?, ?, 1)
ON CONFLICT (project, token, key) WHERE key <> '' DO UPDATE SET body = excluded.body, sends = sends + 1
"""


class PushRefusal(Exception):
    """A message refused: HTTP status, Google's status word, FCM's own code and the field at fault."""

    def __init__(self, status: int, word: str, message: str, *, code: str | None = None, field: str = "") -> None:
        super().__init__(message)
        self.status, self.word, self.message, self.code, self.field = status, word, message, code, field

    def answer(self) -> Response:
        details: list[Json] = []
        if self.code:
            details.append({"@type": ERROR_TYPE, "errorCode": self.code})
        if self.field:
            details.append({"@type": FAULTY_FIELD, "fieldViolations": [{"field": self.field}]})
        error = {"code": self.status, "message": self.message, "status": self.word, "details": details}
        return JSONResponse({"error": error}, status_code=self.status)


class PushApi:
    def __init__(self, store: Store, render: Callable[..., Response]) -> None:
        self._store = store
        self._render = render

    def routes(self) -> list[Route]:
        return [
            Route("/push/token", self.grant, methods=["POST"]),
            Route("/v1/projects/{project}/messages:send", self.send, methods=["POST"]),
            Route("/push", self.list_pushes, methods=["GET"]),
            Route("/push", self.empty, methods=["DELETE"]),
            Route("/pushes", self.page, methods=["GET"]),
        ]

    async def grant(self, request: Request) -> Response:
        """An access token for a service account's signed assertion. Whose key signed it, the sandbox cannot know."""
        form = parse_qs((await request.body()).decode(errors="replace"))
        try:
            if form.get("grant_type") != [GRANT]:
                return _no_grant("unsupported_grant_type", f"grant_type must be {GRANT}")
            claims = jwt.decode(
                form.get("assertion", [""])[0],
                algorithms=["RS256"],
                options={
                    "verify_signature": False,
                    "verify_exp": True,
                    "verify_aud": True,
                    "require": ["iss", "aud", "iat", "exp"],
                },
                audience=str(request.url),
            )
        except jwt.InvalidTokenError as fault:
            return _no_grant("invalid_grant", str(fault))
        project = _project_of(str(claims["iss"]))
        if claims.get("scope") != SCOPE or not project:
            return _no_grant("invalid_scope", f"a service account may ask for {SCOPE}")
        token = f"{TOKEN_PREFIX}.{project}.{int(time.time()) + TOKEN_SECONDS}.{secrets.token_hex(8)}"
        return JSONResponse({"access_token": token, "expires_in": TOKEN_SECONDS, "token_type": "Bearer"})

    async def send(self, request: Request) -> Response:
        project = request.path_params["project"]
        try:
            _admit(request, project)
            if (failing := self._told_to_fail(project)) is not None:
                return failing
            sending = _read(await request.body())
            _refuse_dead(sending.message.token)
        except PushRefusal as refusal:
            return refusal.answer()
        name = f"projects/{project}/messages/{int(time.time() * 1000)}:{secrets.token_hex(8)}"
        if not sending.validate_only:
            with self._store.transaction():
                self._keep(project, name, sending.message)
        return JSONResponse({"name": name})

    def _told_to_fail(self, project: str) -> Response | None:
        switches = faults.read(self._store, project).push
        with self._store.transaction():
            if not faults.take(self._store, project, "push.fail_next"):
                return None
        word = {429: "RESOURCE_EXHAUSTED", 503: "UNAVAILABLE"}.get(switches.status, "INTERNAL")
        code = {429: "QUOTA_EXCEEDED", 503: "UNAVAILABLE"}.get(switches.status, "INTERNAL")
        answer = PushRefusal(switches.status, word, "The sandbox was told to fail this message.", code=code).answer()
        if switches.retry_after is not None:
            answer.headers["Retry-After"] = str(switches.retry_after)
        return answer

    def _keep(self, project: str, name: str, message: Message) -> None:
        body: Json = {
            "id": name,
            "project": project,
            "token": message.token,
            "title": message.notification.title,
            "body": message.notification.body,
            "data": message.data,
            "key": message.key,
            "link": message.webpush.fcm_options.link if message.webpush.fcm_options else None,
            "created_at": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        }
        self._store.run(UPSERT, project, message.token, message.key, json.dumps(body))

    async def list_pushes(self, request: Request) -> Response:
        """Newest first; `token` and `title` match any part. `sends` counts how often a device was sent the same."""
        query = request.query_params
        limit = query.get("limit", "100")
        if not (limit.isascii() and limit.isdigit() and len(limit) < 5 and 1 <= int(limit) <= MAX_LISTED):
            return JSONResponse({"error": f"limit is a number from 1 to {MAX_LISTED}", "field": "limit"}, 400)
        if unknown := set(query) - {"token", "title", "limit"}:
            return JSONResponse({"error": "unknown filter", "field": min(unknown)}, 400)
        found = list_pushes(self._store, token=query.get("token", ""), title=query.get("title", ""), limit=int(limit))
        return JSONResponse(found)

    async def page(self, request: Request) -> Response:
        """The same for people."""
        token, title = request.query_params.get("token", ""), request.query_params.get("title", "")
        pushes = list_pushes(self._store, token=token, title=title)
        return self._render("pushes.html", pushes=pushes, token=token, title=title)

    async def empty(self, _: Request) -> Response:
        with self._store.transaction():
            return JSONResponse({"deleted": self._store.run("DELETE FROM pushes")})


def list_pushes(store: Store, *, token: str = "", title: str = "", limit: int = 100) -> list[Json]:
    """What the devices show, newest first."""
    values: list[Value] = [token.casefold(), title.casefold(), limit]
    rows = store.rows(
        "SELECT body, sends FROM pushes WHERE instr(lower(token), ?) > 0 "
        "AND instr(lower(json_extract(body, '$.title')), ?) > 0 ORDER BY seq DESC LIMIT ?",
        *values,
    )
    return [{**read_json(row["body"]), "sends": row["sends"]} for row in rows]


def _project_of(client_email: str) -> str:
    """`push@my-project.iam.gserviceaccount.com` belongs to my-project."""
    host = client_email.partition("@")[2]
    return host.removesuffix(".iam.gserviceaccount.com") if host.endswith(".iam.gserviceaccount.com") else ""


def _admit(request: Request, project: str) -> None:
    token = bearer_key(request)
    parts = token.removeprefix(f"{TOKEN_PREFIX}.").rsplit(".", 2)
    if not token.startswith(f"{TOKEN_PREFIX}.") or len(parts) != 3 or not parts[1].isdecimal():
        raise PushRefusal(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
    if int(parts[1]) <= time.time():
        raise PushRefusal(401, "UNAUTHENTICATED", "The access token has expired.")
    if parts[0] != project:
        raise PushRefusal(403, "PERMISSION_DENIED", f"The account may not send for {project}.")


def _read(body: bytes) -> Sending:
    if len(body) > LONGEST_PAYLOAD * 4:
        raise PushRefusal(400, "INVALID_ARGUMENT", "Request is too large.", code="INVALID_ARGUMENT")
    try:
        sending = Sending.model_validate_json(body)
    except ValidationError as fault:
        problem = fault.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in problem["loc"])
        message = f"Invalid value at '{field}': {problem['msg']}"
        raise PushRefusal(400, "INVALID_ARGUMENT", message, code="INVALID_ARGUMENT", field=field) from None
    shown = sending.message.notification
    if len(json.dumps([sending.message.data, shown.title, shown.body], ensure_ascii=False).encode()) > LONGEST_PAYLOAD:
        raise PushRefusal(400, "INVALID_ARGUMENT", "Android message is too big", code="INVALID_ARGUMENT")
    return sending


def _refuse_dead(token: str) -> None:
    if token.startswith("unregistered-"):
        raise PushRefusal(404, "NOT_FOUND", "Requested entity was not found.", code="UNREGISTERED")
    if token.startswith("mismatch-"):
        raise PushRefusal(403, "PERMISSION_DENIED", "SenderId mismatch", code="SENDER_ID_MISMATCH")
    if token.startswith("malformed-"):
        message = "The registration token is not a valid FCM registration token"
        raise PushRefusal(400, "INVALID_ARGUMENT", message, code="INVALID_ARGUMENT", field="message.token")


def _no_grant(error: str, description: str) -> Response:
    return JSONResponse({"error": error, "error_description": description}, status_code=400)
