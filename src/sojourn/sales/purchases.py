"""What claims, price lines, payments and points are about: a purchase, by its kind and its id."""

from enum import StrEnum


class PurchaseKind(StrEnum):
    BOOKING = "BOOKING"
    BOOKING_CHANGE = "BOOKING_CHANGE"
    ORDER = "ORDER"
    CONSULTATION = "CONSULTATION"  # claims stock, and is never paid for by itself
