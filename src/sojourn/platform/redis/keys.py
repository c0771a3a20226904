"""The keys and channels of DerLg's document, section 4, and how long they live (docs/redis.md)."""

from datetime import timedelta
from typing import Final
from uuid import UUID

SESSION_LIFE: Final = timedelta(days=7)
WEATHER_LIFE: Final = timedelta(hours=1)
RATES_LIFE: Final = timedelta(hours=1)
VERSION_LIFE: Final = timedelta(days=30)

CURRENCY_RATES: Final = "currency:rates"


def session(session_id: UUID) -> str:
    """The state of a conversation with the agent, JSON, for `SESSION_LIFE`."""
    return f"session:{session_id}"


def booking_hold(booking_id: UUID) -> str:
    """Says `1` while the hold may be paid."""
    return f"booking_hold:{booking_id}"


def payment_events(user_id: UUID) -> str:
    """A channel, not a key."""
    return f"payment_events:{user_id}"


def rate(who: str, endpoint: str) -> str:
    """How often `who` (a user's id or an address) has called in this minute."""
    return f"rate:{who}:{endpoint}"


def weather(city: str) -> str:
    """For `WEATHER_LIFE`."""
    return f"weather:{city}"


def refresh_token_version(user_id: UUID) -> str:
    """Tokens of a lower version are void; for `VERSION_LIFE`."""
    return f"refresh_token_version:{user_id}"
