"""What of an account's purchases is still open: it keeps the account from being closed (rules, section 1)."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sojourn.platform.db.database import Connection

_LIST_OPEN = """
SELECT booking_ref AS reference FROM bookings
 WHERE user_id = $1 AND (status = 'CONFIRMED' OR (status = 'RESERVED' AND reserved_until > $2))
UNION
SELECT order_number FROM orders WHERE user_id = $1 AND status IN ('CONFIRMED', 'IN_PROGRESS')
UNION
SELECT reference FROM payments
 WHERE user_id = $1 AND dispute_status NOT IN ('won', 'lost', 'warning_closed', 'prevented')
 ORDER BY reference
"""


class OpenPurchases:
    """`DeletionGuard` over bookings, orders and disputed payments."""

    async def list_open(self, tx: Connection, *, user_id: UUID, now: datetime) -> Sequence[str]:
        return [row["reference"] for row in await tx.fetch(_LIST_OPEN, user_id, now)]
