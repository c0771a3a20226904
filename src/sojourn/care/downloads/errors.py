"""Refusals of digital downloads."""

from sojourn.platform.errors import Refusal


class DownloadNotFound(Refusal):
    status = 404
    code = "DOWNLOAD_NOT_FOUND"
    sentence = "There is no such file to download."


class DownloadsNotAvailable(Refusal):
    """`details`: the order's status."""

    status = 409
    code = "DOWNLOADS_NOT_AVAILABLE"
    sentence = "This order delivers nothing now: it is not paid for, or its money went back."


class DownloadLimitReached(Refusal):
    """`details`: how many downloads each file has."""

    status = 409
    code = "DOWNLOAD_LIMIT_REACHED"
    sentence = "This file was downloaded as often as it may be. Ask the agency to open it again."


class RangeNotSatisfiable(Refusal):
    """`details`: the file's size in bytes."""

    status = 416
    code = "RANGE_NOT_SATISFIABLE"
    sentence = "The file has no such part."


class ServiceNotDigital(Refusal):
    status = 409
    code = "SERVICE_NOT_DIGITAL"
    sentence = "Only digital services deliver files."


class TooManyServiceFiles(Refusal):
    """`details`: how many there may be."""

    status = 409
    code = "TOO_MANY_SERVICE_FILES"
    sentence = "This service has too many files already. Replace one, or delete one first."
