"""Where staff may work from."""

import pytest
from tests.conftest import StartSystem
from tests.support.client import read, refusal

from sojourn.people.auth.networks import is_within
from sojourn.people.roles import STAFF, Role
from sojourn.settings import SettingsError


async def test_staff_work_from_their_networks_only(start_system: StartSystem) -> None:
    async with start_system(STAFF_ALLOWED_NETWORKS="203.0.113.0/24, 2001:db8::/32", FORWARDED_HOPS="1") as system:
        people = [await system.derlg.sign_in_as(role) for role in sorted(STAFF)]
        customer = await system.derlg.sign_in_as()
        for person in people:
            for inside in ("203.0.113.7", "2001:db8::7", "::ffff:203.0.113.9"):
                read(await person.get("/auth/me", headers={"X-Forwarded-For": inside}))
            # The outermost trusted proxy's word counts, not what the caller put before it.
            for outside in ("198.51.100.1", "203.0.113.7, 198.51.100.1", "2001:db9::1", "nonsense", ""):
                answer = await person.get("/auth/me", headers={"X-Forwarded-For": outside})
                assert refusal(answer, 403) == "NETWORK_NOT_ALLOWED"
                answer = await person.post("/auth/totp", headers={"X-Forwarded-For": outside})
                assert refusal(answer, 403) == "NETWORK_NOT_ALLOWED"
        read(await customer.get("/auth/me", headers={"X-Forwarded-For": "198.51.100.1"}))


async def test_without_trusted_proxies_the_header_is_nobodys_word(start_system: StartSystem) -> None:
    async with start_system(STAFF_ALLOWED_NETWORKS="203.0.113.0/24") as system:
        admin = await system.derlg.sign_in_as(Role.ADMIN)
        answer = await admin.get("/auth/me", headers={"X-Forwarded-For": "203.0.113.7"})
        assert refusal(answer, 403) == "NETWORK_NOT_ALLOWED"


@pytest.mark.parametrize("networks", ["203.0.113.7/24", "everywhere", "10.0.0.0/33"])
async def test_networks_that_cannot_be_read_stop_the_start(start_system: StartSystem, networks: str) -> None:
    with pytest.raises(SettingsError, match="STAFF_ALLOWED_NETWORKS"):
        async with start_system(STAFF_ALLOWED_NETWORKS=networks):
            pass


def test_what_is_no_address_lies_nowhere() -> None:
    assert not is_within("unknown", ())
