"""Why a trip is refused."""

from sojourn.platform.errors import NotFound


class TripNotFound(NotFound):
    code = "TRIP_NOT_FOUND"
    sentence = "There is no such trip."
