"""Why a service is refused."""

from sojourn.platform.errors import NotFound


class ServiceNotFound(NotFound):
    code = "SERVICE_NOT_FOUND"
    sentence = "There is no such service."
