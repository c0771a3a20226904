"""Why a festival is refused."""

from sojourn.platform.errors import NotFound


class FestivalNotFound(NotFound):
    code = "FESTIVAL_NOT_FOUND"
    sentence = "There is no such festival."
