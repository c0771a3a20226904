"""Refusals of orders."""

from sojourn.platform.errors import Refusal


class ServiceNotOnSale(Refusal):
    status = 404
    code = "SERVICE_NOT_FOUND"
    sentence = "There is no such service on sale."


class OrderNotFound(Refusal):
    status = 404
    code = "ORDER_NOT_FOUND"
    sentence = "Order not found."


class OrderNotModifiable(Refusal):
    """`details`: the order's status."""

    status = 409
    code = "ORDER_NOT_MODIFIABLE"
    sentence = "This order can no longer be changed."


class TransitionNotAllowed(Refusal):
    """`details`: from, to, and what is allowed for this caller."""

    status = 409
    code = "TRANSITION_NOT_ALLOWED"
    sentence = "An order cannot go from that status to this one."


class StageNotAllowed(Refusal):
    """`details`: from, to, and what is allowed for this caller."""

    status = 409
    code = "REFUND_STAGE_NOT_ALLOWED"
    sentence = "The work on an order cannot go from that stage to this one."


class CaseStageNotAllowed(Refusal):
    """`details`: from, to, and the stages that are allowed for this caller."""

    status = 409
    code = "CASE_STAGE_NOT_ALLOWED"
    sentence = "The case cannot go from that stage to this one."


class QuoteChanged(Refusal):
    """`details`: the refund that holds now."""

    status = 409
    code = "QUOTE_CHANGED"
    sentence = "The refund is no longer what you were shown. Look at the preview again."


class OrderVersionConflict(Refusal):
    """`details`: the version that stands."""

    status = 409
    code = "VERSION_CONFLICT"
    sentence = "Somebody has changed this order since you read it. Read it again, then change it."


class NoConsultantAvailable(Refusal):
    status = 409
    code = "NO_CONSULTANT_AVAILABLE"
    sentence = "There is no active consultant to assign."
