"""What is sent about second factors."""

from datetime import datetime
from typing import Annotated

from pydantic import StringConstraints

from sojourn.people.auth.models import AnyPassword, SignedIn, TokenDelivery
from sojourn.people.users.fields import Secret
from sojourn.platform.kit.wire import Wire

Code = Annotated[str, StringConstraints(strip_whitespace=True, min_length=6, max_length=20)]
"""Six digits of the app, or a recovery code."""


class SecondFactorAnswer(Wire):
    challenge_token: Secret
    code: Code
    token_delivery: TokenDelivery = TokenDelivery.COOKIE


class SecondFactorStatus(Wire):
    """`is_required`: this storefront asks it of its staff, and this is one of them."""

    is_enabled: bool
    is_required: bool
    enabled_at: datetime | None
    recovery_codes_left: int


class Enrolment(Wire):
    """For the app: `qr_svg` is the picture of `otpauth_url`; `secret` is for whoever types."""

    secret: str
    otpauth_url: str
    qr_svg: str


class Confirmation(Wire):
    code: Code
    token_delivery: TokenDelivery = TokenDelivery.COOKIE


class Enrolled(SignedIn):
    """A new session in place of all others, and ten codes that are shown this once."""

    recovery_codes: list[str]


class CodeOnly(Wire):
    code: Code


class RecoveryCodes(Wire):
    recovery_codes: list[str]


class Disabling(Wire):
    """`current_password` for every account that has one."""

    code: Code
    current_password: AnyPassword | None = None
