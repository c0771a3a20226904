"""What becomes of a confirmed PaymentIntent: paid, held, declined, or waiting for the card's holder."""

from typing import Never

from sojourn.sandbox.account import Account
from sojourn.sandbox.cards import Outcome, card_by_fingerprint
from sojourn.sandbox.errors import CardError, Json, ParameterError, StripeError
from sojourn.sandbox.methods import attach
from sojourn.sandbox.parameters import Confirming
from sojourn.sandbox.stripe_objects import new_charge

AUTHENTICATION_FAILED = (
    "The provided PaymentMethod has failed authentication. You can provide payment_method_data or a new PaymentMethod "
    "to attempt to fulfill this PaymentIntent again."
)
CUSTOMER_CANCELED = "The customer canceled the payment on the payment method's own page."


def confirm(account: Account, intent: Json, params: Confirming) -> Json:
    """Try the intent's payment method.

    Raises:
        StripeError: 400, there is no payment method.
        CardError: 402, declined; the attempt is kept.
    """
    if intent["payment_method"] is None:
        raise StripeError(
            "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the "
            "PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a "
            "payment method or ConfirmationToken.",
            code="payment_intent_unexpected_state",
            payment_intent=intent,
        )
    method = account.get("payment_method", intent["payment_method"], param="payment_method")
    if method["customer"] not in {None, intent["customer"]}:
        raise StripeError(
            "The provided PaymentMethod is attached to another customer than the PaymentIntent's.",
            param="payment_method",
        )
    if method["type"] not in intent["payment_method_types"]:
        raise StripeError(
            f"The PaymentMethod provided ({method['type']}) is not allowed for this PaymentIntent. Please attach a "
            f"PaymentMethod of one of the following types: {', '.join(intent['payment_method_types'])}.",
            param="payment_method",
        )
    intent.update(next_action=None, last_payment_error=None)
    if method["type"] == "paypal":
        return _ask_paypal(account, intent, params)
    card = card_by_fingerprint(method["card"]["fingerprint"])
    if card.outcome is Outcome.DECLINES:
        _decline(account, intent, method, card.decline())
    if card.outcome is Outcome.AUTHENTICATES:
        return _ask_holder(account, intent, method, params)
    return _proceed(account, intent)


def _ask_holder(account: Account, intent: Json, method: Json, params: Confirming) -> Json:
    if params.off_session or params.error_on_requires_action:
        message = "Your card was declined. This transaction requires authentication."
        error = CardError(message, code="authentication_required", decline_code="authentication_required")
        _decline(account, intent, method, error)
    return _send_away(account, intent, params, to="3ds")


def _ask_paypal(account: Account, intent: Json, params: Confirming) -> Json:
    if params.return_url is None:
        raise ParameterError("Missing required param: return_url.", code="parameter_missing", param="return_url")
    return _send_away(account, intent, params, to="paypal")


def _send_away(account: Account, intent: Json, params: Confirming, *, to: str) -> Json:
    url = f"{account.base_url}/{to}/{intent['id']}"
    intent.update(
        status="requires_action",
        next_action={"redirect_to_url": {"return_url": params.return_url, "url": url}, "type": "redirect_to_url"},
    )
    account.save(intent)
    account.emit("payment_intent.requires_action", intent)
    return intent


def answer_holder(account: Account, intent: Json, *, is_approved: bool) -> Json:
    """The card's holder approved or refused on the bank's page; nothing happens when nobody asked any more."""
    if intent["status"] != "requires_action":
        return intent
    if is_approved:
        intent["next_action"] = None
        return _proceed(account, intent)
    method = account.get("payment_method", intent["payment_method"])
    error = CardError(AUTHENTICATION_FAILED, code="payment_intent_authentication_failure")
    if method["type"] == "paypal":
        error = CardError(CUSTOMER_CANCELED, code="payment_method_customer_decline")
    return _back_to_start(account, intent, method, error, charge=None)


def _proceed(account: Account, intent: Json) -> Json:
    if account.processing_seconds > 0:
        intent["status"] = "processing"
        account.save(intent)
        account.emit("payment_intent.processing", intent)
        account.later("finish_processing", intent["id"], account.processing_seconds)
        return intent
    return charge_card(account, intent)


def finish_processing(account: Account, intent_id: str) -> None:
    charge_card(account, account.get("payment_intent", intent_id))


def charge_card(account: Account, intent: Json) -> Json:
    """Take the money, or hold it where capture is manual."""
    method = account.get("payment_method", intent["payment_method"])
    is_captured = intent["capture_method"] != "manual"
    charge = new_charge(
        intent, method, receipt_url=f"{account.base_url}/pay/{intent['id']}", is_captured=is_captured, decline=None
    )
    account.save(charge)
    account.emit("charge.succeeded", charge)
    intent["latest_charge"] = charge["id"]
    if intent["setup_future_usage"] and intent["customer"]:
        attach(account, method, intent["customer"])
    _plan_trouble(account, method, charge)
    if is_captured:
        return succeed(account, intent, received=intent["amount"])
    intent.update(status="requires_capture", amount_capturable=intent["amount"])
    account.save(intent)
    account.emit("payment_intent.amount_capturable_updated", intent)
    return intent


def succeed(account: Account, intent: Json, *, received: int) -> Json:
    intent.update(status="succeeded", amount_received=received, amount_capturable=0)
    account.save(intent)
    account.emit("payment_intent.succeeded", intent)
    return intent


def _plan_trouble(account: Account, method: Json, charge: Json) -> None:
    if method["type"] == "card" and card_by_fingerprint(method["card"]["fingerprint"]).outcome is Outcome.DISPUTES:
        account.later("open_dispute", charge["id"], account.settle_seconds)


def _decline(account: Account, intent: Json, method: Json, error: CardError) -> Never:
    charge = new_charge(intent, method, receipt_url=None, is_captured=False, decline=error.error)
    account.save(charge)
    account.emit("charge.failed", charge)
    intent["latest_charge"] = charge["id"]
    _back_to_start(account, intent, method, error, charge=charge["id"])
    error.error.update(charge=charge["id"], payment_intent=intent, payment_method=method)
    raise error


def _back_to_start(account: Account, intent: Json, method: Json, error: CardError, *, charge: str | None) -> Json:
    failure: Json = {**error.error, "payment_method": method}
    if charge is not None:
        failure["charge"] = charge
    intent.update(status="requires_payment_method", payment_method=None, next_action=None, last_payment_error=failure)
    account.save(intent)
    account.emit("payment_intent.payment_failed", intent)
    return intent
