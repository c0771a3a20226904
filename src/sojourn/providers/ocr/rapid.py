"""RapidOCR in this process: models in its wheel, nothing leaves the machine."""

import asyncio
from collections.abc import Callable
from functools import cached_property
from typing import Any, Final

from sojourn.providers.ocr.port import ReaderUnavailable

# A picture keeps several cores busy for seconds.
_READING: Final = asyncio.Semaphore(1)


class RapidReader:
    """A `TextReader`. `build` makes the engine, which loads its models with the first picture."""

    def __init__(self, build: Callable[[], Any]) -> None:
        self._build = build

    async def read(self, picture: bytes) -> list[str]:
        async with _READING:
            try:
                return await asyncio.to_thread(self._read, picture)
            except Exception as fault:  # whatever breaks in there is not the customer's
                raise ReaderUnavailable(repr(fault)) from fault

    def _read(self, picture: bytes) -> list[str]:
        # Turning lines upside down is left out: rows of fillers look the same both ways, and were turned.
        found = self._engine(picture, use_cls=False)
        texts = found.txts or ()
        tops = [] if found.boxes is None else [min(float(corner[1]) for corner in box) for box in found.boxes]
        return [str(text) for _, text in sorted(zip(tops, texts, strict=True))]

    @cached_property
    def _engine(self) -> Any:  # noqa: ANN401 - the library is an extra, and untyped
        return self._build()
