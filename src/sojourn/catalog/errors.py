"""Why a change to the catalogue is refused."""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from sojourn.platform.errors import Refusal


class SlugTaken(Refusal):
    status = 409
    code = "SLUG_TAKEN"
    sentence = "Another entry of the catalogue has this slug."


class VersionConflict(Refusal):
    status = 409
    code = "VERSION_CONFLICT"
    sentence = "Somebody has changed this entry since you read it. Read it again, then change it."


@contextmanager
def refusing_taken_slug() -> Iterator[None]:
    """Around a write: the database, which alone can know, says that the slug is taken."""
    try:
        yield
    except asyncpg.UniqueViolationError as error:
        if (error.constraint_name or "").endswith("_slug_key"):
            raise SlugTaken from None
        raise
