"""What the desk's side of the inbox refuses."""

from sojourn.platform.errors import NotFound, Refusal


class WebhookNotFound(NotFound):
    code = "WEBHOOK_NOT_FOUND"
    sentence = "No such event has been received."


class WebhookAlreadyHandled(Refusal):
    status = 409
    code = "WEBHOOK_ALREADY_HANDLED"
    sentence = "This event has been handled; there is nothing left to do."
