"""Refusals of exports."""

from sojourn.platform.errors import Refusal


class ExportUnderway(Refusal):
    status = 409
    code = "EXPORT_UNDERWAY"
    sentence = "Your data is being put together already. You will get a mail when it is ready."


class ExportNotFound(Refusal):
    status = 404
    code = "EXPORT_NOT_FOUND"
    sentence = "Nobody has asked for an export of this account."


class ExportLinkInvalid(Refusal):
    status = 404
    code = "EXPORT_LINK_INVALID"
    sentence = "This link opens nothing, or not any more. Sign in and ask for your data again."
