"""PaymentIntents: the calls of the API. What a confirmation leads to is in `attempts.py`."""

from sojourn.sandbox import attempts
from sojourn.sandbox.account import Account, merge_metadata, now_seconds
from sojourn.sandbox.calls import Call, page
from sojourn.sandbox.errors import Json, StripeError
from sojourn.sandbox.methods import chosen_method
from sojourn.sandbox.parameters import (
    Confirming,
    IntentCancel,
    IntentCapture,
    IntentConfirm,
    IntentCreate,
    IntentUpdate,
    ListIntents,
    RetrieveIntent,
)
from sojourn.sandbox.stripe_objects import new_intent

OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")
CANCELABLE = ("requires_payment_method", "requires_capture", "requires_confirmation", "requires_action")
DESCRIPTIVE = ("description", "receipt_email", "shipping", "setup_future_usage", "transfer_group")
PRICING = (
    "amount",
    "currency",
    "customer",
    "payment_method_types",
    "payment_method_options",
    "capture_method",
    "statement_descriptor",
    "statement_descriptor_suffix",
)


def create(call: Call[IntentCreate]) -> Json:
    account, params = call.account, call.params
    if params.customer is not None:
        account.get("customer", params.customer, param="customer")
    method = chosen_method(account, params)
    intent = new_intent(params)
    if method is not None:
        intent.update(payment_method=method["id"], status="requires_confirmation")
    account.save(intent)
    account.emit("payment_intent.created", intent)
    return attempts.confirm(account, intent, params) if params.confirm else intent


def retrieve(call: Call[RetrieveIntent]) -> Json:
    intent = call.account.get("payment_intent", call.id, param="intent")
    _check_secret(call.params.client_secret, intent, is_required=call.is_publishable)
    return intent


def list_intents(call: Call[ListIntents]) -> Json:
    return page(call, "payment_intent", customer=call.params.customer)


def update(call: Call[IntentUpdate]) -> Json:
    account, params = call.account, call.params
    intent = account.get("payment_intent", call.id, param="intent")
    change = params.given(*DESCRIPTIVE)
    pricing = {name: value for name, value in params.given(*PRICING).items() if intent[name] != value}
    method = chosen_method(account, params)
    if pricing or method is not None:
        _require(intent, OPEN, "update")
        change.update(pricing)
    if method is not None:
        change.update(payment_method=method["id"], status="requires_confirmation", next_action=None)
    if "metadata" in params.model_fields_set:
        change["metadata"] = merge_metadata(intent["metadata"], params.metadata)
    intent.update(change)
    return account.save(intent)


def confirm(call: Call[IntentConfirm]) -> Json:
    intent = call.account.get("payment_intent", call.id, param="intent")
    _check_secret(call.params.client_secret, intent, is_required=call.is_publishable)
    return confirm_open(call.account, intent, call.params)


def confirm_open(account: Account, intent: Json, params: Confirming) -> Json:
    """Try to pay an intent that still waits for it.

    Raises:
        StripeError: 400 `payment_intent_unexpected_state`.
        CardError: 402, declined; the attempt is kept.
    """
    _require(intent, OPEN, "confirm")
    method = chosen_method(account, params)
    if method is not None:
        intent["payment_method"] = method["id"]
    intent.update(
        params.given("receipt_email", "shipping", "setup_future_usage", "payment_method_options", "capture_method")
    )
    return attempts.confirm(account, intent, params)


def capture(call: Call[IntentCapture]) -> Json:
    account, params = call.account, call.params
    intent = account.get("payment_intent", call.id, param="intent")
    _require(intent, ("requires_capture",), "capture")
    amount = params.amount_to_capture or intent["amount_capturable"]
    if amount > intent["amount_capturable"]:
        raise StripeError(
            f"The amount to capture ({amount}) is greater than the amount authorized ({intent['amount_capturable']}).",
            code="amount_too_large",
            param="amount_to_capture",
        )
    if params.metadata is not None:
        intent["metadata"] = merge_metadata(intent["metadata"], params.metadata)
    charge = account.get("charge", intent["latest_charge"])
    # What was held and is not taken goes back to the card.
    released = charge["amount"] - amount
    charge.update(amount_captured=amount, captured=True, amount_refunded=released)
    account.save(charge)
    account.emit("charge.captured", charge)
    return attempts.succeed(account, intent, received=amount)


def cancel(call: Call[IntentCancel]) -> Json:
    account = call.account
    intent = account.get("payment_intent", call.id, param="intent")
    _require(intent, CANCELABLE, "cancel")
    if intent["status"] == "requires_capture":
        charge = account.get("charge", intent["latest_charge"])
        charge.update(amount_refunded=charge["amount"], refunded=True)
        account.save(charge)
        account.emit("charge.refunded", charge)
    intent.update(
        status="canceled",
        canceled_at=now_seconds(),
        cancellation_reason=call.params.cancellation_reason,
        amount_capturable=0,
        next_action=None,
    )
    account.save(intent)
    account.emit("payment_intent.canceled", intent)
    return intent


def _require(intent: Json, statuses: tuple[str, ...], verb: str) -> None:
    if intent["status"] not in statuses:
        raise StripeError(
            f"You cannot {verb} this PaymentIntent because it has a status of {intent['status']}. Only a PaymentIntent "
            f"with one of the following statuses may be used here: {', '.join(statuses)}.",
            code="payment_intent_unexpected_state",
            payment_intent=intent,
        )


def _check_secret(given: str | None, intent: Json, *, is_required: bool) -> None:
    if given is None and is_required:
        raise StripeError("Missing required param: client_secret.", code="parameter_missing", param="client_secret")
    if given is not None and given != intent["client_secret"]:
        raise StripeError(
            "The client_secret provided does not match any associated PaymentIntent on this account.",
            code="payment_intent_invalid_parameter",
            param="client_secret",
        )
