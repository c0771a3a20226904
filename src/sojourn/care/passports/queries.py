"""Every statement that reading a passport needs."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sojourn.platform.db.database import Connection

_JOURNEY = """
SELECT (o.service_details ->> 'travel_date')::date AS travel_date, o.customer_info ->> 'full_name' AS traveler
  FROM documents d LEFT JOIN orders o ON o.id = d.order_id
 WHERE d.id = $1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """When somebody travels, and who, as far as the order says so."""

    travel_date: date | None
    traveler: str | None


async def find_journey(connection: Connection, *, document_id: UUID) -> Journey:
    """What the document's order says of the journey; nothing without an order."""
    row = await connection.fetchrow(_JOURNEY, document_id)
    return Journey(**dict(row)) if row else Journey(travel_date=None, traveler=None)
