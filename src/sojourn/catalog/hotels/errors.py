"""Why a hotel is refused."""

from sojourn.platform.errors import NotFound


class HotelNotFound(NotFound):
    code = "HOTEL_NOT_FOUND"
    sentence = "There is no such hotel."
