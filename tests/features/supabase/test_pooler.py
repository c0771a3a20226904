"""Behind a pooler in transaction mode, as Supabase's port 6543 is: every request may meet another connection."""

import asyncio
from typing import Any

import pytest
from tests.support.client import PASSWORD, StorefrontClient, read
from tests.support.databases import TemplateServer
from tests.support.selling import events_of, open_intent, pay, put_trip_on_sale, tell
from tests.support.servers import PGBOUNCER, run_pooler
from tests.support.system import application

from sojourn.people.roles import Role
from sojourn.platform.kit.clock import FrozenClock

pytestmark = pytest.mark.skipif(PGBOUNCER is None, reason="NO POOLER WAS TESTED: install pgbouncer")


async def _live(client: StorefrontClient, trip_id: str) -> tuple[StorefrontClient, str]:
    guest = await client.register()
    read(await client.visitor().post("/auth/login", json={"email": guest.email, "password": PASSWORD}))
    assert read(await guest.get("/trips"))
    wanted = {"trip_id": trip_id, "travel_date": "2027-02-01", "people_count": 1, "pickup_location": "Lobby"}
    booking = read(await guest.post("/bookings", json=wanted), 201)
    assert booking["status"] == "RESERVED"
    assert [b["id"] for b in read(await guest.get("/bookings/my"))] == [booking["id"]]
    return guest, booking["id"]


async def _paid(guest: StorefrontClient, booking_id: str, sandbox: str) -> dict[str, Any]:
    intent_id = (await open_intent(guest, booking_id=booking_id))["payment_intent_id"]
    (await pay(sandbox, intent_id)).raise_for_status()
    events = await events_of(sandbox, intent_id)
    return next(event for event in events if event["type"] == "payment_intent.succeeded")


async def test_a_storefront_works_through_it(postgres: TemplateServer, sandbox: str, clock: FrozenClock) -> None:
    async with postgres.clone() as direct:
        with run_pooler(direct) as pooled:
            overrides = {"DIRECT_URL": direct, "DATABASE_THROUGH_POOLER": "true"}
            async with application({"derlg": pooled}, sandbox=sandbox, clock=clock, overrides=overrides) as system:
                admin = await system.derlg.sign_in_as(Role.ADMIN)
                trip_id = str(await put_trip_on_sale(admin, seats=100))
                # More at once than there are connections, again and again: what one leaves behind, another would meet.
                for _ in range(2):
                    held = await asyncio.gather(*(_live(system.derlg, trip_id) for _ in range(6)))
                    events = await asyncio.gather(*(_paid(guest, booking_id, sandbox) for guest, booking_id in held))
                    told = await asyncio.gather(*(tell(system.derlg, event) for event in events))
                    assert {read(answer)["status"] for answer in told} == {"processed"}
                    for guest, booking_id in held:
                        assert read(await guest.get(f"/bookings/{booking_id}"))["status"] == "CONFIRMED"
