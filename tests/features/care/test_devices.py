"""Which devices somebody is reached on, and until when."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from tests.conftest import StartSystem
from tests.support.client import PASSWORD, StorefrontClient, faulty_fields, read, refusal

from sojourn.care.devices.queries import find_token
from sojourn.desk.privacy.erasure import forget_the_deleted
from sojourn.platform.kit.clock import FrozenClock
from sojourn.platform.kit.ids import new_id

PATH = "/notifications/devices"
WHOSE = "SELECT user_id FROM devices WHERE token = $1"


async def register(who: StorefrontClient, token: str | None = None, **more: object) -> Any:
    body = {"token": token or f"token-{new_id()}", "platform": "android", **more}
    return read(await who.post(PATH, json=body), 201)


async def test_a_device_is_registered_seen_again_and_forgotten(derlg: StorefrontClient, clock: FrozenClock) -> None:
    guest = await derlg.sign_in_as()
    first = await register(guest, "a", language="km", app_version="2.4.1")
    assert (first["platform"], first["language"], first["app_version"]) == ("android", "km", "2.4.1")
    assert "token" not in first
    clock.advance(timedelta(days=1))
    again = await register(guest, "a", platform="ios", app_version="2.5.0")
    assert (again["id"], again["platform"], again["language"]) == (first["id"], "ios", None)
    assert (again["registered_at"], again["last_seen_at"]) == (first["registered_at"], "2026-12-02T03:00:00Z")
    other = await register(guest, "b")
    answer = await guest.get(PATH)
    assert [device["id"] for device in read(answer)] in ([other["id"], first["id"]], [first["id"], other["id"]])
    read(await guest.delete(f"{PATH}/{first['id']}"))
    assert refusal(await guest.delete(f"{PATH}/{first['id']}"), 404) == "DEVICE_NOT_FOUND"
    assert [device["id"] for device in read(await guest.get(PATH))] == [other["id"]]


async def test_a_list_is_one_statement(derlg: StorefrontClient) -> None:
    guest = await derlg.sign_in_as()
    for _ in range(3):
        await register(guest)
    await guest.get(PATH)
    async with guest.statements() as statements:
        assert len(read(await guest.get(PATH))) == 3
    assert len(statements) == 1


async def test_holyone_speaks_of_app_versions_in_camel_case(holyone: StorefrontClient) -> None:
    guest = await holyone.sign_in_as()
    made = read(await guest.post(PATH, json={"token": "h", "platform": "web", "appVersion": "1"}), 201)
    assert (made["appVersion"], made["isCurrent"]) == ("1", True)


async def test_somebody_elses_device_does_not_exist(derlg: StorefrontClient) -> None:
    owner, other = await derlg.sign_in_as(), await derlg.sign_in_as()
    device = await register(owner)
    assert refusal(await other.delete(f"{PATH}/{device['id']}"), 404) == "DEVICE_NOT_FOUND"
    assert read(await other.get(PATH)) == []
    assert refusal(await other.delete(f"{PATH}/{uuid4()}"), 404) == "DEVICE_NOT_FOUND"
    assert refusal(await derlg.get(PATH), 401) == "NOT_AUTHENTICATED"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"token": ""}, "token"),
        ({"token": "a b"}, "token"),
        ({"token": "x" * 1025}, "token"),
        ({"platform": "symbian"}, "platform"),
        ({"language": "xx"}, "language"),
        ({"app_version": "<b>"}, "app_version"),
        ({"user_id": "me"}, "user_id"),
    ],
    ids=["empty", "blank inside", "too long", "platform", "language", "version", "unknown"],
)
async def test_what_is_no_device(derlg: StorefrontClient, change: dict[str, str], field: str) -> None:
    guest = await derlg.sign_in_as()
    answer = await guest.post(PATH, json={"token": "a", "platform": "ios"} | change)
    assert faulty_fields(answer) == [field]


async def test_a_token_belongs_to_who_registered_it_last(derlg: StorefrontClient) -> None:
    first, second = await derlg.sign_in_as(), await derlg.sign_in_as()
    device = await register(first, "shared")
    moved = await register(second, "shared")
    assert moved["id"] != device["id"]
    assert read(await first.get(PATH)) == []
    assert [row["user_id"] for row in await derlg.rows(WHOSE, "shared")] == [second.user_id]


async def test_many_who_register_one_token_at_once_leave_one_owner(derlg: StorefrontClient) -> None:
    guests = [await derlg.sign_in_as() for _ in range(6)]
    made = await asyncio.gather(*(register(guest, "wanted") for guest in guests for _ in range(2)))
    assert len(made) == 12
    assert len(await derlg.rows(WHOSE, "wanted")) == 1


async def test_ten_devices_are_known_the_one_seen_longest_ago_makes_room(
    derlg: StorefrontClient, clock: FrozenClock
) -> None:
    guest, other = await derlg.sign_in_as(), await derlg.sign_in_as()
    await register(other, "of-another")
    clock.advance(timedelta(minutes=1))
    for number in range(10):
        await register(guest, f"n{number}")
        clock.advance(timedelta(minutes=1))
    await register(guest, "n0")
    clock.advance(timedelta(minutes=1))
    await register(guest, "n10")
    tokens = {row["token"] for row in await derlg.rows("SELECT token FROM devices WHERE user_id = $1", guest.user_id)}
    assert tokens == {f"n{number}" for number in range(11)} - {"n1"}
    assert len(read(await other.get(PATH))) == 1


async def sign_in(derlg: StorefrontClient, email: str) -> tuple[StorefrontClient, str]:
    """A device of its own, and the refresh token it keeps."""
    body = {"email": email, "password": PASSWORD, "token_delivery": "body"}
    session = read(await derlg.post("/auth/login", json=body))
    device = derlg.visitor()
    device.headers["Authorization"] = f"Bearer {session['access_token']}"
    return device, session["refresh_token"]


async def test_signing_out_forgets_that_device_and_no_other(derlg: StorefrontClient) -> None:
    guest = await derlg.register()
    phone, kept = await sign_in(derlg, guest.email)
    tablet, _ = await sign_in(derlg, guest.email)
    assert (await register(phone, "phone"))["is_current"]
    await register(tablet, "tablet")
    shown = {device["is_current"] for device in read(await tablet.get(PATH))}
    assert shown == {True, False}
    read(await derlg.post("/auth/logout", json={"refresh_token": kept}))
    assert [row["token"] for row in await derlg.rows("SELECT token FROM devices")] == ["tablet"]
    late = await phone.post(PATH, json={"token": "phone", "platform": "ios"})
    assert refusal(late, 401) == "NOT_AUTHENTICATED"
    read(await tablet.post("/auth/logout-all"))
    assert await derlg.rows("SELECT token FROM devices") == []


async def test_a_session_that_is_ended_from_elsewhere_takes_its_device_along(derlg: StorefrontClient) -> None:
    guest = await derlg.register()
    phone, _ = await sign_in(derlg, guest.email)
    await register(phone, "stolen")
    (session,) = await derlg.rows("SELECT session_id FROM devices")
    read(await guest.delete(f"/auth/sessions/{session['session_id']}"))
    assert await derlg.rows("SELECT token FROM devices") == []


async def test_a_closed_account_has_no_devices(derlg: StorefrontClient, clock: FrozenClock) -> None:
    guest = await derlg.register()
    await register(guest)
    read(await guest.delete(f"/users/{guest.user_id}"))
    assert await derlg.rows("SELECT token FROM devices") == []
    # One that slipped in while the account was being closed goes with the person.
    await derlg.rows(
        "INSERT INTO devices (id, user_id, token, platform, registered_at, last_seen_at) "
        "SELECT $1, $2, 'late', 'ios', now(), now() RETURNING id",
        new_id(),
        guest.user_id,
    )
    clock.advance(timedelta(days=15))
    async with derlg.database.unit_of_work() as tx:
        assert await forget_the_deleted(tx, now=clock.now()) == 1
    assert await derlg.rows("SELECT token FROM devices") == []


async def test_without_a_push_service_nobody_is_offered_any(start_system: StartSystem) -> None:
    nothing = {"DERLG_FIREBASE_SERVICE_ACCOUNT": "", "HOLYONE_FIREBASE_SERVICE_ACCOUNT": ""}
    async with start_system(**nothing) as system:
        guest = await system.derlg.sign_in_as()
        answer = await guest.post(PATH, json={"token": "a", "platform": "ios"})
        assert refusal(answer, 409) == "PUSH_NOT_OFFERED"


async def test_a_device_gives_its_own_token_for_its_own_account_alone(derlg: StorefrontClient) -> None:
    owner, other = await derlg.sign_in_as(), await derlg.sign_in_as()
    devices = {token: UUID((await register(owner, token))["id"]) for token in ("first", "second")}
    await register(other, "third")
    async with derlg.database.read() as connection:
        for token, device_id in devices.items():
            assert await find_token(connection, device_id, user_id=owner.user_id) == token
            assert await find_token(connection, device_id, user_id=other.user_id) is None
