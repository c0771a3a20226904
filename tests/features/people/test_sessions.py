"""Staying signed in: rotation, theft, signing out."""

import asyncio
from datetime import timedelta

import asyncpg
from tests.support.client import PASSWORD, StorefrontClient, read, refusal
from tests.support.waiting import eventually

from sojourn.people.auth.sessions import rotate
from sojourn.people.roles import Role
from sojourn.platform.db.listen import ACCOUNT_CHANGED
from sojourn.platform.http.context import SYSTEM_ORIGIN
from sojourn.platform.kit.clock import FrozenClock

COOKIE = "derlg_refresh"


async def _sign_in(client: StorefrontClient) -> tuple[StorefrontClient, str]:
    guest = await client.register()
    form = {"email": guest.email, "password": PASSWORD, "token_delivery": "body"}
    return guest, read(await client.visitor().post("/auth/login", json=form))["refresh_token"]


async def _refresh(client: StorefrontClient, token: str) -> int:
    return (await client.visitor().post("/auth/refresh", json={"refresh_token": token})).status_code


async def test_the_browsers_cookie_is_rotated(derlg: StorefrontClient) -> None:
    browser = await derlg.register()
    first = browser.cookies[COOKIE]
    body = read(await browser.post("/auth/refresh"))
    assert body["refresh_token"] is None
    assert browser.cookies[COOKIE] != first
    read(await derlg.get("/auth/me", headers={"Authorization": f"Bearer {body['access_token']}"}))


async def test_a_native_client_gets_its_token_in_the_body(derlg: StorefrontClient) -> None:
    _, token = await _sign_in(derlg)
    answer = await derlg.post("/auth/refresh", json={"refresh_token": token})
    assert read(answer)["refresh_token"] not in {None, token}
    assert "set-cookie" not in answer.headers


async def test_the_second_use_of_a_token_ends_its_session_for_good(derlg: StorefrontClient) -> None:
    _, stolen = await _sign_in(derlg)
    fresh = read(await derlg.post("/auth/refresh", json={"refresh_token": stolen}))["refresh_token"]
    again = await derlg.post("/auth/refresh", json={"refresh_token": stolen})
    assert refusal(again, 401) == "REFRESH_TOKEN_INVALID"
    assert await _refresh(derlg, fresh) == 401
    [act] = await derlg.rows("SELECT subject_id FROM audit_entries WHERE action = 'auth.refresh_token_reused'")
    assert act["subject_id"] is not None


async def test_a_theft_ends_one_session_not_the_others(derlg: StorefrontClient) -> None:
    guest, stolen = await _sign_in(derlg)
    await _refresh(derlg, stolen)
    await _refresh(derlg, stolen)
    read(await guest.post("/auth/refresh"))


async def test_of_many_refreshes_at_once_exactly_one_wins(derlg: StorefrontClient) -> None:
    _, token = await _sign_in(derlg)
    statuses = await asyncio.gather(*(_refresh(derlg, token) for _ in range(8)))
    assert sorted(statuses) == [200] + [401] * 7


async def test_a_session_lasts_seven_days_from_its_last_use(derlg: StorefrontClient, clock: FrozenClock) -> None:
    _, token = await _sign_in(derlg)
    clock.advance(timedelta(days=6, hours=23))
    token = read(await derlg.post("/auth/refresh", json={"refresh_token": token}))["refresh_token"]
    clock.advance(timedelta(days=6, hours=23))
    token = read(await derlg.post("/auth/refresh", json={"refresh_token": token}))["refresh_token"]
    clock.advance(timedelta(days=7))
    assert await _refresh(derlg, token) == 401


async def test_signing_out_ends_this_device(derlg: StorefrontClient) -> None:
    browser, other = await _sign_in(derlg)
    cookie = browser.cookies[COOKIE]
    answer = await browser.post("/auth/logout")
    assert answer.status_code == 200
    assert COOKIE not in browser.cookies
    assert await _refresh(derlg, cookie) == 401
    assert await _refresh(derlg, other) == 200
    assert (await browser.post("/auth/logout")).status_code == 200


async def test_signing_out_while_the_session_is_renewed_ends_it_all_the_same(derlg: StorefrontClient) -> None:
    browser, _ = await _sign_in(derlg)
    cookie, runtime = browser.cookies[COOKIE], derlg.runtime

    async def is_waiting() -> bool:
        waiting = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        return len(await derlg.rows(waiting)) == 1

    async with derlg.database.unit_of_work() as tx:
        renewed = await rotate(
            tx, refresh_token=cookie, secret=runtime.refresh_secret, now=runtime.clock.now(), origin=SYSTEM_ORIGIN
        )
        signing_out = asyncio.create_task(browser.post("/auth/logout"))
        await eventually(is_waiting)
    assert (await signing_out).status_code == 200
    assert renewed is not None
    assert await _refresh(derlg, renewed.refresh_token) == 401
    assert len(read(await browser.get("/auth/sessions"))) == 1


async def test_signing_out_everywhere_ends_access_tokens_too(derlg: StorefrontClient) -> None:
    browser, other = await _sign_in(derlg)
    assert (await browser.post("/auth/logout-all")).status_code == 200
    assert refusal(await browser.get("/auth/me"), 401) == "NOT_AUTHENTICATED"
    assert await _refresh(derlg, other) == 401


async def test_every_process_hears_of_an_account_that_changed(derlg: StorefrontClient) -> None:
    admin, guest = await derlg.sign_in_as(Role.ADMIN), await derlg.register()
    heard: list[str] = []
    listening = await asyncpg.connect(derlg.database.dsn)
    await listening.add_listener(
        ACCOUNT_CHANGED, lambda _connection, _pid, _channel, payload: heard.append(str(payload))
    )
    form = {"current_password": PASSWORD, "new_password": "another long pass phrase"}
    token = read(await guest.post("/auth/change-password", json=form))["access_token"]
    guest.headers["Authorization"] = f"Bearer {token}"
    read(await guest.patch("/users/me", json={"name": "Dara"}))
    read(await admin.patch(f"/admin/staff/{guest.user_id}", json={"role": "GUIDE"}))

    async def was_told() -> bool:
        return len(heard) == 3

    await eventually(was_told)
    assert set(heard) == {str(guest.user_id)}
    await listening.close()


async def test_devices_are_listed_and_ended_one_by_one(derlg: StorefrontClient) -> None:
    browser, phone = await _sign_in(derlg)
    stranger = await derlg.register()
    devices = read(await browser.get("/auth/sessions"))
    assert [device["is_current"] for device in devices] == [False, True]
    other = devices[0]["id"]
    assert refusal(await stranger.delete(f"/auth/sessions/{other}"), 404) == "NOT_FOUND"
    assert (await browser.delete(f"/auth/sessions/{other}")).status_code == 200
    assert await _refresh(derlg, phone) == 401
    assert len(read(await browser.get("/auth/sessions"))) == 1


async def test_every_device_but_this_one_is_signed_out(derlg: StorefrontClient) -> None:
    browser, phone = await _sign_in(derlg)
    stranger, theirs = await _sign_in(derlg)
    read(await browser.post("/auth/logout-others"))  # by its cookie
    assert await _refresh(derlg, phone) == 401
    assert [device["is_current"] for device in read(await browser.get("/auth/sessions"))] == [True]
    assert len(read(await stranger.get("/auth/sessions"))) == 2
    named = {"refresh_token": theirs}
    assert refusal(await browser.post("/auth/logout-others", json=named), 401) == "REFRESH_TOKEN_INVALID"
    read(await stranger.post("/auth/logout-others", json=named))
    assert await _refresh(derlg, theirs) == 200
    assert (await stranger.post("/auth/refresh")).status_code == 401


async def test_every_end_of_a_session_is_on_record(derlg: StorefrontClient) -> None:
    browser, _ = await _sign_in(derlg)
    for device in read(await browser.get("/auth/sessions")):
        if not device["is_current"]:
            read(await browser.delete(f"/auth/sessions/{device['id']}"))
    read(await browser.post("/auth/logout-others"))
    read(await browser.post("/auth/logout-all"))
    acts = await derlg.rows("SELECT action FROM audit_entries WHERE actor_id = $1 ORDER BY id", browser.user_id)
    ends = ["auth.session_ended", "auth.other_sessions_ended", "auth.signed_out_everywhere"]
    assert [act["action"] for act in acts][-3:] == ends


async def test_without_a_token_there_is_no_session(derlg: StorefrontClient) -> None:
    assert refusal(await derlg.visitor().post("/auth/refresh"), 401) == "REFRESH_TOKEN_INVALID"
    assert await _refresh(derlg, "x" * 43) == 401


async def test_answers_with_credentials_are_never_kept(derlg: StorefrontClient) -> None:
    guest = await derlg.register()
    form = {"email": guest.email, "password": PASSWORD, "token_delivery": "body"}
    headers = {"Idempotency-Key": "sign-in-1"}
    first, second = [read(await derlg.post("/auth/login", json=form, headers=headers)) for _ in range(2)]
    assert first["refresh_token"] != second["refresh_token"]
    assert await derlg.rows("SELECT key FROM idempotency_keys") == []
