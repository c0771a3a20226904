"""Refusals of referrals."""

from sojourn.platform.errors import NotFound, Refusal


class ReferralNotFound(NotFound):
    code = "REFERRAL_NOT_FOUND"
    sentence = "There is no such referral."


class ReferralNotFlagged(Refusal):
    """`details`: its status."""

    status = 409
    code = "REFERRAL_NOT_FLAGGED"
    sentence = "Only a flagged referral is decided by hand."
