"""Refusals of the catalogue's images."""

from sojourn.platform.errors import NotFound, Refusal


class ImageNotFound(NotFound):
    code = "IMAGE_NOT_FOUND"
    sentence = "Image not found."


class ImageTooLarge(Refusal):
    status = 413
    code = "IMAGE_TOO_LARGE"
    sentence = "An image may have 10 MB at most."


class ImageTypeRefused(Refusal):
    status = 415
    code = "IMAGE_TYPE_REFUSED"
    sentence = "Send a JPG, a PNG or a WebP. What counts is what the file is, not what it is called."


class ImageUnreadable(Refusal):
    status = 422
    code = "IMAGE_UNREADABLE"
    sentence = "The image cannot be read. Save it again, or send another."


class ImageInUse(Refusal):
    status = 409
    code = "IMAGE_IN_USE"
    sentence = "The catalogue still shows this image. Take its URL out of the entry's images first."
