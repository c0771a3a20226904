"""What the books' own checks found."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sojourn.platform.kit.wire import Wire


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """Something that breaks an invariant right now."""

    invariant: str
    subject: str
    detail: dict[str, Any]


class FindingOut(Wire):
    """A breach that is still open."""

    subject: str
    detail: dict[str, Any]
    found_at: datetime
    last_seen_at: datetime


class InvariantOut(Wire):
    """A rule, and what broke it when it was last checked."""

    name: str
    sentence: str
    findings: list[FindingOut]
