"""What the person at the keyboard sees."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.status import Status


@dataclass(slots=True)
class Step:
    """A step under way; call it with a few words on what it is doing or came to."""

    title: str
    console: Console
    status: Status
    last_words: str = "done"

    def __call__(self, words: str) -> None:
        self.last_words = words
        if self.console.is_terminal:
            self.status.update(f"{self.title}: {words}")
        else:
            self.console.print(f"  {self.title}: {words}", markup=False, highlight=False, soft_wrap=True)


@dataclass(frozen=True, slots=True)
class Progress:
    console: Console

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """A spinner while it works, one line with its last words and its time when it is done."""
        began = time.monotonic()
        with self.console.status(title) as status:
            step = Step(title, self.console, status)
            yield step
        seconds = time.monotonic() - began
        self.console.print(f"[green]✓[/green] {title} [dim]({step.last_words}, {seconds:.1f} s)[/dim]", soft_wrap=True)

    def say(self, line: str) -> None:
        """Something happened just now."""
        self.console.print(time.strftime("%H:%M:%S"), style="dim", end="  ", highlight=False)
        self.console.print(line, markup=False, highlight=False, soft_wrap=True)
