"""Refusals of the stock."""

from sojourn.platform.errors import Refusal


class SoldOut(Refusal):
    """`details`: the day, how many were asked for and how many are left."""

    status = 409
    code = "SOLD_OUT"
    sentence = "Not enough places are left for that date."


class TooManyHolds(Refusal):
    status = 409
    code = "TOO_MANY_HOLDS"
    sentence = "You already hold as many unpaid bookings as are allowed. Pay for or cancel one first."
