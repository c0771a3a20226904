"""What the account's pages refuse."""

from sojourn.platform.errors import NotFound, Refusal


class UserNotFound(NotFound):
    code = "USER_NOT_FOUND"
    sentence = "There is no such account."


class AccountInUse(Refusal):
    """`details`: the references of what is still open."""

    status = 409
    code = "ACCOUNT_IN_USE"
    sentence = "Something bought with this account is still open or disputed. It can be closed when that has ended."


class LastAdmin(Refusal):
    status = 409
    code = "LAST_ADMIN"
    sentence = "The agency's last admin must stay one. Make somebody else an admin first."
