"""What the sign-in desk may ask of whoever vouches for people."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInAttempt:
    """One journey of one browser to the provider and back; none of it is used twice.

    `code_verifier` is RFC 7636's, `nonce` OpenID Connect's; both stay with us until the answer comes.
    """

    state: str
    nonce: str
    code_verifier: str
    redirect_uri: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Whom the provider vouches for. `subject` is theirs for ever, the address may change."""

    subject: str
    email: str
    is_email_verified: bool
    name: str | None


class IdentityRefused(Exception):
    """The provider does not vouch for anybody with this answer: a used or foreign code, a token that is not for us.

    The message is for the log, never for the client.
    """


class IdentityUnavailable(Exception):
    """The provider cannot be asked: network, throttling, or our account there. Try again later."""


class IdentityProvider(Protocol):
    @property
    def name(self) -> str:
        """Stable key stored with every link to an account, e.g. "google"."""
        ...

    async def authorization_url(self, attempt: SignInAttempt) -> str:
        """Where to send the browser. Raises IdentityUnavailable."""
        ...

    async def redeem(self, code: str, attempt: SignInAttempt) -> Identity:
        """Whom the provider's answer is about. Raises IdentityRefused, IdentityUnavailable."""
        ...

    async def aclose(self) -> None: ...
