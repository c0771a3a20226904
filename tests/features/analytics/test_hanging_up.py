"""A file is sent from a cursor: who hangs up in the middle must not keep the connection behind it."""

import pytest
from tests.features.analytics.grown import grow
from tests.support.client import read
from tests.support.databases import TemplateServer
from tests.support.system import system_over_tcp

from sojourn.people.roles import Role

MORE_THAN_THE_POOL_HOLDS = 15


@pytest.mark.slow
async def test_a_reader_who_hangs_up_keeps_nothing(postgres: TemplateServer, sandbox: str) -> None:
    async with system_over_tcp(postgres, sandbox=sandbox, overrides={}) as system:
        await grow(system.holyone)
        office = await system.holyone.sign_in_as(Role.ADMIN)
        for _ in range(MORE_THAN_THE_POOL_HOLDS):
            async with office.stream("GET", "/admin/figures/total_orders", params={"format": "csv"}) as answer:
                assert answer.status_code == 200
                first = await anext(answer.aiter_bytes())
                assert first.startswith(b"\xef\xbb\xbf")
        assert read(await office.get("/admin/customers"))["total"] > 19_000
