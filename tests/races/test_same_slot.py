"""One slot, two customers; one session, two clicks. The control takes the lock out and both get the slot."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import httpx
import pytest
from tests.features.consultations.conftest import THURSDAY, WEEK, Practice, open_practice
from tests.races.test_last_seat import two_at_once, without_the_lock
from tests.support.client import StorefrontClient, read, refusal
from tests.support.system import System
from tests.support.waiting import eventually

from sojourn.care.consultations import service
from sojourn.care.consultations.models import ConsultationIn
from sojourn.care.consultations.rules import occupied_minutes
from sojourn.people.auth.access import find_standing
from sojourn.people.roles import Role
from sojourn.platform.db.database import Database
from sojourn.platform.http.context import SYSTEM_ORIGIN
from sojourn.platform.kit.ids import new_id
from sojourn.platform.storefront import ConsultationRules
from sojourn.providers.meetings.jitsi import JitsiRooms
from sojourn.sales.inventory import queries as inventory
from sojourn.sales.inventory.errors import SoldOut
from sojourn.sales.inventory.models import Claim
from sojourn.sales.purchases import PurchaseKind

RULES = ConsultationRules()
START = datetime(2026, 12, 3, 3, 0, tzinfo=UTC)
NOW = START - timedelta(days=2)
_WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


async def consultant(database: Database) -> UUID:
    resource_id = new_id()
    async with database.read() as connection:
        await connection.execute(
            "INSERT INTO resources (id, kind, owner_id, name, capacity, created_at) "
            "VALUES ($1, 'APPOINTMENT', $1, 'Chan Sophea', 1, $2)",
            resource_id, NOW,
        )  # fmt: skip
    return resource_id


async def take(connection: asyncpg.Connection, resource_id: UUID, start: datetime) -> None:
    claims = [
        Claim(resource_id=resource_id, day=step.date(), minute=step.hour * 60 + step.minute, quantity=1)
        for step in occupied_minutes(start, RULES)
    ]
    await inventory.take(
        connection, kind=PurchaseKind.CONSULTATION, purchase_id=new_id(), claims=claims, expires_at=None, now=NOW
    )


async def both_take(database: Database, resource_id: UUID) -> list[BaseException | None]:
    """Overlapping by a quarter of an hour; the first does not commit before the second waits, or has it too."""
    async with two_at_once(database) as (first, second):
        opened = first.transaction()
        await opened.start()
        await take(first, resource_id, START)
        waiting = asyncio.create_task(take(second, resource_id, START + timedelta(minutes=30)))
        async with database.read() as watcher, asyncio.timeout(5):
            while not waiting.done():
                if await watcher.fetchval(
                    "SELECT count(*) FROM pg_stat_activity WHERE pid = $1 AND wait_event_type = 'Lock'",
                    second.get_server_pid(),
                ):
                    break
                await asyncio.sleep(0.01)
        await opened.commit()
        return list(await asyncio.gather(waiting, return_exceptions=True))


class TestTheLock:
    async def test_the_second_waits_and_finds_the_slot_taken(self, database: Database) -> None:
        (outcome,) = await both_take(database, await consultant(database))
        assert isinstance(outcome, SoldOut)

    async def test_control_without_the_lock_both_get_it(self, database: Database) -> None:
        await without_the_lock(database)
        assert await both_take(database, await consultant(database)) == [None]


async def test_the_order_counts_its_sessions_one_after_the_other(holyone: StorefrontClient) -> None:
    practice, customer = await open_practice(holyone), await holyone.sign_in_as()
    order_id = await practice.order(customer, sessions=1)
    body = ConsultationIn.model_validate({"order_id": order_id, "starts_at": THURSDAY})
    async with holyone.database.unit_of_work() as first:
        actor = await find_standing(first, customer.user_id)
        assert actor is not None
        await service.book(
            first, actor=actor, body=body, storefront=holyone.storefront, rooms=JitsiRooms(base_url="https://x.example"),
            now=holyone.runtime.clock.now(), origin=SYSTEM_ORIGIN,
        )  # fmt: skip
        later = {"orderId": order_id, "startsAt": (THURSDAY + timedelta(hours=2)).isoformat()}
        second = asyncio.create_task(customer.post("/consultations", json=later))
        async with holyone.database.read() as watcher:

            async def waits_or_is_done() -> bool:
                return second.done() or bool(await watcher.fetchval(_WAITING))

            await eventually(waits_or_is_done)
    assert refusal(await second, 409) == "NO_SESSIONS_LEFT"


class TestAtTheDoor:
    @pytest.fixture
    async def practice(self, live_server: System) -> Practice:
        holyone = live_server.holyone
        staff = await holyone.sign_in_as(Role.CONSULTANT, name="Chan Sophea")
        practice = Practice(staff, await holyone.sign_in_as(Role.ADMIN), prefix=f"R{staff.user_id.hex[-8:]}")
        await practice.hours("00:00", "24:00", zone="UTC", days=(*WEEK, "SATURDAY", "SUNDAY"))
        return practice

    async def test_ten_customers_want_the_same_time(self, practice: Practice) -> None:
        at = in_three_days()
        customers = [await practice.office.visitor().sign_in_as() for _ in range(10)]
        orders = [await practice.order(customer) for customer in customers]

        async def book(customer: StorefrontClient, order_id: str) -> httpx.Response:
            return await customer.post("/consultations", json={"orderId": order_id, "startsAt": at})

        answers = await asyncio.gather(*map(book, customers, orders))
        assert sorted(answer.status_code for answer in answers) == [201] + [409] * 9
        assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"SLOT_TAKEN"}
        [row] = await practice.office.rows(
            "SELECT count(*) AS n FROM consultations WHERE consultant_id = $1", practice.consultant.user_id
        )
        assert row["n"] == 1

    async def test_one_session_is_booked_once(self, practice: Practice) -> None:
        customer = await practice.office.visitor().sign_in_as()
        order_id = await practice.order(customer, sessions=1)
        starts = [in_three_days(hours=n) for n in range(6)]
        answers = await asyncio.gather(
            *(customer.post("/consultations", json={"orderId": order_id, "startsAt": at}) for at in starts)
        )
        assert sorted(answer.status_code for answer in answers) == [201] + [409] * 5
        assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"NO_SESSIONS_LEFT"}

    async def test_the_eighth_place_of_a_day_is_given_once(self, practice: Practice) -> None:
        customers = [await practice.office.visitor().sign_in_as() for _ in range(12)]
        orders = [await practice.order(customer) for customer in customers]

        async def book(number: int) -> httpx.Response:
            body = {"orderId": orders[number], "startsAt": in_three_days(hours=number)}
            return await customers[number].post("/consultations", json=body)

        answers = await asyncio.gather(*(book(number) for number in range(12)))
        assert sorted(answer.status_code for answer in answers) == [201] * 8 + [409] * 4
        assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"SLOT_NOT_OFFERED"}

    async def test_two_moves_to_the_same_time(self, practice: Practice) -> None:
        booked = []
        for number in range(2):
            customer = await practice.office.visitor().sign_in_as()
            order_id = await practice.order(customer)
            body = {"orderId": order_id, "startsAt": in_three_days(hours=number)}
            booked.append((customer, read(await customer.post("/consultations", json=body), 201)["id"]))
        answers = await asyncio.gather(
            *(
                customer.post(f"/consultations/{one}/move", json={"startsAt": in_three_days(hours=5)})
                for customer, one in booked
            )
        )
        assert sorted(answer.status_code for answer in answers) == [200, 409]


def in_three_days(*, hours: int = 0) -> str:
    """The live server goes by the machine's clock."""
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return (midnight + timedelta(days=3, hours=hours)).isoformat()
