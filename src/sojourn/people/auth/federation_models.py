"""What travels between a client, the sign-in desk and an identity provider."""

from typing import Annotated

from pydantic import ConfigDict, StringConstraints

from sojourn.people.auth.models import TokenDelivery
from sojourn.people.users.fields import Secret
from sojourn.platform.kit.wire import Wire

Address = Annotated[str, StringConstraints(min_length=1, max_length=1_000)]
Answer = Annotated[str, StringConstraints(min_length=1, max_length=2_000)]


class GoogleVisit(Wire):
    """`return_to`: where the browser is to go when it is signed in: a path of the frontend, or an address of one of
    the storefront's allowed origins."""

    return_to: Address | None = None


class GoogleReturn(Wire):
    """What Google sends the browser back with. It adds more, and may add other things tomorrow: we need these."""

    model_config = ConfigDict(extra="ignore")

    code: Answer | None = None
    state: Answer | None = None
    error: Answer | None = None


class GoogleStart(Wire):
    """`redirect_uri`: the client's own page, on one of the storefront's allowed origins, that Google sends people back
    to; it must be registered with Google."""

    redirect_uri: Address


class GoogleStarted(Wire):
    """Send the person to `authorization_url`. Keep `attempt_token` to yourself until they come back; `expires_in` is
    in seconds."""

    authorization_url: str
    attempt_token: str
    expires_in: int


class GoogleAnswer(Wire):
    """What came back to the client's page, and what it kept."""

    code: Answer
    state: Answer
    attempt_token: Secret
    token_delivery: TokenDelivery = TokenDelivery.COOKIE
