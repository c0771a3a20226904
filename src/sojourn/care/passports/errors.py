"""Refusals of reading passports."""

from sojourn.platform.errors import Refusal


class NotAPassport(Refusal):
    """`details`: the document's category."""

    status = 409
    code = "NOT_A_PASSPORT"
    sentence = "Only a document of the category PASSPORT can be read as one."


class PassportLinesNeeded(Refusal):
    """Nobody reads pictures here, or this is none: the lines can be typed."""

    status = 409
    code = "PASSPORT_LINES_NEEDED"
    sentence = "This cannot be read by itself. Type the lines at the foot of the page with the picture."


class PassportUnreadable(Refusal):
    status = 422
    code = "PASSPORT_UNREADABLE"
    sentence = "No machine-readable lines were found in the picture. Take it again, or type them."
