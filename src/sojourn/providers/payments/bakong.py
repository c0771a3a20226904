"""Bakong, the National Bank of Cambodia's payment system: KHQR codes made here, asked about over its API.

As its public clients know it: `POST /v1/check_transaction_by_md5` answers 200 with `responseCode` 1 and `errorCode` 1
for a code that nobody has paid; `/v1/check_transaction_by_md5_list` takes at most 50 and is closed to some (403).
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import md5
from typing import Annotated, Final, TypeVar

import httpx
import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from sojourn.providers.payments.khqr import CURRENCY_CODES, KhqrInvalid, Payee, khqr_text
from sojourn.providers.payments.port import ProviderError, ProviderMisconfigured, ProviderRefused, ProviderUnavailable
from sojourn.providers.payments.qr_port import QrCode, QrTransfer
from sojourn.providers.tls import trusted

OWN_BASE_URL: Final = "https://api-bakong.nbc.gov.kh"
MOST_AT_ONCE: Final = 50
_NOT_FOUND, _FAILED, _UNAUTHORIZED = 1, 3, 6
# 2 static code, 5 field missing: said of what we have sent, whatever the status beside it.
_OUR_FAULT: Final = frozenset({2, 5})
_OPEN_OUTCOME: Final = frozenset({408, 429})

logger = structlog.get_logger(__name__)


class _Answer(BaseModel):
    """Fields of Bakong's own; those that we have no use for are passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, validate_by_name=True)


class _Transfer(_Answer):
    hash: Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[\x21-\x7e]+$")]
    from_account_id: Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[^\x00]+$")]
    to_account_id: Annotated[str, Field(min_length=1, max_length=255)]
    currency: str
    amount: Annotated[Decimal, Field(gt=0, lt=10**10, decimal_places=2)]
    created_date_ms: Annotated[int, Field(gt=0, lt=253_402_300_800_000)]


class _Found(_Answer):
    response_code: int
    error_code: int | None = None
    response_message: str = ""
    data: _Transfer | None = None


class _Named(_Answer):
    md5: str
    status: str


class _FoundMany(_Answer):
    response_code: int
    error_code: int | None = None
    response_message: str = ""
    data: list[_Named] | None = None


A = TypeVar("A", _Found, _FoundMany)


class BakongQr:
    """`QrProvider` over Bakong. `timeout` in seconds, for each question. Raises ProviderMisconfigured for a payee that
    no bank would take."""

    name = "bakong"

    def __init__(
        self,
        *,
        token: str,
        account_id: str,
        merchant_name: str,
        merchant_city: str,
        merchant_id: str | None = None,
        acquiring_bank: str | None = None,
        base_url: str = OWN_BASE_URL,
        timeout: float = 8.0,
    ) -> None:
        try:
            self._payee = Payee(
                account_id=account_id,
                name=merchant_name,
                city=merchant_city,
                merchant_id=merchant_id,
                acquiring_bank=acquiring_bank,
            )
        except KhqrInvalid as error:
            raise ProviderMisconfigured(f"Bakong: {error}", code="bakong_payee_invalid") from error
        self.is_live = base_url.rstrip("/") == OWN_BASE_URL
        self._has_lists = True
        self._client = httpx.AsyncClient(
            verify=trusted(), base_url=base_url, timeout=timeout, headers={"Authorization": f"Bearer {token}"}
        )

    def create_qr(
        self,
        *,
        amount: Decimal,
        currency: str,
        reference: str,
        label: str,
        created_at: datetime,
        expires_at: datetime,
    ) -> QrCode:
        try:
            payload = khqr_text(
                self._payee,
                amount=amount,
                currency=currency,
                bill_number=reference,
                terminal=label,
                created_at=created_at,
                expires_at=expires_at,
            )
        except KhqrInvalid as error:
            raise ProviderRefused(f"no KHQR code: {error}", code="khqr_invalid") from error
        digest = md5(payload.encode(), usedforsecurity=False).hexdigest()
        return QrCode(payload=payload, digest=digest, account_id=self._payee.account_id)

    async def check(self, *, digests: Sequence[str]) -> Mapping[str, QrTransfer]:
        paid: list[str] = []
        for start in range(0, len(digests), MOST_AT_ONCE):
            paid += await self._paid_among(digests[start : start + MOST_AT_ONCE])
        found: dict[str, QrTransfer] = {}
        answered, fault = 0, None
        for digest in paid:
            try:
                transfer = await self._find(digest)
            except ProviderError as error:
                logger.warning("a KHQR code could not be asked about", md5=digest, code=error.code)
                fault = error
                continue
            answered += 1
            if transfer is not None:
                found[digest] = transfer
        if fault is not None and not answered:
            raise fault
        return found

    async def _paid_among(self, digests: Sequence[str]) -> Sequence[str]:
        """Those that the list says are paid; all of them where there is no list to ask."""
        if len(digests) < 2 or not self._has_lists:
            return digests
        answer = await self._post("/v1/check_transaction_by_md5_list", list(digests))
        if answer.status_code in {403, 404}:
            self._has_lists = False
            return digests
        many = _read(_FoundMany, answer)
        if many.response_code != 0 or many.data is None:
            raise _refused(many.error_code, many.response_message)
        said = {named.md5 for named in many.data if named.status == "SUCCESS"}
        return [digest for digest in digests if digest in said]

    async def _find(self, digest: str) -> QrTransfer | None:
        one = _read(_Found, await self._post("/v1/check_transaction_by_md5", {"md5": digest}))
        if one.error_code in {_NOT_FOUND, _FAILED}:
            return None
        if one.response_code != 0 or one.data is None:
            raise _refused(one.error_code, one.response_message)
        if one.data.currency not in CURRENCY_CODES:
            raise ProviderUnavailable("Bakong names an unknown currency", code="bakong_answer_unreadable")
        return QrTransfer(
            id=one.data.hash,
            from_account=one.data.from_account_id,
            to_account=one.data.to_account_id,
            amount=one.data.amount.quantize(Decimal("0.01")),
            currency=one.data.currency,
            sent_at=datetime.fromtimestamp(one.data.created_date_ms / 1000, UTC),
        )

    async def _post(self, path: str, body: object) -> httpx.Response:
        try:
            return await self._client.post(path, json=body)
        except httpx.HTTPError as error:
            raise ProviderUnavailable(
                f"Bakong did not answer ({type(error).__name__})", code="bakong_unreachable"
            ) from error

    async def aclose(self) -> None:
        await self._client.aclose()


def _read(kind: type[A], answer: httpx.Response) -> A:
    status = answer.status_code
    if status >= 500 or status in _OPEN_OUTCOME:
        raise ProviderUnavailable(f"Bakong answered {status}", code=f"bakong_http_{status}")
    if status == 401:
        raise _refused(_UNAUTHORIZED, "the token is not accepted")
    try:
        # Amounts come as JSON numbers: read as they are written, never as floats.
        return kind.model_validate(json.loads(answer.content, parse_float=Decimal))
    except (ValueError, ValidationError) as error:
        raise ProviderUnavailable("Bakong's answer cannot be read", code="bakong_answer_unreadable") from error


def _refused(code: int | None, message: str) -> ProviderError:
    if code == _UNAUTHORIZED:
        return ProviderRefused(f"Bakong refuses the token: {message}"[:300], code="bakong_unauthorized")
    if code in _OUR_FAULT:
        return ProviderRefused(f"Bakong refuses the question: {message}"[:300], code=f"bakong_error_{code}")
    return ProviderUnavailable(f"Bakong: {message}"[:300], code=f"bakong_error_{code}")
