"""What notifications refuse."""

from sojourn.platform.errors import NotFound, Refusal


class NotificationNotFound(NotFound):
    code = "NOTIFICATION_NOT_FOUND"
    sentence = "There is no such notification."


class NotRepeatable(Refusal):
    status = 409
    code = "NOTIFICATION_NOT_REPEATABLE"
    sentence = "Only a failed mail without a single-use link can be sent again."


class UnsubscribeLinkInvalid(Refusal):
    status = 400
    code = "UNSUBSCRIBE_LINK_INVALID"
    sentence = "This unsubscribe link is not one of ours. Use the link of the mail, or your account's preferences."
