"""Tells the demo: chapters, steps, what came back and how long it took; counts what was not as it should be."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.text import Text

_TITLE_WIDTH = 43


class Unexpected(Exception):
    """Something came back that is not as it should be; the message says what."""


class ChapterBroken(Exception):
    """A step failed and was told; the steps after it have nothing to stand on."""


def expect(is_so: object, otherwise: str) -> None:
    """Raises `Unexpected` with the sentence unless it is so."""
    if not is_so:
        raise Unexpected(otherwise)


@dataclass(slots=True)
class Step:
    """A step under way; call it with what came back."""

    outcome: str = ""

    def __call__(self, outcome: str) -> None:
        self.outcome = outcome


@dataclass(slots=True)
class Teller:
    """One telling. Plain lines where the output is no terminal, a spinner and colours where it is."""

    console: Console
    done: int = field(default=0, init=False)
    failed: int = field(default=0, init=False)

    @contextmanager
    def chapter(self, title: str) -> Iterator[None]:
        """A heading. Ends at the first step that fails; the next chapter is told all the same."""
        self.console.print(Text(f"\n{title}", style="bold"), soft_wrap=True)
        began = time.monotonic()
        try:
            yield
        except ChapterBroken:
            return
        except Exception as fault:  # noqa: BLE001 - putting things back failed: told like any other step
            self.failed += 1
            self._print("✗", "red", "Putting things back", _told(fault), time.monotonic() - began)

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """A tick, or a cross and `ChapterBroken`."""
        began, step = time.monotonic(), Step()
        try:
            with self.console.status(title):
                yield step
        except Exception as fault:
            self.failed += 1
            self._print("✗", "red", title, _told(fault), time.monotonic() - began)
            raise ChapterBroken from fault
        self.done += 1
        self._print("✓", "green", title, step.outcome, time.monotonic() - began)

    def end(self, seconds: float) -> None:
        """The last line: how many steps there were, and how many were not as they should be."""
        verdict = f"{self.failed} not as it should be" if self.failed else "all as it should be"
        line = f"\n{self.done + self.failed} steps, {verdict} ({seconds:.1f} s)"
        self.console.print(Text(line, style="bold red" if self.failed else "bold green"), soft_wrap=True)

    def _print(self, sign: str, colour: str, title: str, outcome: str, seconds: float) -> None:
        line = Text.assemble(
            ("  ", ""), (sign, colour), f" {seconds:6.2f} s  ", f"{title:<{_TITLE_WIDTH}}  ", (outcome, "dim")
        )
        self.console.print(line, soft_wrap=True)


def _told(fault: Exception) -> str:
    return str(fault) if isinstance(fault, Unexpected) else f"{type(fault).__name__}: {fault}"
