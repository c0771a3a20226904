"""What the catalogue's queries share."""

from typing import LiteralString, NamedTuple
from uuid import UUID


class LoadedRow(NamedTuple):
    """A row that a data file has made or changed."""

    id: UUID
    is_new: bool


def translated(column: LiteralString, *, khmer: LiteralString = "kh") -> LiteralString:
    """A text in the language $1, in English where there is none. `khmer`: how the column of that language ends."""
    return f"coalesce(nullif(CASE $1 WHEN 'km' THEN {column}_{khmer} WHEN 'zh' THEN {column}_zh END, ''), {column})"


class Where:
    """Conditions joined by AND; their arguments are numbered from `$first` on."""

    def __init__(self, *, first: int) -> None:
        self._first = first
        self._conditions: list[str] = []
        self.arguments: list[object] = []

    def add(self, condition: LiteralString, argument: object) -> None:
        """A condition with one `?`, unless there is no argument for it."""
        numbered = self.number(condition, argument)
        if numbered:
            self._conditions.append(numbered)

    def number(self, condition: LiteralString, argument: object) -> str:
        """The condition with its argument's number, for use within another one; nothing without an argument."""
        if argument is None:
            return ""
        self.arguments.append(argument)
        return condition.replace("?", f"${self._first + len(self.arguments) - 1}")

    def require(self, condition: str) -> None:
        """A condition without an argument."""
        self._conditions.append(condition)

    def only(self, *, is_active: bool | None) -> None:
        """Entries on offer, or the retired ones; None: both."""
        if is_active is not None:
            self.require("t.is_active" if is_active else "NOT t.is_active")

    def __str__(self) -> str:
        return " AND ".join(self._conditions) or "true"
