"""Payments as rows, for what a statement takes and what it leaves alone."""

from datetime import datetime
from typing import Any
from uuid import UUID

from tests.features.loyalty.conftest import add_user

from sojourn.platform.db.database import Database
from sojourn.platform.kit.ids import new_id

_PAYMENT = """
INSERT INTO payments SELECT * FROM jsonb_populate_record(NULL::payments, $1)
"""
_REFUND = """
INSERT INTO refunds SELECT * FROM jsonb_populate_record(NULL::refunds, $1)
"""


class Till:
    """Payments of one customer, each with a name; by card, of 100 dollars, open and never asked about unless said."""

    def __init__(self, database: Database, *, now: datetime) -> None:
        self.database = database
        self.now = now
        self.ids: dict[str, UUID] = {}
        self.user_id = new_id()

    async def open(self) -> None:
        async with self.database.read() as connection:
            self.user_id = await add_user(connection, now=self.now)

    async def take(self, name: str, **columns: object) -> UUID:
        """One payment; its id."""
        self.ids[name] = new_id()
        row = {
            "id": self.ids[name], "purchase_kind": "ORDER", "purchase_id": new_id(), "user_id": self.user_id,
            "reference": name, "provider": "stripe", "provider_intent_id": f"pi_{name}", "amount": "100.00",
            "currency": "USD", "status": "PENDING", "method": "CARD", "is_live": False, "captured_amount": "0.00",
            "refunded_amount": "0.00", "payment_attempts": 0, "created_at": self.now, "updated_at": self.now,
        }  # fmt: skip
        await self._insert(_PAYMENT, row | columns)
        return self.ids[name]

    async def take_paid(self, name: str, **columns: object) -> UUID:
        """One whose money has arrived and was what was asked for."""
        paid = {"captured_amount": "100.00", "status": "SUCCEEDED", "disposition": "APPLIED", "closed_at": self.now}
        return await self.take(name, **{**paid, **columns})

    async def give_back(self, name: str, payment_id: UUID, amount: str = "10.00", **columns: object) -> UUID:
        """One refund, that is on its way unless said; its id."""
        self.ids[name] = new_id()
        row = {
            "id": self.ids[name], "payment_id": payment_id, "amount": amount, "currency": "USD", "status": "PENDING",
            "cause": "STAFF", "attempts": 0, "requested_at": self.now, "provider_refund_id": f"re_{name}",
        }  # fmt: skip
        await self._insert(_REFUND, row | columns)
        return self.ids[name]

    async def read(self, *columns: str, table: str = "payments") -> dict[str, tuple[Any, ...]]:
        """These columns of every row, by its name."""
        names = {row_id: name for name, row_id in self.ids.items()}
        async with self.database.read() as connection:
            rows = await connection.fetch(f"SELECT id, {', '.join(columns)} FROM {table}")
        return {names[row["id"]]: tuple(row.values())[1:] for row in rows}

    def names(self, ids: object) -> list[str]:
        names = {row_id: name for name, row_id in self.ids.items()}
        assert isinstance(ids, list)
        return [names[row_id] for row_id in ids]

    async def _insert(self, statement: str, row: dict[str, object]) -> None:
        told = {
            key: value if value is None or isinstance(value, bool | int) else str(value) for key, value in row.items()
        }
        async with self.database.read() as connection:
            await connection.execute(statement, told)
