"""The mail provider over HTTP: Resend's and SendGrid's calls in, a mailbox to read out."""

import hashlib
import json
import time
from typing import TypeVar
from urllib.parse import quote

from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sojourn.sandbox import faults, mailbox
from sojourn.sandbox.errors import Json
from sojourn.sandbox.keys import bearer_key
from sojourn.sandbox.mail_wire import ResendMail, SendGridMail
from sojourn.sandbox.store import Store

ANSWERS_KEPT_SECONDS = 86_400
MAX_KEY_LENGTH = 256
MAX_LISTED = 1000
# A mail is shown as it is, but nothing in it may run.
MAIL_POLICY = "sandbox; default-src 'none'; img-src * data:; style-src 'unsafe-inline' *; font-src * data:"

W = TypeVar("W", bound=BaseModel)


class MailRefusal(Exception):
    """A mail refused: status, the vendor's error name, a sentence and the field."""

    def __init__(self, status: int, name: str, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.status, self.name, self.message, self.field = status, name, message, field

    def as_resend(self) -> Response:
        body = {"statusCode": self.status, "name": self.name, "message": self.message}
        return JSONResponse(body, status_code=self.status)

    def as_sendgrid(self) -> Response:
        body = {"errors": [{"message": self.message, "field": self.field, "help": None}]}
        return JSONResponse(body, status_code=self.status)


class MailApi:
    def __init__(self, store: Store) -> None:
        self._store = store

    def routes(self) -> list[Route]:
        return [
            Route("/emails", self.send_resend, methods=["POST"]),
            Route("/v3/mail/send", self.send_sendgrid, methods=["POST"]),
            Route("/mail", self.list_mails, methods=["GET"]),
            Route("/mail", self.empty, methods=["DELETE"]),
            Route("/mail/{id}", self.retrieve, methods=["GET"]),
            Route("/mail/{id}/html", self.html, methods=["GET"]),
            Route("/mail/{id}/attachments/{position}", self.attachment, methods=["GET"]),
        ]

    async def send_resend(self, request: Request) -> Response:
        try:
            key, body = self._admit(request), await request.body()
            mail = _read(ResendMail, body)
            with self._store.transaction():
                mail_id = self._once(request, key, body, mail)
        except MailRefusal as refusal:
            return refusal.as_resend()
        return JSONResponse({"id": mail_id})

    async def send_sendgrid(self, request: Request) -> Response:
        try:
            self._admit(request)
            mail = _read(SendGridMail, await request.body())
        except MailRefusal as refusal:
            return refusal.as_sendgrid()
        with self._store.transaction():
            ids = [mailbox.keep(self._store, letter) for letter in mail.letters()]
        return Response(status_code=202, headers={"X-Message-Id": ids[0]})

    def _admit(self, request: Request) -> str:
        key = bearer_key(request)
        if not key:
            raise MailRefusal(401, "missing_api_key", "Missing API key in the authorization header.")
        switches = faults.read(self._store, key).mail
        if faults.take(self._store, key, "mail.fail_next"):
            raise MailRefusal(switches.status, "application_error", "The sandbox was told to fail this mail.")
        return key

    def _once(self, request: Request, key: str, body: bytes, mail: ResendMail) -> str:
        """Keep the mail, unless one with this Idempotency-Key was kept within a day."""
        name = request.headers.get("idempotency-key")
        if name is None:
            return mailbox.keep(self._store, mail.letter())
        if not 0 < len(name) <= MAX_KEY_LENGTH:
            raise MailRefusal(400, "invalid_idempotency_key", "The key must be between 1-256 chars.")
        fingerprint = hashlib.sha256(body).hexdigest()
        account = f"mail {key}"
        kept = self._store.row(
            "SELECT * FROM answers WHERE account = ? AND key = ? AND created_at > ?",
            account,
            name,
            time.time() - ANSWERS_KEPT_SECONDS,
        )
        if kept is not None and kept["fingerprint"] != fingerprint:
            message = "Same idempotency key used with a different request payload."
            raise MailRefusal(409, "invalid_idempotent_request", message)
        if kept is not None:
            return str(json.loads(kept["body"])["id"])
        mail_id = mailbox.keep(self._store, mail.letter())
        self._store.run(
            "INSERT OR REPLACE INTO answers (account, key, fingerprint, request_id, status, body, created_at) "
            "VALUES (?, ?, ?, '', 200, ?, ?)",
            account,
            name,
            fingerprint,
            json.dumps({"id": mail_id}),
            time.time(),
        )
        return mail_id

    async def list_mails(self, request: Request) -> Response:
        query = request.query_params
        limit = query.get("limit", "100")
        if not (_is_number(limit) and 1 <= int(limit) <= MAX_LISTED):
            return JSONResponse({"error": f"limit is a number from 1 to {MAX_LISTED}", "field": "limit"}, 400)
        unknown = set(query) - {"to", "subject", "limit"}
        if unknown:
            return JSONResponse({"error": "unknown filter", "field": min(unknown)}, 400)
        found = mailbox.list_mails(
            self._store, to=query.get("to", ""), subject=query.get("subject", ""), limit=int(limit)
        )
        return JSONResponse(found)

    async def empty(self, _: Request) -> Response:
        with self._store.transaction():
            return JSONResponse({"deleted": mailbox.empty(self._store)})

    async def retrieve(self, request: Request) -> Response:
        mail = mailbox.find(self._store, request.path_params["id"])
        return _no_such_mail() if mail is None else JSONResponse(mail)

    async def html(self, request: Request) -> Response:
        mail = mailbox.find(self._store, request.path_params["id"])
        if mail is None or mail["html"] is None:
            return _no_such_mail()
        return Response(mail["html"], media_type="text/html", headers={"Content-Security-Policy": MAIL_POLICY})

    async def attachment(self, request: Request) -> Response:
        position = request.path_params["position"]
        if not _is_number(position):
            return _no_such_mail()
        found = mailbox.find_attachment(self._store, request.path_params["id"], int(position))
        if found is None:
            return _no_such_mail()
        headers = {
            "Content-Disposition": f"inline; filename*=UTF-8''{quote(found.filename, safe='')}",
            "Content-Security-Policy": MAIL_POLICY,
            "X-Content-Type-Options": "nosniff",
        }
        return Response(found.content, media_type=found.content_type, headers=headers)


def _read(model: type[W], body: bytes) -> W:
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in problem["loc"])
        name = "missing_required_field" if problem["type"] in {"missing", "body"} else "validation_error"
        message = f"{problem['msg']} ({field})" if field else problem["msg"]
        raise MailRefusal(_STATUS[model.__name__], name, message, field or None) from None


# Resend answers 422 to a mail it cannot read, SendGrid 400.
_STATUS = {"ResendMail": 422, "SendGridMail": 400}


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 5


def _no_such_mail() -> Response:
    body: Json = {"error": "no such mail"}
    return JSONResponse(body, status_code=404)
