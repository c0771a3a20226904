"""Refusals: typed errors with an HTTP status and a stable machine code.

A feature declares one class per refusal in its `errors.py`; the edge renders them in the storefront's dialect.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar


class Refusal(Exception):
    """An expected "no". Subclasses set `status`, `code` and `sentence`.

    `details` is sent to the client; keep it free of other people's data.
    """

    status: ClassVar[int] = 400
    code: ClassVar[str] = "BAD_REQUEST"
    sentence: ClassVar[str] = "The request cannot be carried out."

    def __init__(
        self,
        sentence: str | None = None,
        *,
        details: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.message = sentence or self.sentence
        self.details = dict(details or {})
        self.headers = dict(headers or {})
        super().__init__(self.message)


Granted = TypeVar("Granted")


def granted(outcome: Granted | Refusal) -> Granted:
    """The outcome, unless it is a refusal, which is raised."""
    if isinstance(outcome, Refusal):
        raise outcome
    return outcome


class InvalidInput(Refusal):
    """A field is wrong in a way that only the rules know; `details["fields"]` names it."""

    status = 400
    code = "VALIDATION_FAILED"
    sentence = "Some fields are not valid."

    @classmethod
    def at(cls, field: str, message: str, *, kind: str = "value_error") -> "InvalidInput":
        """The refusal for one field, snake_case; the dialect renames it."""
        return cls(details={"fields": [{"field": field, "message": message, "type": kind}]})


class NotFound(Refusal):
    status = 404
    code = "NOT_FOUND"
    sentence = "There is nothing here."


class NotAuthenticated(Refusal):
    status = 401
    code = "NOT_AUTHENTICATED"
    sentence = "Sign in first: send a valid access token as 'Authorization: Bearer ...'."

    def __init__(self, sentence: str | None = None, *, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(sentence, details=details, headers={"WWW-Authenticate": "Bearer"})


class NotAllowed(Refusal):
    status = 403
    code = "NOT_ALLOWED"
    sentence = "Your role may not do this."


class TooManyRequests(Refusal):
    status = 429
    code = "TOO_MANY_REQUESTS"
    sentence = "Too many requests. Wait a moment and try again."


class Unavailable(Refusal):
    status = 503
    code = "TEMPORARILY_UNAVAILABLE"
    sentence = "This is not available right now. Nothing was changed; try again in a moment."
