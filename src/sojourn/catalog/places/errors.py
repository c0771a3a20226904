"""Why a place is refused."""

from sojourn.platform.errors import NotFound


class PlaceNotFound(NotFound):
    code = "PLACE_NOT_FOUND"
    sentence = "There is no such place."
