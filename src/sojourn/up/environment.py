"""What the programs of a laptop are told: development secrets, and the sandbox in place of every vendor.

Whatever the person at the keyboard has set goes first.
"""

import secrets
from collections.abc import Iterable, Mapping

from sojourn.up.firebase import pretended_service_account

_LIVE_KEYS = ("sk_live_", "rk_live_")
# Of sign-ups and sign-ins a minute from one address: everybody on a laptop has the same one.
_AUTH_LIMIT = "300"
# What one `JWT_SECRET` stands for.
_BOTH_TOKENS = frozenset({"JWT_ACCESS_SECRET", "JWT_REFRESH_SECRET"})


class UpRefused(RuntimeError):
    """The system cannot be run like this; the message says what to change."""


def make_secrets(storefronts: Iterable[str]) -> dict[str, str]:
    """Fresh ones, under the names of the variables that carry them."""
    made = {"AI_SERVICE_KEY": secrets.token_hex(32)}
    for key in storefronts:
        prefix = key.upper()
        made |= {
            f"{prefix}_JWT_ACCESS_SECRET": secrets.token_hex(32),
            f"{prefix}_JWT_REFRESH_SECRET": secrets.token_hex(32),
            f"{prefix}_STRIPE_SECRET_KEY": f"sk_test_{key}_{secrets.token_hex(12)}",
            f"{prefix}_STRIPE_WEBHOOK_SECRET": f"whsec_{secrets.token_hex(24)}",
            f"{prefix}_BAKONG_TOKEN": f"bakong_{key}_{secrets.token_hex(12)}",
            f"{prefix}_RESEND_API_KEY": f"re_{key}_{secrets.token_hex(12)}",
            f"{prefix}_EXCHANGE_RATE_API_KEY": f"rates_{key}_{secrets.token_hex(12)}",
            f"{prefix}_OPENWEATHER_API_KEY": f"weather_{key}_{secrets.token_hex(12)}",
        }
    return made


def read_port(given: Mapping[str, str], name: str, default: int) -> int:
    """Raises UpRefused when the variable holds anything but a port."""
    text = given.get(name) or str(default)
    if not text.isdecimal() or not 1 <= int(text) <= 65_535:
        raise UpRefused(f"{name} must be a port from 1 to 65535, not {text!r}.")
    return int(text)


def development_environment(
    given: Mapping[str, str],
    *,
    storefronts: Iterable[str],
    made: Mapping[str, str],
    databases: Mapping[str, str],
    api_port: int,
    sandbox_port: int,
    files: str,
) -> dict[str, str]:
    """`given` and, where it says nothing, ours. `databases` holds a DSN per storefront and always counts.

    `files` is the folder for what customers hand in.
    """
    sandbox = f"http://127.0.0.1:{sandbox_port}"
    ours = {**made, "MCP_SERVER": "on"}
    # A storefront's variable counts as given, too, when its unprefixed name is.
    given_names = {name for name, value in given.items() if value}
    if "JWT_SECRET" in given_names:
        given_names |= _BOTH_TOKENS
    for key in storefronts:
        prefix = key.upper()
        ours |= {
            f"{prefix}_STRIPE_API_BASE": sandbox,
            f"{prefix}_BAKONG_API_BASE": sandbox,
            f"{prefix}_GOOGLE_API_BASE": f"{sandbox}/google",
            f"{prefix}_GOOGLE_CLIENT_ID": f"{key}.apps.example",
            f"{prefix}_GOOGLE_CLIENT_SECRET": "any",
            f"{prefix}_BAKONG_ACCOUNT_ID": f"{key}@devb",
            f"{prefix}_BAKONG_MERCHANT_NAME": key.title(),
            f"{prefix}_RESEND_API_BASE": sandbox,
            f"{prefix}_FCM_API_BASE": sandbox,
            f"{prefix}_FIREBASE_SERVICE_ACCOUNT": pretended_service_account(f"sojourn-{key}", sandbox=sandbox),
            f"{prefix}_EXCHANGE_RATE_API_BASE": sandbox,
            f"{prefix}_OPENWEATHER_API_BASE": sandbox,
            f"{prefix}_PUBLIC_URL": f"http://127.0.0.1:{api_port}",
            f"{prefix}_RATE_LIMIT_AUTH": _AUTH_LIMIT,
            f"{prefix}_STORAGE_PATH": files,
        }
        given_names |= {f"{prefix}_{name}" for name in given_names}
        if f"{prefix}_JWT_SECRET" in given_names:
            given_names |= {f"{prefix}_{name}" for name in _BOTH_TOKENS}
    told = {name: value for name, value in ours.items() if name not in given_names}
    told |= {f"{key.upper()}_DATABASE_URL": dsn for key, dsn in databases.items()}
    told |= {f"{key.upper()}_DIRECT_URL": dsn for key, dsn in databases.items()}
    return {**given, **told, "SOJOURN_ENVIRONMENT": "development", "SOJOURN_STOREFRONTS": ",".join(storefronts)}


def refuse_unfit(given: Mapping[str, str]) -> None:
    """Raises UpRefused outside development, and for a live key: nobody pays real money on a laptop."""
    if given.get("SOJOURN_ENVIRONMENT", "development") != "development":
        raise UpRefused(
            f"SOJOURN_ENVIRONMENT is {given['SOJOURN_ENVIRONMENT']!r}, but this command plays the payment provider. "
            f"It is for development; elsewhere run `sojourn migrate`, `sojourn serve` and `sojourn worker`."
        )
    live = [name for name, value in given.items() if "STRIPE" in name and value.startswith(_LIVE_KEYS)]
    if live:
        raise UpRefused(f"{live[0]} holds a live key. This command is for development: unset it.")
