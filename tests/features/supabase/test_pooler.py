"""Behind a pooler in transaction mode, as Supabase's port 6543 is: every request may meet another connection."""

import asyncio

import pytest
from tests.support.client import PASSWORD, StorefrontClient, read
from tests.support.databases import TemplateServer
from tests.support.selling import put_trip_on_sale
from tests.support.servers import PGBOUNCER, run_pooler
from tests.support.system import application

from sojourn.people.roles import Role
from sojourn.platform.kit.clock import FrozenClock

pytestmark = pytest.mark.skipif(PGBOUNCER is None, reason="NO POOLER WAS TESTED: install pgbouncer")


async def _live(client: StorefrontClient, trip_id: str) -> None:
    guest = await client.register()
    read(await client.visitor().post("/auth/login", json={"email": guest.email, "password": PASSWORD}))
    assert read(await guest.get("/trips"))
    wanted = {"trip_id": trip_id, "travel_date": "2027-02-01", "people_count": 1, "pickup_location": "Lobby"}
    booking = read(await guest.post("/bookings", json=wanted), 201)
    assert booking["status"] == "RESERVED"
    assert [b["id"] for b in read(await guest.get("/bookings/my"))] == [booking["id"]]


async def test_a_storefront_works_through_it(postgres: TemplateServer, sandbox: str, clock: FrozenClock) -> None:
    async with postgres.clone() as direct:
        with run_pooler(direct) as pooled:
            overrides = {"DIRECT_URL": direct, "DATABASE_THROUGH_POOLER": "true"}
            async with application({"derlg": pooled}, sandbox=sandbox, clock=clock, overrides=overrides) as system:
                admin = await system.derlg.sign_in_as(Role.ADMIN)
                trip_id = str(await put_trip_on_sale(admin, seats=100))
                # More at once than there are connections, again and again: what one leaves behind, another would meet.
                for _ in range(2):
                    await asyncio.gather(*(_live(system.derlg, trip_id) for _ in range(6)))
