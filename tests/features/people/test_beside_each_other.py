"""Two people with the same things: what one of them does leaves the other's alone."""

from tests.features.people.test_addresses import HOME
from tests.features.people.test_second_factor import HALF_MINUTE, answer, challenge, enrol
from tests.support.client import PASSWORD, StorefrontClient, read, refusal

from sojourn.platform.kit.clock import FrozenClock


async def test_second_factors(derlg: StorefrontClient, clock: FrozenClock) -> None:
    one, other = await derlg.register(), await derlg.register()
    app, codes = await enrol(one, clock)
    others_app, others_codes = await enrol(other, clock)

    waiting = await challenge(derlg, one.email)
    for theirs in (others_codes[0], others_app.code()):
        assert refusal(await answer(derlg.visitor(), waiting, theirs), 400) == "WRONG_CODE"
    read(await answer(derlg.visitor(), waiting, codes[0]))
    left = [read(await who.get("/auth/totp"))["recovery_codes_left"] for who in (one, other)]
    assert left == [9, 10]

    read(await one.post("/auth/totp/recovery-codes", json={"code": app.code()}))
    assert read(await other.get("/auth/totp"))["recovery_codes_left"] == 10
    clock.advance(HALF_MINUTE)
    read(await one.post("/auth/totp/disable", json={"code": app.code(), "current_password": PASSWORD}))
    assert read(await one.get("/auth/totp"))["is_enabled"] is False
    assert read(await other.get("/auth/totp"))["is_enabled"] is True
    read(await derlg.visitor().post("/auth/login", json={"email": one.email, "password": PASSWORD}))
    read(await answer(derlg.visitor(), await challenge(derlg, other.email), others_codes[0]))


async def test_address_books(derlg: StorefrontClient) -> None:
    one, other = await derlg.register(), await derlg.register()
    kept = read(await other.post("/users/me/addresses", json=HOME), 201)
    second = read(await other.post("/users/me/addresses", json={**HOME, "city": "Takeo"}), 201)
    first = read(await one.post("/users/me/addresses", json=HOME), 201)
    newer = read(await one.post("/users/me/addresses", json={**HOME, "city": "Kep", "is_default": True}), 201)

    async def defaults(who: StorefrontClient) -> list[tuple[str, bool]]:
        return [(entry["id"], entry["is_default"]) for entry in read(await who.get("/users/me/addresses"))]

    assert await defaults(other) == [(kept["id"], True), (second["id"], False)]
    assert (await one.delete(f"/users/me/addresses/{newer['id']}")).status_code == 200
    assert await defaults(one) == [(first["id"], True)]
    assert await defaults(other) == [(kept["id"], True), (second["id"], False)]
