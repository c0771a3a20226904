"""The least a Python server can do: one fixed answer, no framework. What a cached list is held against."""

import os
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

Message = MutableMapping[str, Any]

_BODY = Path(os.environ["BENCH_BARE_BODY"]).read_bytes()
_HEADERS = [
    (b"content-type", os.environ["BENCH_BARE_TYPE"].encode()),
    (b"content-length", str(len(_BODY)).encode()),
]


async def app(
    _scope: Message, _receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    """Answer every request with the same bytes."""
    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
    await send({"type": "http.response.body", "body": _BODY})
