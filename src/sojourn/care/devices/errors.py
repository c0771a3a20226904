"""What the list of devices refuses."""

from sojourn.platform.errors import NotFound, Refusal


class DeviceNotFound(NotFound):
    code = "DEVICE_NOT_FOUND"
    sentence = "There is no such device."


class PushNotOffered(Refusal):
    status = 409
    code = "PUSH_NOT_OFFERED"
    sentence = "No pushes are sent here."
