"""Refusals around calls for help."""

from sojourn.platform.errors import NotFound, Refusal


class AlertNotFound(NotFound):
    code = "ALERT_NOT_FOUND"
    sentence = "Alert not found."


class AlertClosed(Refusal):
    """`details`: the alert's status."""

    status = 409
    code = "ALERT_CLOSED"
    sentence = "That cannot be done with an alert of this status."


class ProvinceUnknown(NotFound):
    code = "PROVINCE_UNKNOWN"
    sentence = "There is no such province. `details.known` names those there are."
