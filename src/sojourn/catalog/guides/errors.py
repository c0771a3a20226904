"""Why a guide is refused."""

from sojourn.platform.errors import NotFound


class GuideNotFound(NotFound):
    code = "GUIDE_NOT_FOUND"
    sentence = "There is no such guide."
