"""Refusals of payment links."""

from sojourn.platform.errors import NotFound, Refusal


class PayLinkInvalid(NotFound):
    code = "PAYMENT_LINK_INVALID"
    sentence = "This payment link is not one of ours."


class PayLinkExpired(Refusal):
    status = 410
    code = "PAYMENT_LINK_EXPIRED"
    sentence = "This payment link has ended. Ask for a new one."
