"""Who reads the text in a picture. What it means, and whether it can be right, is not the reader's to say."""

from typing import Protocol


class ReaderUnavailable(Exception):
    """The reader broke down. People read meanwhile."""


class TextReader(Protocol):
    async def read(self, picture: bytes) -> list[str]:
        """The lines of text in a JPG or PNG, from top to bottom. Raises ReaderUnavailable."""
        ...
