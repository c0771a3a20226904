"""Refusals in Stripe's own shape."""

from typing import Any

Json = dict[str, Any]


class StripeError(Exception):
    """A request refused as Stripe refuses it. Nothing the request did is kept.

    `is_replayed` says whether a retry with the same Idempotency-Key gets this very answer again;
    Stripe keeps answers only once the work itself has begun, so not for parameters that fail validation.
    """

    is_replayed = True

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        type: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        **extra: Json | str | None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error: Json = {"type": type, "message": message}
        optional = {"code": code, "param": param, **extra}
        self.error.update({name: value for name, value in optional.items() if value is not None})
        if code:
            self.error["doc_url"] = f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}"

    def body(self) -> Json:
        return {"error": self.error}


class ParameterError(StripeError):
    """400: a parameter is missing, unknown or not what it should be; names it in `param`."""

    is_replayed = False


class AuthenticationError(StripeError):
    """401: no key, or not one that this sandbox serves."""

    is_replayed = False

    def __init__(self, message: str) -> None:
        super().__init__(message, status=401)


class IdempotencyError(StripeError):
    """400 for a key used with other parameters, 409 while its first request is still running."""

    is_replayed = False


class CardError(StripeError):
    """402: the card said no. The attempt itself stays on record: intent, charge and events are kept."""

    def __init__(self, message: str, *, code: str, decline_code: str | None = None, param: str | None = None) -> None:
        super().__init__(message, status=402, type="card_error", code=code, decline_code=decline_code, param=param)


def missing_object(kind: str, object_id: str, *, param: str = "id") -> StripeError:
    """404 `resource_missing`, as for an id of another account or none at all."""
    return StripeError(f"No such {kind}: '{object_id}'", status=404, code="resource_missing", param=param)
