"""Whose request it is: secret, restricted and publishable test keys."""

import base64
import binascii
from dataclasses import dataclass

from starlette.requests import Request

from sojourn.sandbox.errors import AuthenticationError

SECRET_PREFIXES = ("sk_test_", "rk_test_")
PUBLISHABLE_PREFIX = "pk_test_"


@dataclass(frozen=True, slots=True)
class Caller:
    """`account` is the secret key's name: `rk_test_shop` and `pk_test_shop` act for `sk_test_shop`."""

    account: str
    is_publishable: bool


def bearer_key(request: Request) -> str:
    """The key in the Authorization header, as bearer token or as basic user name; empty without one."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return ""


def identify(key: str) -> Caller:
    """The account a key acts for.

    Raises:
        AuthenticationError: 401, no key or none of a test account.
    """
    if not key:
        raise AuthenticationError(
            "You did not provide an API key. You need to provide your API key in the Authorization header, using "
            "Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY')."
        )
    for prefix in SECRET_PREFIXES:
        if key.startswith(prefix) and len(key) > len(prefix):
            return Caller("sk_test_" + key.removeprefix(prefix), is_publishable=False)
    if key.startswith(PUBLISHABLE_PREFIX) and len(key) > len(PUBLISHABLE_PREFIX):
        return Caller("sk_test_" + key.removeprefix(PUBLISHABLE_PREFIX), is_publishable=True)
    raise AuthenticationError(f"Invalid API Key provided: {key[:8]}{'*' * 8}{key[-4:]}")
