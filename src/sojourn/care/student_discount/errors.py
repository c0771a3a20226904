"""Refusals of student verification."""

from sojourn.platform.errors import Refusal


class VerificationNotFound(Refusal):
    status = 404
    code = "VERIFICATION_NOT_FOUND"
    sentence = "There is no such verification."


class VerificationPending(Refusal):
    """`details`: the one that waits."""

    status = 409
    code = "VERIFICATION_PENDING"
    sentence = "Your verification is being looked at already."


class VerificationClosed(Refusal):
    """`details`: its status."""

    status = 409
    code = "VERIFICATION_CLOSED"
    sentence = "This verification cannot be changed any more."


class AlreadyVerified(Refusal):
    """`details`: until when, and from when on it can be renewed."""

    status = 409
    code = "ALREADY_VERIFIED"
    sentence = "You are verified as a student already."


class TooManyTries(Refusal):
    """`details`: when the next one is possible."""

    status = 409
    code = "TOO_MANY_TRIES"
    sentence = "You have tried too often. Please wait, or write to us."


class PicturesMissing(Refusal):
    """`details`: which."""

    status = 409
    code = "PICTURES_MISSING"
    sentence = "Upload your student card and a picture of yourself first."


class PicturesAlike(Refusal):
    status = 409
    code = "PICTURES_ALIKE"
    sentence = "The two pictures are one. Send your student card, and a picture of yourself."


class PictureRequired(Refusal):
    status = 415
    code = "PICTURE_REQUIRED"
    sentence = "Send a JPG or a PNG: a photograph of the card, or of yourself."


class StudentCardUsed(Refusal):
    status = 409
    code = "STUDENT_CARD_USED"
    sentence = "This student card has verified another account."
