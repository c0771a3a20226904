"""What the sign-in desk refuses."""

from sojourn.platform.errors import NotAllowed, NotAuthenticated, NotFound, Refusal


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


class AccountClosed(Refusal):
    status = 403
    code = "ACCOUNT_CLOSED"
    sentence = "This account is not open."


class SecondFactorRequired(Refusal):
    """`details`: `challenge_token`, for `POST /auth/login/totp`, and `expires_in`, seconds."""

    status = 403
    code = "SECOND_FACTOR_REQUIRED"
    sentence = "Now the code of your authenticator app, or one of your recovery codes."


class ChallengeInvalid(NotAuthenticated):
    code = "CHALLENGE_INVALID"
    sentence = "This sign-in has waited too long or was used. Begin again with your password."


class WrongCode(Refusal):
    status = 400
    code = "WRONG_CODE"
    sentence = "This code is not right, or was used before."


class SecondFactorOn(Refusal):
    status = 409
    code = "SECOND_FACTOR_ON"
    sentence = "There is an authenticator app already. Disable it first."


class SecondFactorOff(Refusal):
    status = 409
    code = "SECOND_FACTOR_OFF"
    sentence = "There is no authenticator app."


class SecondFactorMissing(NotAllowed):
    """For staff, where the storefront asks it of them: nothing else works until an app is enrolled."""

    code = "SECOND_FACTOR_MISSING"
    sentence = "Staff sign in with a second factor here. Enrol an authenticator app first."


class NetworkNotAllowed(NotAllowed):
    code = "NETWORK_NOT_ALLOWED"
    sentence = "Staff may not work from this network address."


class SignInAttemptInvalid(Refusal):
    status = 400
    code = "SIGN_IN_ATTEMPT_INVALID"
    sentence = "This sign-in has expired, was used, or was not begun here. Begin again."


class IdentityNotConfirmed(Refusal):
    status = 400
    code = "IDENTITY_NOT_CONFIRMED"
    sentence = "The provider did not confirm who you are. Begin again."


class ProviderEmailUnverified(Refusal):
    status = 403
    code = "PROVIDER_EMAIL_UNVERIFIED"
    sentence = "The provider has not confirmed this email address. Confirm it there, or sign in with your password."


class OtherIdentityLinked(Refusal):
    status = 409
    code = "OTHER_IDENTITY_LINKED"
    sentence = "The account with this email address belongs to somebody else at the provider."


class SignInMethodOff(NotFound):
    code = "SIGN_IN_METHOD_OFF"
    sentence = "This way to sign in is not offered here."


class SupabaseAccountRefused(NotAllowed):
    """`details`: the `reason`, a code, where there is one to tell."""

    code = "SUPABASE_ACCOUNT_REFUSED"
    sentence = "This Supabase account cannot be used here. Sign in with your password."
