"""Links by mail: confirming an address, choosing a new password."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from tests.features.people.conftest import Queued
from tests.support.client import PASSWORD, StorefrontClient, faulty_fields, read, refusal
from tests.support.trail import acts_on

from sojourn.people.auth.recovery import REQUEST_LINK
from sojourn.people.effects import PASSWORD_CHANGED, PASSWORD_RESET, VERIFY_EMAIL, WELCOME
from sojourn.platform.kit.clock import FrozenClock

NEW_PASSWORD = "another long pass phrase"
SendLinks = Callable[[StorefrontClient], Awaitable[None]]


async def test_the_mailed_link_confirms_the_address_once(derlg: StorefrontClient, queued: Queued) -> None:
    guest = await derlg.register()
    [mail] = await queued(derlg, VERIFY_EMAIL)
    assert mail["user_id"] == str(guest.user_id)
    read(await derlg.post("/auth/verify-email", json={"token": mail["secret"]}))
    assert read(await guest.get("/auth/me"))["email_verified"] is True
    again = await derlg.post("/auth/verify-email", json={"token": mail["secret"]})
    assert refusal(again, 400) == "LINK_INVALID"


async def test_both_welcomes_are_about_one_occasion(
    derlg: StorefrontClient, queued: Queued, clock: FrozenClock
) -> None:
    await derlg.register()
    [mail] = await queued(derlg, VERIFY_EMAIL)
    clock.advance(timedelta(minutes=5))
    read(await derlg.post("/auth/verify-email", json={"token": mail["secret"]}))
    first, second = await queued(derlg, WELCOME)
    assert first == second


async def test_a_link_ends_with_its_time(
    derlg: StorefrontClient, queued: Queued, clock: FrozenClock, send_links: SendLinks
) -> None:
    guest = await derlg.register()
    await derlg.post("/auth/forgot-password", json={"email": guest.email})
    await send_links(derlg)
    [verify], [reset] = await queued(derlg, VERIFY_EMAIL), await queued(derlg, PASSWORD_RESET)
    clock.advance(timedelta(hours=1))
    late = await derlg.post("/auth/reset-password", json={"token": reset["secret"], "password": NEW_PASSWORD})
    assert refusal(late, 400) == "LINK_INVALID"
    clock.advance(timedelta(hours=22, minutes=59))
    read(await derlg.post("/auth/verify-email", json={"token": verify["secret"]}))


async def test_a_link_is_for_its_purpose_only(derlg: StorefrontClient, queued: Queued) -> None:
    await derlg.register()
    [mail] = await queued(derlg, VERIFY_EMAIL)
    form = {"token": mail["secret"], "password": NEW_PASSWORD}
    assert refusal(await derlg.post("/auth/reset-password", json=form), 400) == "LINK_INVALID"
    assert refusal(await derlg.post("/auth/accept-invitation", json=form), 400) == "LINK_INVALID"


async def test_forgetting_says_the_same_for_everybody(
    derlg: StorefrontClient, queued: Queued, send_links: SendLinks
) -> None:
    guest = await derlg.register()
    known = await derlg.post("/auth/forgot-password", json={"email": guest.email})
    unknown = await derlg.post("/auth/forgot-password", json={"email": "nobody@example.com"})
    assert read(known, 202) == read(unknown, 202)
    assert len(await queued(derlg, REQUEST_LINK)) == 2
    await send_links(derlg)
    assert [mail["user_id"] for mail in await queued(derlg, PASSWORD_RESET)] == [str(guest.user_id)]


async def test_a_reset_replaces_the_password_and_ends_every_session(
    holyone: StorefrontClient, queued: Queued, send_links: SendLinks
) -> None:
    guest = await holyone.register(tokenDelivery="body")
    signed_in = read(
        await holyone.post("/auth/login", json={"email": guest.email, "password": PASSWORD, "tokenDelivery": "body"})
    )
    for _ in range(5):
        await holyone.post("/auth/login", json={"email": guest.email, "password": "wrong"})
    await holyone.post("/auth/forgot-password", json={"email": guest.email})
    await send_links(holyone)
    [mail] = await queued(holyone, PASSWORD_RESET)
    form = {"token": mail["secret"], "password": NEW_PASSWORD}
    read(await holyone.post("/auth/reset-password", json=form), 204)

    assert refusal(await guest.get("/auth/me"), 401) == "NOT_AUTHENTICATED"
    refreshing = await holyone.post("/auth/refresh", json={"refreshToken": signed_in["refreshToken"]})
    assert refusal(refreshing, 401) == "REFRESH_TOKEN_INVALID"
    assert refusal(await holyone.post("/auth/reset-password", json=form), 400) == "LINK_INVALID"
    assert (await holyone.post("/auth/login", json={"email": guest.email, "password": PASSWORD})).status_code == 401
    user = read(await holyone.post("/auth/login", json={"email": guest.email, "password": NEW_PASSWORD}))["user"]
    assert user["emailVerified"] is True  # whoever reads the mail owns the address
    assert len(await queued(holyone, PASSWORD_CHANGED)) == 1
    assert ("auth.password_reset", guest.user_id) in await acts_on(holyone, guest.user_id)


async def test_many_requests_make_one_link_a_minute(
    derlg: StorefrontClient, queued: Queued, send_links: SendLinks, clock: FrozenClock
) -> None:
    guest = await derlg.register()
    for _ in range(3):
        await derlg.post("/auth/forgot-password", json={"email": guest.email})
    await send_links(derlg)
    assert len(await queued(derlg, PASSWORD_RESET)) == 1
    clock.advance(timedelta(minutes=2))
    await derlg.post("/auth/forgot-password", json={"email": guest.email})
    await send_links(derlg)
    assert len(await queued(derlg, PASSWORD_RESET)) == 2


async def test_verification_is_mailed_again_until_it_is_done(
    derlg: StorefrontClient, queued: Queued, send_links: SendLinks, clock: FrozenClock
) -> None:
    guest = await derlg.register()
    clock.advance(timedelta(minutes=2))
    read(await guest.post("/auth/resend-verification"), 202)
    await send_links(derlg)
    _, mail = await queued(derlg, VERIFY_EMAIL)
    read(await derlg.post("/auth/verify-email", json={"token": mail["secret"]}))
    clock.advance(timedelta(minutes=2))
    read(await derlg.post("/auth/resend-verification", json={"email": guest.email}), 202)
    await send_links(derlg)
    assert len(await queued(derlg, VERIFY_EMAIL)) == 2
    assert faulty_fields(await derlg.post("/auth/resend-verification")) == ["email"]


async def test_changing_the_password_keeps_only_the_session_that_changed_it(derlg: StorefrontClient) -> None:
    guest = await derlg.register()
    form = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    wrong = await guest.post("/auth/change-password", json={**form, "current_password": "wrong"})
    assert refusal(wrong, 400) == "WRONG_PASSWORD"
    body = read(await guest.post("/auth/change-password", json=form))
    assert refusal(await guest.get("/auth/me"), 401) == "NOT_AUTHENTICATED"
    read(await derlg.get("/auth/me", headers={"Authorization": f"Bearer {body['access_token']}"}))
    read(await derlg.post("/auth/login", json={"email": guest.email, "password": NEW_PASSWORD}))
    assert [act for act, _ in await acts_on(derlg, guest.user_id)].count("auth.password_changed") == 1


async def test_guessing_the_current_password_locks_the_account(derlg: StorefrontClient) -> None:
    guest = await derlg.register()
    for _ in range(5):
        form = {"current_password": "wrong", "new_password": NEW_PASSWORD}
        assert refusal(await guest.post("/auth/change-password", json=form), 400) == "WRONG_PASSWORD"
    right = await guest.post("/auth/change-password", json={"current_password": PASSWORD, "new_password": NEW_PASSWORD})
    assert refusal(right, 429) == "ACCOUNT_LOCKED"


@pytest.mark.parametrize(
    "password", ["1234567890", "Sok Dara", "sokdara@example.com", "SOKDARA@example.COM", "a" * 129, "ababababab"]
)
async def test_what_is_tried_first_is_no_password(derlg: StorefrontClient, password: str) -> None:
    form = {"name": "Sok Dara", "email": "sokdara@example.com", "password": password}
    assert faulty_fields(await derlg.post("/auth/register", json=form)) == ["password"]
