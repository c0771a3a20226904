"""Signing in, and what keeps others from it."""

from datetime import timedelta

from tests.support.client import PASSWORD, StorefrontClient, read, refusal

from sojourn.platform.kit.clock import FrozenClock


async def test_signing_in_answers_the_pair_and_the_account(derlg: StorefrontClient) -> None:
    guest = await derlg.register()
    body = read(await derlg.post("/auth/login", json={"email": guest.email.upper(), "password": PASSWORD}))
    assert body["user"]["id"] == str(guest.user_id)
    me = await derlg.get("/auth/me", headers={"Authorization": f"Bearer {body['access_token']}"})
    assert read(me)["email"] == guest.email


async def test_nobody_learns_whether_an_address_has_an_account(holyone: StorefrontClient) -> None:
    guest = await holyone.register()
    wrong = await holyone.post("/auth/login", json={"email": guest.email, "password": "not my password"})
    unknown = await holyone.post("/auth/login", json={"email": "nobody@example.com", "password": "not my password"})
    assert refusal(wrong, 401) == refusal(unknown, 401) == "INVALID_CREDENTIALS"
    without_id = [{k: v for k, v in answer.json().items() if k != "requestId"} for answer in (wrong, unknown)]
    assert without_id[0] == without_id[1]


async def test_five_failures_lock_the_name_for_fifteen_minutes(derlg: StorefrontClient, clock: FrozenClock) -> None:
    guest = await derlg.register()
    for email in (guest.email, "nobody@example.com"):
        for _ in range(5):
            assert (await derlg.post("/auth/login", json={"email": email, "password": "wrong"})).status_code == 401
        locked = await derlg.post("/auth/login", json={"email": email, "password": PASSWORD})
        assert refusal(locked, 429) == "ACCOUNT_LOCKED"
        assert locked.headers["retry-after"] == "900"
    clock.advance(timedelta(minutes=15))
    read(await derlg.post("/auth/login", json={"email": guest.email, "password": PASSWORD}))


async def test_the_cookie_is_for_the_auth_path_only(derlg: StorefrontClient) -> None:
    guest = await derlg.register()
    answer = await derlg.visitor().post("/auth/login", json={"email": guest.email, "password": PASSWORD})
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith("derlg_refresh=")
    for part in ("httponly", "samesite=strict", "path=/v1/auth", "max-age=604800"):
        assert part in cookie
