"""What the address book refuses."""

from sojourn.platform.errors import NotFound, Refusal


class AddressNotFound(NotFound):
    code = "ADDRESS_NOT_FOUND"
    sentence = "There is no such address."


class TooManyAddresses(Refusal):
    status = 409
    code = "TOO_MANY_ADDRESSES"
    sentence = "There are 20 addresses already. Remove one first."
