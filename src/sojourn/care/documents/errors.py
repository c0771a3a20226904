"""Refusals of documents."""

from sojourn.platform.errors import Refusal


class DocumentNotFound(Refusal):
    status = 404
    code = "DOCUMENT_NOT_FOUND"
    sentence = "Document not found."


class DocumentTooLarge(Refusal):
    status = 413
    code = "DOCUMENT_TOO_LARGE"
    sentence = "A document may have 10 MB at most."


class DocumentTypeRefused(Refusal):
    status = 415
    code = "DOCUMENT_TYPE_REFUSED"
    sentence = "Send a PDF, a JPG or a PNG. What counts is what the file is, not what it is called."


class DocumentUnreadable(Refusal):
    status = 422
    code = "DOCUMENT_UNREADABLE"
    sentence = "The picture cannot be read. Take it again, or send a PDF."


class DocumentInfected(Refusal):
    status = 422
    code = "DOCUMENT_INFECTED"
    sentence = "Malware was found in the file. It was not kept."


class OrderClosed(Refusal):
    """`details`: the order's number."""

    status = 409
    code = "ORDER_CLOSED"
    sentence = "This order is closed; nothing can be handed in for it any more."


class TooManyDocuments(Refusal):
    """`details`: how many there may be."""

    status = 409
    code = "TOO_MANY_DOCUMENTS"
    sentence = "There are too many documents already. Delete some first."


class DocumentInUse(Refusal):
    status = 409
    code = "DOCUMENT_VERIFIED"
    sentence = "A verified document belongs to the case. Ask the agency to delete it."


class DocumentAttached(Refusal):
    status = 409
    code = "DOCUMENT_ATTACHED"
    sentence = "This document belongs to an order already."


class DocumentRepeated(Refusal):
    status = 409
    code = "DOCUMENT_REPEATED"
    sentence = "The same file stands there already."


class FileLinkInvalid(Refusal):
    status = 404
    code = "FILE_LINK_INVALID"
    sentence = "This link is not one of ours, or its document is gone."


class FileLinkExpired(Refusal):
    status = 410
    code = "FILE_LINK_EXPIRED"
    sentence = "This link has expired. Ask for a new one."


class UploadLinkInvalid(Refusal):
    status = 404
    code = "UPLOAD_LINK_INVALID"
    sentence = "This link is no longer valid. Ask the agency for a new one."
