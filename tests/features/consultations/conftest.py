"""A consultant with hours, and customers with paid orders."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from tests.contract.conftest import Contract, read_document
from tests.support.client import StorefrontClient, read
from tests.support.system import System
from tests.support.work import work_for

from sojourn.people.roles import Role
from sojourn.platform.kit.ids import new_id
from sojourn.providers.work import Work

Json = dict[str, Any]

WEEK = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY")
# The clock stands on Tuesday 2026-12-01, 10:00 in Phnom Penh: this is Thursday, 10:00.
THURSDAY = datetime(2026, 12, 3, 3, 0, tzinfo=UTC)

_INSERT_SERVICE = """
INSERT INTO services (id, slug, type, title, description, price, service_fee, government_fee, created_at, updated_at)
VALUES ($1, $2, 'MAIN', 'Professional visa package', 'All of it', 299, 299, 0, now(), now()) RETURNING id
"""
_INSERT_ORDER = """
INSERT INTO orders (id, order_number, user_id, service_id, service_type, status, title, quantity, currency,
                    total_amount, service_fee, government_fee, customer_info, service_snapshot, consultant_id, language,
                    created_at, updated_at)
VALUES ($1, $2, $3, $4, 'MAIN', $5, 'Professional visa package', $6, 'USD', 299, 299, 0,
        '{"full_name": "Sok Dara", "email": "dara@example.com", "phone": null, "country": null}', $7, $8, $9,
        now(), now()) RETURNING id
"""
# Of what was sold, beside its sessions.
_SNAPSHOT: Json = {
    "slug": "package", "type": "MAIN", "title": "Professional visa package", "title_km": None, "title_zh": "专业套餐",
    "description": "All of it", "price": "299.00", "service_fee": "299.00", "government_fee": "0.00", "region": None,
    "features": [], "checklist": [], "stages": [], "requires_consultant": True,
}  # fmt: skip


class Practice:
    """Holyone, with a consultant who is there from nine to five."""

    def __init__(self, consultant: StorefrontClient, office: StorefrontClient, *, prefix: str = "HT") -> None:
        self.consultant = consultant
        self.office = office
        self._prefix = prefix
        self._number = 0

    async def order(
        self, customer: StorefrontClient, *, status: str = "CONFIRMED", sessions: int = 2, quantity: int = 1,
        consultant: UUID | None = None, is_assigned: bool = True, language: str = "en",
    ) -> str:  # fmt: skip
        """A paid order with sessions, looked after by the consultant."""
        self._number += 1
        [service] = await self.office.rows(_INSERT_SERVICE, new_id(), f"package-{self._prefix.lower()}-{self._number}")
        looked_after_by = (consultant or self.consultant.user_id) if is_assigned else None
        number = f"{self._prefix}-2026-{self._number:06}"
        [order] = await self.office.rows(
            _INSERT_ORDER, new_id(), number, customer.user_id, service["id"], status, quantity,
            {**_SNAPSHOT, "id": str(service["id"]), "specs": {"consultations_included": sessions}}, looked_after_by,
            language,
        )  # fmt: skip
        return str(order["id"])

    async def hours(
        self, starts: str = "09:00", ends: str = "17:00", *, zone: str = "Asia/Phnom_Penh",
        days: tuple[str, ...] = WEEK, by: StorefrontClient | None = None,
    ) -> Json:  # fmt: skip
        body = {"timeZone": zone, "weekly": {day: [{"starts": starts, "ends": ends}] for day in days}}
        answer: Json = read(await (by or self.consultant).put("/consultants/me/hours", json=body))
        return answer

    async def book(self, customer: StorefrontClient, order_id: str, at: datetime = THURSDAY, **more: object) -> Json:
        body = {"orderId": order_id, "startsAt": at.isoformat(), **more}
        booked: Json = read(await customer.post("/consultations", json=body), 201)
        return booked

    async def slots(self, reader: StorefrontClient, day: str, **params: str) -> list[str]:
        """The free starts of one day, as the reader's clock tells them."""
        if not params.keys() & {"orderId", "consultantId"}:
            params["consultantId"] = str(self.consultant.user_id)
        found = read(await reader.get("/consultations/slots", params={"from": day, "to": day, **params}))
        return [slot["localStartsAt"] for slot in found["items"]]


@pytest.fixture
async def holyone(holyone: StorefrontClient) -> StorefrontClient:
    """Every answer in this folder is held against the storefront's OpenAPI document."""
    transport, origin = holyone._own
    judged = Contract(transport, await read_document(holyone))
    return StorefrontClient(holyone.runtime, judged, origin=origin)


StartSystem = Callable[..., AbstractAsyncContextManager[System]]
StartPractice = Callable[..., AbstractAsyncContextManager[Practice]]


async def open_practice(storefront: StorefrontClient) -> Practice:
    consultant = await storefront.sign_in_as(Role.CONSULTANT, name="Chan Sophea")
    practice = Practice(consultant, await storefront.sign_in_as(Role.ADMIN, name="Office"))
    await practice.hours()
    return practice


@pytest.fixture
async def practice(holyone: StorefrontClient) -> Practice:
    return await open_practice(holyone)


@pytest.fixture
def start_practice(start_system: StartSystem) -> StartPractice:
    """For a test that needs other settings."""

    @asynccontextmanager
    async def start(**overrides: str) -> AsyncIterator[Practice]:
        async with start_system(**overrides) as system:
            yield await open_practice(system.holyone)

    return start


@pytest.fixture
async def customer(holyone: StorefrontClient) -> StorefrontClient:
    return await holyone.sign_in_as()


@pytest.fixture
async def work(holyone: StorefrontClient, sandbox: str) -> AsyncIterator[Work]:
    """What Holyone's worker has to work with."""
    async with work_for(holyone, sandbox) as opened:
        yield opened
