"""Who looks for malware."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class ScanStatus(StrEnum):
    """`UNSCANNED`: nobody is configured who could look."""

    CLEAN = "CLEAN"
    INFECTED = "INFECTED"
    UNSCANNED = "UNSCANNED"


class ScannerUnavailable(Exception):
    """A scanner is configured and does not answer: nothing may pass meanwhile."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found; `malware` is the scanner's name for it."""

    status: ScanStatus
    malware: str | None = None


class Scanner(Protocol):
    async def scan(self, content: bytes) -> Verdict:
        """Look through a whole file. Raises ScannerUnavailable."""
        ...
