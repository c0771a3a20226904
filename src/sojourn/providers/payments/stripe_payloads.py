"""Stripe's JSON read into the port's values, trusting no field's presence or type.

Serves both the answers of Stripe's API and the objects inside its webhooks, which may be of another API version than
the SDK's: only fields that have been stable for years are read.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

from sojourn.providers.payments.port import (
    EventKind,
    IntentStatus,
    ProviderDispute,
    ProviderEvent,
    ProviderIntent,
    ProviderRefund,
    RefundStatus,
)

Payload = Mapping[str, object]

_EVENT_KINDS = {
    "payment_intent.succeeded": EventKind.INTENT_SUCCEEDED,
    "payment_intent.payment_failed": EventKind.INTENT_FAILED,
    "payment_intent.canceled": EventKind.INTENT_CANCELED,
    "payment_intent.processing": EventKind.INTENT_PROCESSING,
    "payment_intent.requires_action": EventKind.INTENT_REQUIRES_ACTION,
    "refund.created": EventKind.REFUND_CHANGED,
    "refund.updated": EventKind.REFUND_CHANGED,
    "refund.failed": EventKind.REFUND_CHANGED,
    "charge.refund.updated": EventKind.REFUND_CHANGED,
    "charge.refunded": EventKind.REFUND_CHANGED,
    "charge.dispute.created": EventKind.DISPUTE_OPENED,
    "charge.dispute.closed": EventKind.DISPUTE_CLOSED,
}
_INTENT_STATUSES = {status.value: status for status in IntentStatus}
_REFUND_STATUSES = {status.value: status for status in RefundStatus}
_LONGEST_ID = 255
_LONGEST_TEXT = 5000
_LARGEST_AMOUNT = 10**12 - 1
_LATEST_TIME = 253_402_300_799  # 9999-12-31T23:59:59Z, the last second a datetime holds


class UnreadablePayload(ValueError):
    """A field is missing or is not what Stripe documents. Carries the field's name, never its content."""

    def __init__(self, field: str) -> None:
        super().__init__(f"field {field!r} is missing or malformed")
        self.field = field


def as_object(value: object, field: str) -> Payload:
    if not isinstance(value, dict):
        raise UnreadablePayload(field)
    return value


def _optional_object(payload: Payload, field: str) -> Payload | None:
    value = payload.get(field)
    return None if value is None else as_object(value, field)


def _text(payload: Payload, field: str, *, longest: int = _LONGEST_TEXT) -> str:
    value = payload.get(field)
    # PostgreSQL text holds no NUL: refused here instead of failing in a transaction later.
    if not isinstance(value, str) or not value or len(value) > longest or "\x00" in value:
        raise UnreadablePayload(field)
    return value


def _optional_text(payload: Payload, field: str) -> str | None:
    return _text(payload, field) if payload.get(field) else None


def _id(payload: Payload, field: str = "id") -> str:
    value = _text(payload, field, longest=_LONGEST_ID)
    if not value.isascii() or not value.isprintable():
        raise UnreadablePayload(field)
    return value


def _reference(payload: Payload, field: str) -> str | None:
    """The id in a field that Stripe fills with null, an id, or the whole object."""
    value = payload.get(field)
    if value is None:
        return None
    return _id(value) if isinstance(value, dict) else _id(payload, field)


def _whole_number(payload: Payload, field: str, largest: int) -> int:
    value = payload.get(field)
    if type(value) is not int or not 0 <= value <= largest:
        raise UnreadablePayload(field)
    return value


def _amount(payload: Payload, field: str) -> int:
    return _whole_number(payload, field, _LARGEST_AMOUNT)


def _time(payload: Payload, field: str = "created") -> datetime:
    return datetime.fromtimestamp(_whole_number(payload, field, _LATEST_TIME), UTC)


def _flag(payload: Payload, field: str) -> bool:
    value = payload.get(field)
    if not isinstance(value, bool):
        raise UnreadablePayload(field)
    return value


def _currency(payload: Payload) -> str:
    value = payload.get("currency")
    if not isinstance(value, str) or len(value) != 3 or not value.isascii() or not value.isalpha():
        raise UnreadablePayload("currency")
    return value.upper()


def _metadata(payload: Payload) -> Mapping[str, str]:
    value = _optional_object(payload, "metadata")
    if value is None:
        return {}
    read: dict[str, str] = {}
    for key, text in value.items():
        if not isinstance(text, str) or "\x00" in text or "\x00" in key:
            raise UnreadablePayload("metadata")
        read[key] = text
    return read


def _first_method(payload: Payload) -> str:
    methods = payload.get("payment_method_types")
    if isinstance(methods, list) and methods and isinstance(methods[0], str):
        return methods[0]
    return "unknown"


def _failure(intent: Payload) -> tuple[str | None, str | None]:
    error = _optional_object(intent, "last_payment_error")
    if error is None:
        return None, None
    # The bank's own reason, where it gives one, says more than "card_declined".
    code = _optional_text(error, "decline_code") or _optional_text(error, "code") or _optional_text(error, "type")
    return code, _optional_text(error, "message")


def _action_url(intent: Payload) -> str | None:
    action = _optional_object(intent, "next_action")
    redirect = _optional_object(action, "redirect_to_url") if action else None
    return _optional_text(redirect, "url") if redirect else None


def read_intent(payload: Payload) -> ProviderIntent:
    """Raises UnreadablePayload."""
    status = _INTENT_STATUSES.get(_text(payload, "status"))
    if status is None:
        raise UnreadablePayload("status")
    latest = payload.get("latest_charge")
    charge: Payload = latest if isinstance(latest, dict) else {}
    details = _optional_object(charge, "payment_method_details") or {}
    card = _optional_object(details, "card") or {}
    failure_code, failure_message = _failure(payload)
    return ProviderIntent(
        id=_id(payload),
        client_secret=_optional_text(payload, "client_secret"),
        status=status,
        amount_minor=_amount(payload, "amount"),
        amount_received_minor=_amount(payload, "amount_received"),
        currency=_currency(payload),
        metadata=_metadata(payload),
        is_live=_flag(payload, "livemode"),
        created_at=_time(payload),
        charge_id=_reference(payload, "latest_charge"),
        charged_at=_time(charge) if charge else None,
        method=_optional_text(details, "type") or _first_method(payload),
        card_brand=_optional_text(card, "brand"),
        card_last4=_optional_text(card, "last4"),
        card_fingerprint=_optional_text(card, "fingerprint"),
        failure_code=failure_code,
        failure_message=failure_message,
        action_url=_action_url(payload),
    )


def read_refund(payload: Payload) -> ProviderRefund:
    """Raises UnreadablePayload."""
    status = _REFUND_STATUSES.get(_text(payload, "status"))
    if status is None:
        raise UnreadablePayload("status")
    return ProviderRefund(
        id=_id(payload),
        intent_id=_reference(payload, "payment_intent"),
        charge_id=_reference(payload, "charge"),
        status=status,
        amount_minor=_amount(payload, "amount"),
        currency=_currency(payload),
        failure_reason=_optional_text(payload, "failure_reason"),
        metadata=_metadata(payload),
        created_at=_time(payload),
    )


def _read_dispute(payload: Payload) -> ProviderDispute:
    return ProviderDispute(
        id=_id(payload),
        intent_id=_reference(payload, "payment_intent"),
        charge_id=_reference(payload, "charge"),
        status=_text(payload, "status"),
        amount_minor=_amount(payload, "amount"),
        currency=_currency(payload),
        reason=_text(payload, "reason"),
    )


def read_event(payload: object) -> ProviderEvent:
    """A webhook's body, already parsed as JSON; events of no interest are OTHER. Raises UnreadablePayload."""
    event = as_object(payload, "event")
    name = _text(event, "type", longest=_LONGEST_ID)
    kind = _EVENT_KINDS.get(name, EventKind.OTHER)
    thing = as_object(as_object(event.get("data"), "data").get("object"), "data.object")
    intent: ProviderIntent | None = None
    refund: ProviderRefund | None = None
    dispute: ProviderDispute | None = None
    if name.startswith("payment_intent."):
        intent = read_intent(thing) if kind is not EventKind.OTHER else None
        intent_id: str | None = intent.id if intent else _id(thing)
    else:
        intent_id = _reference(thing, "payment_intent")
        if kind is EventKind.REFUND_CHANGED and name != "charge.refunded":
            refund = read_refund(thing)
        elif kind in (EventKind.DISPUTE_OPENED, EventKind.DISPUTE_CLOSED):
            dispute = _read_dispute(thing)
    return ProviderEvent(
        id=_id(event),
        kind=kind,
        name=name,
        created_at=_time(event),
        is_live=_flag(event, "livemode"),
        intent=intent,
        refund=refund,
        dispute=dispute,
        intent_id=intent_id,
    )
