"""Refusals of consultations."""

from sojourn.platform.errors import NotFound, Refusal


class ConsultationNotFound(NotFound):
    code = "CONSULTATION_NOT_FOUND"
    sentence = "Consultation not found."


class ConsultantNotFound(NotFound):
    code = "CONSULTANT_NOT_FOUND"
    sentence = "There is no such consultant with hours for consultations."


class CalendarFeedNotFound(NotFound):
    code = "CALENDAR_FEED_NOT_FOUND"
    sentence = "There is no such calendar, or its address was revoked."


class OrderNotOpen(Refusal):
    """`details`: the order's status."""

    status = 409
    code = "ORDER_NOT_OPEN"
    sentence = "Consultations can be booked for paid orders only."


class NoSessionsLeft(Refusal):
    """`details`: how many sessions are included."""

    status = 409
    code = "NO_SESSIONS_LEFT"
    sentence = "The consultations that this order includes are used up."


class SlotTaken(Refusal):
    status = 409
    code = "SLOT_TAKEN"
    sentence = "Somebody has just taken that time. Choose another."


class SlotNotOffered(Refusal):
    """`details`: why: `HOURS`, `NOTICE`, `HORIZON`, `GRID` or `FULL_DAY`."""

    status = 409
    code = "SLOT_NOT_OFFERED"
    sentence = "That time is not offered. Choose one of the free slots."


class ConsultationClosed(Refusal):
    """`details`: the consultation's status."""

    status = 409
    code = "CONSULTATION_CLOSED"
    sentence = "That cannot be done with a consultation of this status."


class TooLateToMove(Refusal):
    """`details`: how many hours before the start it was possible."""

    status = 409
    code = "TOO_LATE_TO_MOVE"
    sentence = "It is too late to move this consultation. Write to your consultant."


class NoMovesLeft(Refusal):
    """`details`: how many times a customer may move a consultation."""

    status = 409
    code = "NO_MOVES_LEFT"
    sentence = "This consultation cannot be moved again. Write to your consultant."


class TooEarly(Refusal):
    """`details`: from when on it is possible."""

    status = 409
    code = "TOO_EARLY"
    sentence = "That can be said only once the consultation has begun; that nobody came, some minutes later."
