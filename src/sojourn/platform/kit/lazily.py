"""Libraries that are imported when something of them is first used.

A process that serves does not carry what few of its requests need: PDFs, pictures, calendars, a vendor's SDK. Written
as pairs, so that types are checked as ever:

    if TYPE_CHECKING:
        import typst
    else:
        typst = lazily("typst")

It is what `lazy import typst` will say from Python 3.15 on (PEP 810). A test sees to it that each name can be imported
and that both halves name the same (docs/decisions/0026-memory.md).
"""

from importlib import import_module
from types import ModuleType


class _Later(ModuleType):
    """Stands for a module; what was asked for once is found at once from then on."""

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):  # what tools ask of every module tells nothing of its use
            raise AttributeError(name)
        value = getattr(import_module(self.__name__), name)
        setattr(self, name, value)
        return value


def lazily(name: str) -> ModuleType:
    """The module of that name. Raises ImportError at its first use, where it is not installed."""
    return _Later(name)
