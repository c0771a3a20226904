"""Where a browser may be sent in the end: to the storefront's own pages, and nowhere a stranger names."""

from urllib.parse import urlsplit

from sojourn.platform.errors import InvalidInput
from sojourn.platform.http.context import Context


def frontend_address(ctx: Context, wanted: str | None) -> str:
    """`wanted`, a path of the frontend or an allowed address, written out; the frontend itself for None.

    Raises `InvalidInput`.
    """
    frontend = ctx.storefront.frontend_url
    if wanted is None:
        return frontend
    is_path = wanted.startswith("/") and not wanted.startswith("//")
    address = frontend.rstrip("/") + wanted if is_path else wanted
    if not is_allowed(ctx, address):
        raise InvalidInput.at("return_to", "must be a path of the frontend, or an address of an allowed origin")
    return address


def is_allowed(ctx: Context, address: str) -> bool:
    """Whether `address` lies on the frontend, on an allowed origin, or here."""
    # Browsers read a backslash as a slash, and skip control characters: what they would read otherwise than we is out.
    if "\\" in address or not address.isprintable() or " " in address:
        return False
    origins = {*ctx.storefront.allowed_origins, _origin(ctx.storefront.frontend_url), _origin(ctx.runtime.public_url)}
    return _origin(address) in origins


def _origin(address: str) -> str | None:
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    return f"{parts.scheme}://{parts.netloc}"
