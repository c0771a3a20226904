"""Firebase Cloud Messaging, HTTP v1.

What its refusals mean: https://firebase.google.com/docs/reference/fcm/rest/v1/ErrorCode
"""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from sojourn.providers.push.account import AccessTokens, ServiceAccount
from sojourn.providers.push.port import DeadToken, OutgoingPush, PushRefused, PushUnavailable
from sojourn.providers.tls import trusted

OWN_BASE_URL = "https://fcm.googleapis.com"
UNAUTHORIZED = 401
_DEAD = frozenset({"UNREGISTERED", "SENDER_ID_MISMATCH"})
# Throttling, its own faults, and what staff must repair at Google: the message is sound and goes out afterwards.
_LATER = frozenset({401, 403, 408, 429})
# What FCM calls a token that never was one: the field at fault, in its details.
_TOKEN_FIELD = "message.token"


class FcmPush:
    """`PushSender` over FCM. `timeout` in seconds, for each call."""

    name = "fcm"

    def __init__(self, account: ServiceAccount, *, base_url: str = OWN_BASE_URL, timeout: float = 15.0) -> None:
        self._path = f"/v1/projects/{account.project_id}/messages:send"
        self._client = httpx.AsyncClient(verify=trusted(), base_url=base_url, timeout=timeout)
        self._tokens = AccessTokens(account, self._client)

    async def send(self, push: OutgoingPush) -> str:
        """FCM's name of the message. A message that was sent twice shows once: both carry its key as tag."""
        answer = await self._post(push)
        if answer.status_code == UNAUTHORIZED:
            answer = await self._post(push)
        if not answer.is_success:
            raise _refusal(answer)
        name = _object(answer).get("name")
        if not isinstance(name, str) or not name:
            raise PushUnavailable("the answer has no name", code="push_answer_unreadable")
        return name

    async def _post(self, push: OutgoingPush) -> httpx.Response:
        token = await self._tokens.current()
        headers = {"Authorization": f"Bearer {token}"}
        try:
            answer = await self._client.post(self._path, json={"message": _message(push)}, headers=headers)
        except httpx.HTTPError as fault:
            raise PushUnavailable(f"no answer: {type(fault).__name__}", code="push_unreachable") from fault
        if answer.status_code == UNAUTHORIZED:
            self._tokens.drop(token)
        return answer

    async def aclose(self) -> None:
        await self._client.aclose()


def _message(push: OutgoingPush) -> dict[str, object]:
    """The same message for every platform; each has its own word for the key and the link."""
    return {
        "token": push.token,
        "notification": {"title": push.title, "body": push.body},
        "data": {**push.data, "link": push.link},
        "android": {"priority": "HIGH", "collapse_key": push.key, "notification": {"tag": push.key}},
        "apns": {"headers": {"apns-collapse-id": push.key}, "payload": {"aps": {"sound": "default"}}},
        "webpush": {"notification": {"tag": push.key}} | _web_link(push.link),
    }


def _web_link(link: str) -> dict[str, object]:
    """FCM lets a browser open nothing but https."""
    return {"fcm_options": {"link": link}} if link.startswith("https://") else {}


def _refusal(answer: httpx.Response) -> PushRefused | PushUnavailable:
    error = _object(answer).get("error")
    error = error if isinstance(error, dict) else {}
    details = [detail for detail in error.get("details") or () if isinstance(detail, dict)]
    code = next((str(d["errorCode"]) for d in details if d.get("errorCode")), str(error.get("status") or ""))
    code = code or f"push_http_{answer.status_code}"
    message = f"FCM answered {answer.status_code} {code}"
    if code in _DEAD or _names_token(details):
        return DeadToken(message, code=code)
    if answer.is_server_error or answer.status_code in _LATER:
        return PushUnavailable(message, code=code, after=_retry_after(answer))
    return PushRefused(message, code=code)


def _names_token(details: list[dict[str, Any]]) -> bool:
    """Whether the field at fault is the device's token."""
    violations = [violation for detail in details for violation in detail.get("fieldViolations") or ()]
    return any(isinstance(violation, dict) and violation.get("field") == _TOKEN_FIELD for violation in violations)


def _retry_after(answer: httpx.Response) -> timedelta | None:
    """The header, in either of its forms: seconds, or a date (RFC 9110, 10.2.3)."""
    text = answer.headers.get("Retry-After", "").strip()
    if text.isdecimal():
        return timedelta(seconds=min(int(text), 86_400))
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        return None
    return min(max(moment - datetime.now(UTC), timedelta(0)), timedelta(days=1))


def _object(answer: httpx.Response) -> dict[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
