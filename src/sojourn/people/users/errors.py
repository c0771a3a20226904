"""What the account's pages refuse."""

from sojourn.platform.errors import NotFound, Refusal


class UserNotFound(NotFound):
    code = "USER_NOT_FOUND"
    sentence = "There is no such account."


class LastAdmin(Refusal):
    status = 409
    code = "LAST_ADMIN"
    sentence = "The agency's last admin must stay one. Make somebody else an admin first."
