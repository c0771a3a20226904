"""Refusals of bookings."""

from sojourn.platform.errors import Refusal


class BookingNotFound(Refusal):
    """`details`: the id or reference that was asked for."""

    status = 404
    code = "BOOKING_NOT_FOUND"
    sentence = "Booking not found"


class TripNotBookable(Refusal):
    status = 404
    code = "TRIP_NOT_FOUND"
    sentence = "There is no such trip on sale."


class RoomNotBookable(Refusal):
    status = 404
    code = "ROOM_NOT_FOUND"
    sentence = "There is no such room on sale."


class BookingTypeNotOffered(Refusal):
    status = 422
    code = "BOOKING_TYPE_NOT_OFFERED"
    sentence = "This storefront does not sell that type of booking."


class HoldNotOpen(Refusal):
    """`details`: the booking's status."""

    status = 409
    code = "HOLD_NOT_OPEN"
    sentence = "Only an open hold can be extended."


class AlreadyExtended(Refusal):
    status = 409
    code = "HOLD_ALREADY_EXTENDED"
    sentence = "A hold is extended once."


class NotCancellable(Refusal):
    """`details`: the booking's status."""

    status = 409
    code = "BOOKING_NOT_CANCELLABLE"
    sentence = "This booking can no longer be cancelled."


class QuoteChanged(Refusal):
    """`details`: what holds now."""

    status = 409
    code = "QUOTE_CHANGED"
    sentence = "The refund is no longer what you were shown. Look at the preview again."


class NotModifiable(Refusal):
    """`details`: the booking's status."""

    status = 409
    code = "BOOKING_NOT_MODIFIABLE"
    sentence = "This booking can no longer be changed."


class ChangePending(Refusal):
    status = 409
    code = "CHANGE_PENDING"
    sentence = "A change of this booking waits for its payment. Pay for it, or let it lapse first."


class TransitionNotAllowed(Refusal):
    """`details`: from, to."""

    status = 409
    code = "TRANSITION_NOT_ALLOWED"
    sentence = "A booking cannot go from that status to this one."
