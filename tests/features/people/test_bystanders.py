"""Somebody registers, errs, forgets, comes by Google, gets an app and signs out, beside others who have all that."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from tests.features.people.conftest import Queued
from tests.features.people.google import sign_in, visit
from tests.features.people.test_second_factor import HALF_MINUTE, answer, challenge, enrol
from tests.support.bystanders import nobody_else_is_touched
from tests.support.client import PASSWORD, StorefrontClient, read, refusal

from sojourn.people.effects import PASSWORD_RESET, VERIFY_EMAIL
from sojourn.people.roles import Role
from sojourn.platform.kit.clock import FrozenClock

NEW_PASSWORD = "another long pass phrase"
# A device under each session.
_DEVICES = """
INSERT INTO devices (id, user_id, session_id, token, platform, registered_at, last_seen_at)
SELECT gen_random_uuid(), user_id, family_id, gen_random_uuid()::text, 'ios', now(), now()
  FROM (SELECT DISTINCT user_id, family_id FROM refresh_tokens WHERE $1::uuid IS NULL OR user_id = $1) AS sessions
"""
_DEVICES_OF = "SELECT id FROM devices WHERE user_id = $1"


class Door:
    """What people do there."""

    def __init__(
        self, derlg: StorefrontClient, queued: Queued, send_links: Callable[[StorefrontClient], Awaitable[None]]
    ) -> None:
        self.derlg, self.queued, self._send_links = derlg, queued, send_links

    async def login(self, who: StorefrontClient, password: str = PASSWORD) -> str:
        """The refresh token of a device of its own."""
        form = {"email": who.email, "password": password, "token_delivery": "body"}
        token: str = read(await self.derlg.visitor().post("/auth/login", json=form))["refresh_token"]
        return token

    async def err(self, who: StorefrontClient) -> None:
        form = {"email": who.email, "password": "wrong"}
        assert refusal(await self.derlg.visitor().post("/auth/login", json=form), 401) == "INVALID_CREDENTIALS"

    async def forget(self, who: StorefrontClient) -> str:
        """The secret of the link that is mailed."""
        read(await self.derlg.visitor().post("/auth/forgot-password", json={"email": who.email}), 202)
        await self._send_links(self.derlg)
        secret: str = (await self.queued(self.derlg, PASSWORD_RESET))[-1]["secret"]
        return secret

    async def come_by_google(self, email: str) -> None:
        await sign_in(self.derlg.visitor(), email=email)


@pytest.fixture
async def beside(
    derlg: StorefrontClient, queued: Queued, send_links: Callable[[StorefrontClient], Awaitable[None]],
    clock: FrozenClock,
) -> AsyncIterator[Door]:  # fmt: skip
    """Two have something of everything: links, failures, sessions, an attempt and a challenge that wait. At the end of
    the test it is as it was."""
    door = Door(derlg, queued, send_links)
    resting, with_app = await derlg.register(), await derlg.register()
    await door.login(resting)
    await door.come_by_google("resting@gmail.example")
    await visit(derlg.visitor())
    _, codes = await enrol(with_app, clock)
    read(await answer(derlg.visitor(), await challenge(derlg.visitor(), with_app.email), codes[0]))
    await challenge(derlg.visitor(), with_app.email)
    for who in (resting, with_app):
        await door.err(who)
        await door.forget(who)
    await derlg.rows(_DEVICES, None)
    async with nobody_else_is_touched(derlg):
        yield door


async def test_passwords_and_sessions(beside: Door, derlg: StorefrontClient) -> None:
    guest = await derlg.register()
    mail = (await beside.queued(derlg, VERIFY_EMAIL))[-1]
    read(await derlg.post("/auth/verify-email", json={"token": mail["secret"]}))
    await beside.err(guest)
    stolen = await beside.login(guest)
    read(await derlg.visitor().post("/auth/refresh", json={"refresh_token": stolen}))
    again = await derlg.visitor().post("/auth/refresh", json={"refresh_token": stolen})
    assert refusal(again, 401) == "REFRESH_TOKEN_INVALID"
    await beside.err(guest)
    form = {"token": await beside.forget(guest), "password": NEW_PASSWORD}
    read(await derlg.post("/auth/reset-password", json=form))
    entered = read(await guest.post("/auth/login", json={"email": guest.email, "password": NEW_PASSWORD}))
    guest.headers["Authorization"] = f"Bearer {entered['access_token']}"
    form = {"current_password": NEW_PASSWORD, "new_password": PASSWORD}
    changed = read(await guest.post("/auth/change-password", json=form))
    guest.headers["Authorization"] = f"Bearer {changed['access_token']}"
    for _ in range(2):
        await beside.login(guest)
    await derlg.rows(_DEVICES, guest.user_id)
    before = len(await derlg.rows(_DEVICES_OF, guest.user_id))
    ended = next(one for one in read(await guest.get("/auth/sessions")) if not one["is_current"])
    read(await guest.delete(f"/auth/sessions/{ended['id']}"))
    assert len(read(await guest.get("/auth/sessions"))) == 2
    assert len(await derlg.rows(_DEVICES_OF, guest.user_id)) == before - 1
    read(await guest.post("/auth/logout-others"))
    assert len(read(await guest.get("/auth/sessions"))) == 1
    assert len(await derlg.rows(_DEVICES_OF, guest.user_id)) == 1
    read(await guest.post("/auth/logout-all"))
    assert await derlg.rows(_DEVICES_OF, guest.user_id) == []


async def test_second_factors(beside: Door, derlg: StorefrontClient, clock: FrozenClock) -> None:
    guest, admin = await derlg.register(), await derlg.sign_in_as(Role.ADMIN)
    app, codes = await enrol(guest, clock)
    token = await challenge(derlg.visitor(), guest.email)
    assert refusal(await answer(derlg.visitor(), token, "000000"), 400) == "WRONG_CODE"
    read(await answer(derlg.visitor(), token, codes[0]))
    read(await guest.post("/auth/totp/recovery-codes", json={"code": app.code()}))
    clock.advance(HALF_MINUTE)
    read(await guest.post("/auth/totp/disable", json={"code": app.code(), "current_password": PASSWORD}))
    await enrol(guest, clock)
    read(await admin.delete(f"/admin/staff/{guest.user_id}/totp"))
    await beside.login(guest)


async def test_google(beside: Door, derlg: StorefrontClient) -> None:
    squatter = await derlg.register(email="squatter@gmail.example")
    await beside.come_by_google("squatter@gmail.example")
    assert refusal(await squatter.get("/auth/me"), 401) == "NOT_AUTHENTICATED"
    await beside.come_by_google("newcomer@gmail.example")
