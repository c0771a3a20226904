"""Years of sales written straight into the database, each at the moment a case needs."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from tests.support.client import StorefrontClient

from sojourn.platform.kit.ids import new_id, new_reference

TABLES = ("users", "services", "orders", "order_events", "bookings", "booking_changes", "payments", "documents",
          "resources", "consultations")  # fmt: skip


def at(text: str) -> datetime:
    """`2026-11-30 16:59` in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class Books:
    """What stands in one storefront's books. Every verb answers the row's id."""

    def __init__(self, client: StorefrontClient) -> None:
        self.client = client
        self._number = 0

    async def write(self, table: str, **values: Any) -> UUID:
        assert table in TABLES
        row = {"id": new_id()} | values if table != "order_events" else values
        names = ", ".join(row)
        places = ", ".join(f"${number}" for number in range(1, len(row) + 1))
        async with self.client.database.read() as connection:
            await connection.execute(f"INSERT INTO {table} ({names}) VALUES ({places})", *row.values())
        written: UUID = row.get("id") or row["order_id"]
        return written

    def _next(self) -> int:
        self._number += 1
        return self._number

    async def person(self, name: str, *, role: str = "CUSTOMER", **more: Any) -> UUID:
        now = at("2026-01-01 00:00")
        values = {
            "email": f"{name.split(maxsplit=1)[0].lower()}-{self._next()}@example.com", "name": name, "role": role,
            "referral_code": new_reference("REF"), "created_at": now, "updated_at": now,
        }  # fmt: skip
        return await self.write("users", **values | more)

    async def service(self, kind: str, title: str, price: int = 100) -> UUID:
        now = at("2026-01-01 00:00")
        return await self.write(
            "services", slug=title.lower().replace(" ", "-"), type=kind, title=title, description="A service.",
            price=price, service_fee=price, government_fee=0, created_at=now, updated_at=now,
        )  # fmt: skip

    async def order(
        self,
        user: UUID,
        service: UUID,
        *,
        kind: str,
        made: str,
        status: str = "CONFIRMED",
        total: int = 100,
        **more: Any,
    ) -> UUID:
        values = {
            "order_number": f"HT-2026-{self._next():06d}", "user_id": user, "service_id": service, "service_type": kind,
            "status": status, "title": f"A {kind.lower()} service", "currency": "USD", "total_amount": total,
            "service_fee": total, "government_fee": 0, "created_at": at(made), "updated_at": at(made),
            "customer_info": {"full_name": "Sok Dara", "email": "d@example.com", "phone": None, "country": None},
            "service_snapshot": {
                "id": str(service), "slug": "s", "type": kind, "title": "S", "title_km": None, "title_zh": None,
                "description": "d", "price": "1.00", "service_fee": "1.00", "government_fee": "0.00", "region": None,
                "features": [], "specs": {}, "checklist": [], "stages": [], "requires_consultant": False,
            },
        }  # fmt: skip
        return await self.write("orders", **values | more)

    async def booking(self, user: UUID, *, made: str, status: str = "CONFIRMED", total: int = 200, **more: Any) -> UUID:
        day = at("2027-01-20 00:00").date()
        values = {
            "booking_ref": f"DL-{self._next():06d}", "user_id": user, "booking_type": "PACKAGE", "status": status,
            "title": "Angkor", "snapshot": {}, "travel_date": day, "end_date": day, "time_zone": "Asia/Phnom_Penh",
            "people_count": 2, "pickup_location": "Lobby", "currency": "USD", "subtotal_usd": total,
            "total_usd": total, "cancellation_policy": {}, "created_at": at(made), "updated_at": at(made),
        }  # fmt: skip
        return await self.write("bookings", **values | more)

    async def document(self, user: UUID, order: UUID, *, handed_in: str, decided: str | None, **more: Any) -> UUID:
        """A picture for an order; `decided` None is one that still waits."""
        number = self._next()
        values = {
            "user_id": user, "order_id": order, "category": "PHOTO", "status": "VERIFIED" if decided else "PENDING",
            "file_name": "photo.jpg", "file_size": 1, "mime_type": "image/jpeg", "digest": str(number).encode(),
            "folder": f"documents/{number}", "has_thumbnail": False, "scan_status": "CLEAN",
            "verified_at": at(decided) if decided else None, "created_at": at(handed_in), "updated_at": at(handed_in),
        }  # fmt: skip
        return await self.write("documents", **values | more)

    async def consultation(self, order: UUID, user: UUID, consultant: UUID, *, starts: str, **more: Any) -> UUID:
        """A consultation that stands, of half an hour."""
        now = at("2026-01-01 00:00")
        resource = await self.write(
            "resources", kind="APPOINTMENT", owner_id=new_id(), name="Vy", capacity=1, created_at=now
        )
        values = {
            "order_id": order, "user_id": user, "consultant_id": consultant, "resource_id": resource,
            "scheduled_at": at(starts), "duration": 30, "time_zone": "Asia/Phnom_Penh", "status": "SCHEDULED",
            "created_at": now, "updated_at": now,
        }  # fmt: skip
        return await self.write("consultations", **values | more)

    async def payment(
        self, user: UUID, purchase: UUID, amount: int, *, paid: str | None, kind: str = "ORDER", refunded: int = 0,
        disposition: str | None = "APPLIED", is_live: bool = False, **more: Any,
    ) -> UUID:  # fmt: skip
        """A payment; `paid` None is an attempt that came to nothing."""
        moment = at(paid or "2026-11-15 00:00")
        values = {
            "purchase_kind": kind, "purchase_id": purchase, "user_id": user, "reference": f"R-{self._next()}",
            "provider": "stripe", "amount": amount, "currency": "USD", "status": "SUCCEEDED" if paid else "FAILED",
            "method": "CARD", "is_live": is_live, "captured_amount": amount if paid else 0,
            "refunded_amount": refunded, "disposition": disposition if paid else None,
            "paid_at": moment if paid else None, "closed_at": moment, "created_at": moment, "updated_at": moment,
        }  # fmt: skip
        return await self.write("payments", **values | more)
