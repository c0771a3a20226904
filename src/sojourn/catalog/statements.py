"""What the catalogue's queries share."""

from typing import LiteralString, NamedTuple
from uuid import UUID


class LoadedRow(NamedTuple):
    """A row that a data file has made or changed."""

    id: UUID
    is_new: bool


class Where:
    """Conditions joined by AND; their arguments are numbered from `$first` on."""

    def __init__(self, *, first: int) -> None:
        self._first = first
        self._conditions: list[str] = []
        self.arguments: list[object] = []

    def add(self, condition: LiteralString, argument: object) -> None:
        """A condition with one `?`, unless there is no argument for it."""
        if argument is not None:
            number = self._first + len(self.arguments)
            self._conditions.append(condition.replace("?", f"${number}"))
            self.arguments.append(argument)

    def require(self, condition: LiteralString) -> None:
        """A condition without an argument."""
        self._conditions.append(condition)

    def __str__(self) -> str:
        return " AND ".join(self._conditions) or "true"
