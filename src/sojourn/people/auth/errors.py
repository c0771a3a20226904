"""What the sign-in desk refuses."""

from sojourn.platform.errors import NotAuthenticated, Refusal


class EmailTaken(Refusal):
    status = 409
    code = "EMAIL_TAKEN"
    sentence = "There is already an account with this email address. Sign in, or reset your password."


class InvalidCredentials(NotAuthenticated):
    code = "INVALID_CREDENTIALS"
    sentence = "Email or password is not right."


class AccountLocked(Refusal):
    status = 429
    code = "ACCOUNT_LOCKED"
    sentence = "Too many failed attempts for this account. Wait, or reset your password."


class RefreshTokenInvalid(NotAuthenticated):
    code = "REFRESH_TOKEN_INVALID"
    sentence = "This session has ended. Sign in again."


class LinkInvalid(Refusal):
    status = 400
    code = "LINK_INVALID"
    sentence = "This link has expired or was already used. Ask for a new one."


class WrongPassword(Refusal):
    status = 400
    code = "WRONG_PASSWORD"
    sentence = "The current password is not right."


class DeletionPending(Refusal):
    status = 403
    code = "ACCOUNT_DELETION_PENDING"
    sentence = "This account is about to be deleted. Restore it to sign in."
