"""Refusals of reading passports."""

from sojourn.platform.errors import Refusal


class NotAPassport(Refusal):
    """`details`: the document's category."""

    status = 409
    code = "NOT_A_PASSPORT"
    sentence = "Only a document of the category PASSPORT can be read as one."
