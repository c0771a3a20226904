"""Somebody registers, errs, forgets, comes by Google, gets an app and signs out, beside others who have all that."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.features.people.conftest import Queued
from tests.features.people.google import sign_in, visit
from tests.features.people.test_second_factor import HALF_MINUTE, answer, challenge, enrol
from tests.support.bystanders import nobody_else_is_touched
from tests.support.client import PASSWORD, StorefrontClient, read, refusal

from sojourn.people.effects import PASSWORD_RESET, VERIFY_EMAIL
from sojourn.people.roles import Role
from sojourn.platform.kit.clock import FrozenClock

NEW_PASSWORD = "another long pass phrase"


@dataclass(frozen=True)
class Door:
    """The ways in, for whoever comes."""

    derlg: StorefrontClient
    queued: Queued
    send_links: Callable[[StorefrontClient], Awaitable[None]]
    clock: FrozenClock

    async def login(self, who: StorefrontClient, password: str = PASSWORD) -> str:
        form = {"email": who.email, "password": password, "token_delivery": "body"}
        token: str = read(await self.derlg.visitor().post("/auth/login", json=form))["refresh_token"]
        return token

    async def err(self, who: StorefrontClient) -> None:
        form = {"email": who.email, "password": "wrong"}
        assert refusal(await self.derlg.visitor().post("/auth/login", json=form), 401) == "INVALID_CREDENTIALS"

    async def forget(self, who: StorefrontClient) -> str:
        read(await self.derlg.visitor().post("/auth/forgot-password", json={"email": who.email}), 202)
        await self.send_links(self.derlg)
        secret: str = (await self.queued(self.derlg, PASSWORD_RESET))[-1]["secret"]
        return secret

    async def come_by_google(self, email: str) -> None:
        await sign_in(self.derlg.visitor(), email=email)

    async def fill(self) -> None:
        """Two who have something of everything: links, failures, sessions, an attempt and a challenge that wait."""
        derlg = self.derlg
        resting, with_app = await derlg.register(), await derlg.register()
        await self.login(resting)
        await self.come_by_google("resting@gmail.example")
        await visit(derlg.visitor())
        _, codes = await enrol(with_app, self.clock)
        read(await answer(derlg.visitor(), await challenge(derlg.visitor(), with_app.email), codes[0]))
        await challenge(derlg.visitor(), with_app.email)
        for who in (resting, with_app):
            await self.err(who)
            await self.forget(who)

    async def use_passwords(self) -> StorefrontClient:
        derlg = self.derlg
        guest = await derlg.register()
        mail = (await self.queued(derlg, VERIFY_EMAIL))[-1]
        read(await derlg.post("/auth/verify-email", json={"token": mail["secret"]}), 204)
        await self.err(guest)
        stolen = await self.login(guest)
        read(await derlg.visitor().post("/auth/refresh", json={"refresh_token": stolen}))
        again = await derlg.visitor().post("/auth/refresh", json={"refresh_token": stolen})
        assert refusal(again, 401) == "REFRESH_TOKEN_INVALID"
        await self.err(guest)
        form = {"token": await self.forget(guest), "password": NEW_PASSWORD}
        read(await derlg.post("/auth/reset-password", json=form), 204)
        entered = read(await guest.post("/auth/login", json={"email": guest.email, "password": NEW_PASSWORD}))
        guest.headers["Authorization"] = f"Bearer {entered['access_token']}"
        form = {"current_password": NEW_PASSWORD, "new_password": PASSWORD}
        changed = read(await guest.post("/auth/change-password", json=form))
        guest.headers["Authorization"] = f"Bearer {changed['access_token']}"
        for _ in range(2):
            await self.login(guest)
        ended = next(one for one in read(await guest.get("/auth/sessions")) if not one["is_current"])
        read(await guest.delete(f"/auth/sessions/{ended['id']}"), 204)
        read(await guest.post("/auth/logout-others"), 204)
        return guest

    async def use_an_app(self, guest: StorefrontClient) -> None:
        derlg = self.derlg
        app, codes = await enrol(guest, self.clock)
        token = await challenge(derlg.visitor(), guest.email)
        assert refusal(await answer(derlg.visitor(), token, "000000"), 400) == "WRONG_CODE"
        read(await answer(derlg.visitor(), token, codes[0]))
        read(await guest.post("/auth/totp/recovery-codes", json={"code": app.code()}))
        self.clock.advance(HALF_MINUTE)
        read(await guest.post("/auth/totp/disable", json={"code": app.code(), "current_password": PASSWORD}), 204)
        read(await guest.post("/auth/logout-all"), 204)

    async def hand_over(self, admin: StorefrontClient) -> None:
        derlg = self.derlg
        squatter = await derlg.register(email="squatter@gmail.example")
        await self.come_by_google("squatter@gmail.example")
        assert refusal(await squatter.get("/auth/me"), 401) == "NOT_AUTHENTICATED"
        other = await derlg.register()
        await enrol(other, self.clock)
        read(await admin.delete(f"/admin/staff/{other.user_id}/totp"), 204)
        await self.come_by_google("newcomer@gmail.example")


async def test_other_accounts_stay_as_they_are(
    derlg: StorefrontClient, queued: Queued, send_links: Callable[[StorefrontClient], Awaitable[None]],
    clock: FrozenClock,
) -> None:  # fmt: skip
    door = Door(derlg, queued, send_links, clock)
    admin = await derlg.sign_in_as(Role.ADMIN)
    await door.fill()
    async with nobody_else_is_touched(derlg):
        guest = await door.use_passwords()
        await door.use_an_app(guest)
        await door.hand_over(admin)
