"""Refusals of the money path."""

from sojourn.platform.errors import Refusal


class PaymentNotFound(Refusal):
    status = 404
    code = "PAYMENT_NOT_FOUND"
    sentence = "Payment not found."


class PurchaseNotFound(Refusal):
    status = 404
    code = "PURCHASE_NOT_FOUND"
    sentence = "There is no such purchase to pay."


class AlreadyPaid(Refusal):
    status = 409
    code = "ALREADY_PAID"
    sentence = "This purchase is already paid."


class PurchaseCancelled(Refusal):
    status = 409
    code = "PURCHASE_CANCELLED"
    sentence = "This purchase was cancelled and can no longer be paid."


class HoldExpired(Refusal):
    status = 409
    code = "HOLD_EXPIRED"
    sentence = "The hold has ended. Book or order again to take what is left."


class AmountDiffers(Refusal):
    """`details`: what is due."""

    status = 422
    code = "AMOUNT_MISMATCH"
    sentence = "The amount or currency sent is not what is due."


class PaymentNotSucceeded(Refusal):
    """`details`: the intent's status, and the decline code where there is one."""

    status = 402
    code = "PAYMENT_NOT_SUCCEEDED"
    sentence = "The payment has not succeeded."


class IntentMismatch(Refusal):
    status = 422
    code = "PAYMENT_INTENT_MISMATCH"
    sentence = "This payment intent does not belong to that purchase."


class QrNotOffered(Refusal):
    status = 503
    code = "QR_NOT_AVAILABLE"
    sentence = "KHQR is not offered here. Pay by card."


class RateUnknown(Refusal):
    status = 503
    code = "EXCHANGE_RATE_UNAVAILABLE"
    sentence = "There is no exchange rate to charge riel at just now. Pay in US dollars."


class RefundNotFound(Refusal):
    status = 404
    code = "REFUND_NOT_FOUND"
    sentence = "There is no such refund for a person to pay out."


class RefundAlreadyPaidOut(Refusal):
    """`details`: the reference it was paid out under."""

    status = 409
    code = "REFUND_ALREADY_PAID_OUT"
    sentence = "This refund has been paid out before."


class BadWebhook(Refusal):
    status = 400
    code = "BAD_SIGNATURE"
    sentence = "The signature does not fit the body."


class NothingToRefund(Refusal):
    status = 409
    code = "NOTHING_TO_REFUND"
    sentence = "Nothing of this payment is left to refund."


class RefundTooLarge(Refusal):
    """`details`: how much is left."""

    status = 422
    code = "REFUND_EXCEEDS_CAPTURED"
    sentence = "The refund is larger than what is left of the payment."


class ProviderDown(Refusal):
    status = 503
    code = "PAYMENT_PROVIDER_UNAVAILABLE"
    sentence = "The payment provider does not answer. You have not been charged twice; try again in a moment."


class ProviderRefusal(Refusal):
    """`details`: the provider's own code."""

    status = 422
    code = "PAYMENT_PROVIDER_REFUSED"
    sentence = "The payment provider refused this."


class UnreadableWebhook(Refusal):
    status = 400
    code = "UNREADABLE_EVENT"
    sentence = "The body is not an event."
