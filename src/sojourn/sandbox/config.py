"""What the sandbox is told when it starts, and where it refuses to start at all."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import AnyHttpUrl, TypeAdapter, ValidationError

ALLOWED_ENVIRONMENTS = frozenset({"development", "test"})
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost"})
WEB_ADDRESS = TypeAdapter(AnyHttpUrl)
LIVE_KEY_PREFIXES = (b"sk_live_", b"rk_live_", b"pk_live_")


class SandboxRefused(Exception):
    """The sandbox will not run under these circumstances; the sentence says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookTarget:
    """One address to which an account's events go from the start, with its signing secret."""

    account: str
    url: str
    secret: str

    @classmethod
    def parse(cls, text: str) -> "WebhookTarget":
        """Read `sk_test_shop=http://127.0.0.1:8000/path=whsec_secret`.

        Raises:
            SandboxRefused: a part is missing or is not what it should be.
        """
        account, _, rest = text.partition("=")
        url, _, secret = rest.rpartition("=")
        if not account.startswith("sk_test_") or not secret.startswith("whsec_"):
            raise SandboxRefused(f"A webhook is given as sk_test_...=URL=whsec_..., not as {account}=...")
        if not is_web_address(url):
            raise SandboxRefused(f"A webhook of {account} needs an http address, not {url!r}.")
        return cls(account=account, url=url, secret=secret)


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxConfig:
    """How one sandbox runs.

    Attributes:
        data_dir: where the state is kept; None keeps it in memory and it ends with the process.
        settle_seconds: how long slow things take: a refund that fails later, a dispute that is opened.
        first_retry_seconds: pause after the first failed webhook; it doubles with every further try.
        hold_seconds: how long the `reorder` switch gathers events before sending the newest first.
    """

    host: str = "127.0.0.1"
    port: int = 8001
    data_dir: Path | None = None
    webhooks: tuple[WebhookTarget, ...] = ()
    settle_seconds: float = 0.5
    first_retry_seconds: float = 1.0
    hold_seconds: float = 0.5

    @property
    def base_url(self) -> str:
        return f"http://{self.host}:{self.port}"


def refuse_outside_development(environ: Mapping[str, str] = os.environ) -> None:
    """Raise unless the environment is development or test (or unset).

    Raises:
        SandboxRefused: `SOJOURN_ENVIRONMENT` names any other environment.
    """
    environment = environ.get("SOJOURN_ENVIRONMENT", "")
    if environment and environment not in ALLOWED_ENVIRONMENTS:
        raise SandboxRefused(
            f"The sandbox plays with pretended money and runs in development and test only; "
            f"SOJOURN_ENVIRONMENT is {environment!r}."
        )


def refuse_public_host(host: str) -> None:
    """Raise unless `host` is this machine's own loopback.

    Raises:
        SandboxRefused: the address can be reached from other machines.
    """
    if host not in LOOPBACK_HOSTS:
        raise SandboxRefused(
            f"The sandbox listens on loopback only ({', '.join(sorted(LOOPBACK_HOSTS))}), not on {host}."
        )


def is_web_address(text: str) -> bool:
    """Whether this is an absolute http address that a request can be sent to."""
    try:
        WEB_ADDRESS.validate_python(text)
    except ValidationError:
        return False
    return True


def has_live_key(raw: bytes) -> bool:
    """Whether a live key stands anywhere in these headers, this query or body."""
    return any(prefix in raw for prefix in LIVE_KEY_PREFIXES)
