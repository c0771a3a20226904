"""Refusals of the points ledger."""

from sojourn.platform.errors import Refusal


class NotEnoughPoints(Refusal):
    """`details`: how many were asked for and how many are available."""

    status = 409
    code = "NOT_ENOUGH_POINTS"
    sentence = "You do not have that many points available."
