"""Refusals of reviews."""

from sojourn.platform.errors import NotFound, Refusal


class ReviewNotFound(NotFound):
    code = "REVIEW_NOT_FOUND"
    sentence = "Review not found."


class BookingNotCompleted(Refusal):
    """`details`: the booking's status."""

    status = 409
    code = "BOOKING_NOT_COMPLETED"
    sentence = "A booking can be reviewed once its journey is over."


class AlreadyReviewed(Refusal):
    """`details`: the id of the review there is."""

    status = 409
    code = "ALREADY_REVIEWED"
    sentence = "You have reviewed this already. Change that review instead."


class ReviewSettled(Refusal):
    """`details`: for how many days after writing it was possible."""

    status = 409
    code = "REVIEW_SETTLED"
    sentence = "It is too late to change this review."


class OwnReview(Refusal):
    status = 409
    code = "OWN_REVIEW"
    sentence = "This review is your own. Change or delete it instead."
