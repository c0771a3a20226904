"""Who compares faces. A score, never a decision: what it means is the business's to say."""

from decimal import Decimal
from typing import Protocol


class FacesUnavailable(Exception):
    """The engine does not answer, or refuses us. People decide meanwhile."""


class FaceEngine(Protocol):
    async def score(self, card: bytes, selfie: bytes) -> Decimal | None:
        """How alike the face on the card and the face in the picture are, from 0 to 1; None where no face is found.

        Both are a JPG or PNG. Raises FacesUnavailable.
        """
        ...

    async def aclose(self) -> None: ...
