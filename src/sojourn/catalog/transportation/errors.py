"""Why a vehicle is refused."""

from sojourn.platform.errors import NotFound


class VehicleNotFound(NotFound):
    code = "VEHICLE_NOT_FOUND"
    sentence = "There is no such vehicle."
