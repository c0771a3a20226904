"""Whom we trust when we call: one list of authorities for all connections out, for it takes a MiB each time."""

import ssl
from functools import cache

import httpx


@cache
def trusted() -> ssl.SSLContext:
    """The authorities of `certifi`, or those that SSL_CERT_FILE or SSL_CERT_DIR name."""
    return httpx.create_ssl_context()
