"""What a model can do next when it is refused, by machine code. What has no line here says enough by itself."""

from collections.abc import Mapping
from types import MappingProxyType

_LINES: Mapping[str, str] = MappingProxyType(
    {
        "VALIDATION_FAILED": "Correct the named fields and call again. Ask the customer for what you do not know.",
        "MALFORMED_JSON": "Send the arguments as a JSON object.",
        "TOO_MANY_REQUESTS": "Wait for `retry_after` seconds, then call once more.",
        "TEMPORARILY_UNAVAILABLE": "Wait a few seconds and call again with the same arguments.",
        "IDEMPOTENCY_IN_FLIGHT": "The first call still runs. Wait a second and repeat it with the same key.",
        "IDEMPOTENCY_KEY_REUSED": "Use a new idempotency key for a new request.",
        "ACTING_USER_REQUIRED": "The host application names the customer. Ask it to sign the customer in.",
        "ACTING_USER_NOT_FOUND": "Ask the host application to sign the customer in again.",
        "TRIP_NOT_FOUND": "Call search_trips and use an id from its answer.",
        "HOTEL_NOT_FOUND": "Call search_hotels and use an id from its answer.",
        "ROOM_NOT_FOUND": "Call search_hotels and use the id of one of its rooms.",
        "VEHICLE_NOT_FOUND": "Call search_vehicles and use an id from its answer.",
        "GUIDE_NOT_FOUND": "Call search_guides and use an id from its answer.",
        "BOOKING_TYPE_NOT_OFFERED": "Offer another type of booking.",
        "SOLD_OUT": "Call check_availability for other days, or offer something else. Do not retry unchanged.",
        "TOO_MANY_HOLDS": "Ask which open hold to pay or cancel first: list_bookings with status RESERVED.",
        "QUOTE_CHANGED": "Show the customer the new figures from a fresh preview or quote, ask again, then confirm.",
        "NOT_ENOUGH_POINTS": "Call get_loyalty and offer fewer points.",
        "BOOKING_NOT_FOUND": "Call list_bookings; it may belong to another customer.",
        "BOOKING_NOT_CANCELLABLE": "Call get_booking and tell the customer its status.",
        "BOOKING_NOT_MODIFIABLE": "Call get_booking and tell the customer its status.",
        "CHANGE_PENDING": "Let the customer pay the waiting change with create_payment_link, or wait until it lapses.",
        "HOLD_NOT_OPEN": "The hold is over. Call create_booking for a new one.",
        "HOLD_ALREADY_EXTENDED": "The customer pays now, or books again later.",
        "HOLD_EXPIRED": "The hold is over. Call create_booking for a new one.",
        "ALREADY_PAID": "Nothing is due. Call get_payment_status.",
        "PURCHASE_CANCELLED": "Call create_booking for a new one.",
        "PURCHASE_NOT_FOUND": "Call list_bookings and use an id from its answer.",
        "PAYMENT_PROVIDER_UNAVAILABLE": "The payment provider does not answer. Try again in a minute; the hold stands.",
    }
)


def next_step(code: str) -> str | None:
    """What to do about a refusal, in a sentence or two for a model."""
    return _LINES.get(code)
