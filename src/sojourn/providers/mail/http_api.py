"""The part that carriers with an HTTP API share: one JSON post, and what its status means for the mail."""

from collections.abc import Mapping

import httpx

from sojourn.providers.mail.port import MailRefused, MailUnavailable
from sojourn.providers.tls import trusted

# Everything the carrier says about our account (bad key, unverified domain, payment due) and not about the mail:
# staff repair that, and the mail must still go out afterwards.
_NOT_THE_MAILS_FAULT = frozenset({401, 402, 403, 404, 408, 429})


def _error_code(answer: httpx.Response, default: str) -> str:
    try:
        body = answer.json()
    except ValueError:
        return default
    code = body.get("name") if isinstance(body, dict) else None
    return code if isinstance(code, str) and code else default


class JsonMailApi:
    """A kept-open client for one carrier. `timeout` in seconds."""

    def __init__(
        self, *, api_key: str, base_url: str, timeout: float, retry_codes: frozenset[str] = frozenset()
    ) -> None:
        self._retry_codes = retry_codes
        self._client = httpx.AsyncClient(
            verify=trusted(), base_url=base_url, timeout=timeout, headers={"Authorization": f"Bearer {api_key}"}
        )

    async def post(self, path: str, body: Mapping[str, object], headers: Mapping[str, str]) -> httpx.Response:
        """Raises MailRefused when this mail will never be taken, MailUnavailable when a later try may succeed."""
        try:
            answer = await self._client.post(path, json=body, headers=dict(headers))
        except httpx.HTTPError as error:
            raise MailUnavailable(
                f"the carrier did not answer: {type(error).__name__}", code="mail_unreachable"
            ) from error
        if answer.is_success:
            return answer
        code = _error_code(answer, f"http_{answer.status_code}")
        message = f"the carrier answered {answer.status_code} {code}"
        is_final = answer.is_client_error and answer.status_code not in _NOT_THE_MAILS_FAULT
        if is_final and code not in self._retry_codes:
            raise MailRefused(message, code=code)
        raise MailUnavailable(message, code=code)

    async def aclose(self) -> None:
        await self._client.aclose()
