"""The second factor: enrolling, signing in with it, losing it, and what people try against it."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from tests.conftest import StartSystem
from tests.features.people.google import choose, come_back, error_in, visit
from tests.support.client import PASSWORD, StorefrontClient, read, refusal

from sojourn.people.auth.vault import Vault
from sojourn.people.roles import Role
from sojourn.platform.kit.clock import FrozenClock

HALF_MINUTE = timedelta(seconds=30)


class App:
    """An authenticator app, whose clock is the test's."""

    def __init__(self, secret: str, clock: FrozenClock) -> None:
        self._totp = pyotp.TOTP(secret)
        self._clock = clock

    def code(self, *, steps: int = 0) -> str:
        """What it shows now, or so many half minutes from now."""
        return self._totp.at(self._clock.now() + steps * HALF_MINUTE)


async def enrol(guest: StorefrontClient, clock: FrozenClock) -> tuple[App, list[str]]:
    """Enrol an app for somebody signed in; the client goes on with the new session."""
    begun = read(await guest.post("/auth/totp"), 201)
    app = App(begun["secret"], clock)
    confirmed = read(await guest.post("/auth/totp/confirm", json={"code": app.code()}))
    guest.headers["Authorization"] = f"Bearer {confirmed['access_token']}"
    clock.advance(HALF_MINUTE)  # the code that confirmed is spent
    return app, confirmed["recovery_codes"]


async def challenge(client: StorefrontClient, email: str, **form: object) -> str:
    """The token that the password brings."""
    answer = await client.post("/auth/login", json={"email": email, "password": PASSWORD, **form})
    assert refusal(answer, 403) == "SECOND_FACTOR_REQUIRED"
    details = answer.json()["error"]["details"]
    assert details["expires_in"] == 300
    token: str = details["challenge_token"]
    return token


async def answer(client: StorefrontClient, token: str, code: str) -> Any:
    return await client.post("/auth/login/totp", json={"challenge_token": token, "code": code})


async def test_from_enrolling_to_signing_in(derlg: StorefrontClient, clock: FrozenClock) -> None:
    guest = await derlg.register()
    assert read(await guest.get("/auth/totp")) == {
        "is_enabled": False, "is_required": False, "enabled_at": None, "recovery_codes_left": 0,
    }  # fmt: skip
    begun = read(await guest.post("/auth/totp"), 201)
    assert begun["otpauth_url"].startswith("otpauth://totp/DerLg:")
    assert begun["qr_svg"].startswith("<svg")
    # Not confirmed yet: nothing is asked.
    read(await derlg.visitor().post("/auth/login", json={"email": guest.email, "password": PASSWORD}))
    app, codes = await enrol(guest, clock)
    assert len(set(codes)) == 10
    status = read(await guest.get("/auth/totp"))
    assert (status["is_enabled"], status["recovery_codes_left"]) == (True, 10)

    device = derlg.visitor()
    signed_in = read(await answer(device, await challenge(device, guest.email), app.code()))
    assert signed_in["user"]["id"] == str(guest.user_id)
    assert device.cookies["derlg_refresh"]
    read(await device.post("/auth/refresh"))  # a session is not asked again


async def test_enrolling_ends_every_other_session(derlg: StorefrontClient, clock: FrozenClock) -> None:
    guest = await derlg.register()
    thief = derlg.visitor()
    read(await thief.post("/auth/login", json={"email": guest.email, "password": PASSWORD}))
    await enrol(guest, clock)
    assert refusal(await thief.post("/auth/refresh"), 401) == "REFRESH_TOKEN_INVALID"
    assert read(await guest.get("/auth/me"))["email"] == guest.email


async def test_a_code_counts_once(derlg: StorefrontClient, clock: FrozenClock) -> None:
    guest = await derlg.register()
    app, _ = await enrol(guest, clock)
    read(await answer(derlg, await challenge(derlg, guest.email), app.code()))
    again = await challenge(derlg, guest.email)
    assert refusal(await answer(derlg, again, app.code()), 400) == "WRONG_CODE"
    assert refusal(await answer(derlg, again, app.code(steps=-1)), 400) == "WRONG_CODE"  # nor an older one
    clock.advance(HALF_MINUTE)
    read(await answer(derlg, again, app.code()))


async def test_a_code_that_is_used_says_nothing_of_anybody_else(derlg: StorefrontClient, clock: FrozenClock) -> None:
    guest, other, beginner = [await derlg.register() for _ in range(3)]
    app, _ = await enrol(guest, clock)
    others_app, _ = await enrol(other, clock)
    read(await beginner.post("/auth/totp"), 201)
    before = read(await guest.get("/auth/totp"))
    read(await answer(derlg, await challenge(derlg, guest.email), app.code()))
    assert read(await guest.get("/auth/totp")) == before
    assert read(await beginner.get("/auth/totp"))["is_enabled"] is False
    read(await answer(derlg, await challenge(derlg, other.email), others_app.code()))


@pytest.mark.parametrize(("steps", "is_right"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
async def test_clocks_may_differ_by_one_step(
    derlg: StorefrontClient, clock: FrozenClock, steps: int, is_right: bool
) -> None:
    guest = await derlg.register()
    app, _ = await enrol(guest, clock)
    clock.advance(10 * HALF_MINUTE)
    tried = await answer(derlg, await challenge(derlg, guest.email), app.code(steps=steps))
    assert (tried.status_code == 200) is is_right


async def test_a_challenge_is_used_once_and_ends(derlg: StorefrontClient, clock: FrozenClock) -> None:
    guest = await derlg.register()
    app, codes = await enrol(guest, clock)
    token = await challenge(derlg, guest.email)
    read(await answer(derlg, token, app.code()))
    assert refusal(await answer(derlg, token, codes[0]), 401) == "CHALLENGE_INVALID"
    late = await challenge(derlg, guest.email)
    clock.advance(timedelta(minutes=5))
    assert refusal(await answer(derlg, late, app.code()), 401) == "CHALLENGE_INVALID"
    assert refusal(await answer(derlg, "x" * 43, app.code()), 401) == "CHALLENGE_INVALID"


async def test_a_changed_password_ends_what_waits(derlg: StorefrontClient, clock: FrozenClock) -> None:
    guest = await derlg.register()
    app, _ = await enrol(guest, clock)
    token = await challenge(derlg, guest.email)
    form = {"current_password": PASSWORD, "new_password": "quite another pass phrase"}
    read(await guest.post("/auth/change-password", json=form))
    assert refusal(await answer(derlg, token, app.code()), 401) == "CHALLENGE_INVALID"


async def test_a_recovery_code_works_once_however_it_is_typed(derlg: StorefrontClient, clock: FrozenClock) -> None:
    guest = await derlg.register()
    _, codes = await enrol(guest, clock)
    read(await answer(derlg, await challenge(derlg, guest.email), codes[3].lower().replace("-", " ")))
    assert refusal(await answer(derlg, await challenge(derlg, guest.email), codes[3]), 400) == "WRONG_CODE"
    assert read(await guest.get("/auth/totp"))["recovery_codes_left"] == 9


async def test_guessing_locks_the_account(derlg: StorefrontClient, clock: FrozenClock) -> None:
    guest = await derlg.register()
    app, codes = await enrol(guest, clock)
    for _ in range(5):  # a password that is right does not wipe out the count
        assert refusal(await answer(derlg, await challenge(derlg, guest.email), "000000"), 400) == "WRONG_CODE"
    locked = await derlg.post("/auth/login", json={"email": guest.email, "password": PASSWORD})
    assert refusal(locked, 429) == "ACCOUNT_LOCKED"
    clock.advance(timedelta(minutes=15))
    token = await challenge(derlg, guest.email)
    read(await answer(derlg, token, app.code()))
    assert await derlg.rows("SELECT id FROM failed_sign_ins WHERE account = lower($1)", guest.email) == []
    assert codes


async def test_guessing_in_parallel_gets_five_tries(derlg: StorefrontClient, clock: FrozenClock) -> None:
    guest = await derlg.register()
    await enrol(guest, clock)
    tokens = [await challenge(derlg, guest.email) for _ in range(12)]
    tries = await asyncio.gather(*(answer(derlg.visitor(), token, "000000") for token in tokens))
    assert sorted(tried.status_code for tried in tries) == [400] * 5 + [429] * 7


async def test_one_code_in_two_hands_signs_one_in(derlg: StorefrontClient, clock: FrozenClock) -> None:
    guest = await derlg.register()
    app, _ = await enrol(guest, clock)
    tokens = [await challenge(derlg, guest.email) for _ in range(4)]
    tries = await asyncio.gather(*(answer(derlg.visitor(), token, app.code()) for token in tokens))
    assert sorted(tried.status_code for tried in tries) == [200, 400, 400, 400]


@pytest.mark.parametrize("code", ["12345", "1234567890123456789012", "١٢٣٤٥٦", "abcdef", "00000\x00", "      "])
async def test_what_is_no_code_is_refused(derlg: StorefrontClient, clock: FrozenClock, code: str) -> None:
    guest = await derlg.register()
    await enrol(guest, clock)
    tried = await answer(derlg, await challenge(derlg, guest.email), code)
    assert refusal(tried, 400) in {"WRONG_CODE", "VALIDATION_FAILED"}


async def test_disabling_needs_password_and_code(derlg: StorefrontClient, clock: FrozenClock) -> None:
    guest = await derlg.register()
    app, _ = await enrol(guest, clock)
    forms: Sequence[tuple[dict[str, str], int, str]] = (
        ({"code": app.code()}, 400, "WRONG_PASSWORD"),
        ({"code": app.code(), "current_password": "wrong"}, 400, "WRONG_PASSWORD"),
        ({"code": "000000", "current_password": PASSWORD}, 400, "WRONG_CODE"),
    )
    for form, status, code in forms:
        assert refusal(await guest.post("/auth/totp/disable", json=form), status) == code
    read(await guest.post("/auth/totp/disable", json={"code": app.code(), "current_password": PASSWORD}))
    read(await derlg.post("/auth/login", json={"email": guest.email, "password": PASSWORD}))
    gone = await guest.post("/auth/totp/disable", json={"code": app.code(), "current_password": PASSWORD})
    assert refusal(gone, 409) == "SECOND_FACTOR_OFF"
    assert await derlg.rows("SELECT user_id FROM recovery_codes") == []


async def test_enrolling_again_needs_disabling_first(derlg: StorefrontClient, clock: FrozenClock) -> None:
    guest = await derlg.register()
    assert refusal(await guest.post("/auth/totp/confirm", json={"code": "123456"}), 409) == "SECOND_FACTOR_OFF"
    first = read(await guest.post("/auth/totp"), 201)
    second = read(await guest.post("/auth/totp"), 201)
    stale = App(first["secret"], clock).code()
    assert refusal(await guest.post("/auth/totp/confirm", json={"code": stale}), 400) == "WRONG_CODE"
    fresh = App(second["secret"], clock).code()
    confirmed = read(await guest.post("/auth/totp/confirm", json={"code": fresh}))
    guest.headers["Authorization"] = f"Bearer {confirmed['access_token']}"
    assert refusal(await guest.post("/auth/totp"), 409) == "SECOND_FACTOR_ON"
    assert refusal(await guest.post("/auth/totp/confirm", json={"code": fresh}), 409) == "SECOND_FACTOR_ON"


async def test_new_recovery_codes_replace_the_old(derlg: StorefrontClient, clock: FrozenClock) -> None:
    guest = await derlg.register()
    app, old = await enrol(guest, clock)
    assert refusal(await guest.post("/auth/totp/recovery-codes", json={"code": "000000"}), 400) == "WRONG_CODE"
    new = read(await guest.post("/auth/totp/recovery-codes", json={"code": app.code()}))["recovery_codes"]
    assert refusal(await answer(derlg, await challenge(derlg, guest.email), old[0]), 400) == "WRONG_CODE"
    read(await answer(derlg, await challenge(derlg, guest.email), new[0]))


async def test_google_does_not_go_around_it(derlg: StorefrontClient, clock: FrozenClock) -> None:
    guest = await derlg.register(email="dara@gmail.example")
    await derlg.rows("UPDATE users SET email_verified_at = now()")
    app, _ = await enrol(guest, clock)
    browser = derlg.visitor()
    back = await come_back(browser, await choose(await visit(browser)))
    assert error_in(back) is None
    assert browser.cookies.get("derlg_refresh") is None
    address, _, fragment = back.headers["location"].partition("#challenge_token=")
    assert address == "https://derlg.com"
    read(await answer(browser, fragment, app.code()))


async def test_a_deleted_account_comes_back_with_both_factors_only(derlg: StorefrontClient, clock: FrozenClock) -> None:
    guest = await derlg.register()
    app, _ = await enrol(guest, clock)
    read(await guest.delete(f"/users/{guest.user_id}"))
    asked = await derlg.post("/auth/restore-account", json={"email": guest.email, "password": PASSWORD})
    assert refusal(asked, 403) == "SECOND_FACTOR_REQUIRED"
    [row] = await derlg.rows("SELECT is_active FROM users")
    assert row["is_active"] is False
    read(await answer(derlg, asked.json()["error"]["details"]["challenge_token"], app.code()))
    [row] = await derlg.rows("SELECT is_active FROM users")
    assert row["is_active"] is True


async def test_an_admin_resets_anothers_and_it_is_written_down(derlg: StorefrontClient, clock: FrozenClock) -> None:
    admin, guest = await derlg.sign_in_as(Role.ADMIN), await derlg.register()
    await enrol(guest, clock)
    where = f"/admin/staff/{guest.user_id}/totp"
    assert refusal(await guest.delete(where), 403) == "NOT_ALLOWED"
    assert refusal(await admin.delete(f"/admin/staff/{admin.user_id}/totp"), 403) == "NOT_ALLOWED"
    read(await admin.delete(where))
    assert refusal(await guest.get("/auth/me"), 401) == "NOT_AUTHENTICATED"
    read(await derlg.post("/auth/login", json={"email": guest.email, "password": PASSWORD}))
    assert refusal(await admin.delete(where), 409) == "SECOND_FACTOR_OFF"
    [act] = await derlg.rows("SELECT actor_id, subject_id FROM audit_entries WHERE action = 'auth.second_factor_reset'")
    assert act == {"actor_id": admin.user_id, "subject_id": guest.user_id}


async def test_nothing_readable_is_stored(derlg: StorefrontClient, clock: FrozenClock) -> None:
    guest = await derlg.register()
    begun = read(await guest.post("/auth/totp"), 201)
    [row] = await derlg.rows("SELECT sealed_secret FROM second_factors")
    assert begun["secret"].encode() not in row["sealed_secret"]
    vault = Vault(derlg.runtime.sealing_secrets)
    assert vault.open(row["sealed_secret"], owner=guest.user_id) == begun["secret"]
    _, codes = await enrol(guest, clock)
    stored = b"".join(row["code_hash"] for row in await derlg.rows("SELECT code_hash FROM recovery_codes"))
    assert not any(code.encode() in stored for code in codes)


async def test_staff_without_it_can_only_enrol_where_it_is_asked(start_system: StartSystem, clock: FrozenClock) -> None:
    async with start_system(STAFF_TOTP_REQUIRED="true") as system:
        admin, customer = await system.derlg.sign_in_as(Role.ADMIN), await system.derlg.sign_in_as()
        for path in ("/users", "/auth/me", "/admin/staff", "/auth/sessions"):
            assert refusal(await admin.get(path), 403) == "SECOND_FACTOR_MISSING"
        assert refusal(await admin.post("/auth/resend-verification"), 403) == "SECOND_FACTOR_MISSING"
        assert read(await customer.get("/auth/me"))["email"] == customer.email
        assert read(await admin.get("/auth/totp"))["is_required"] is True
        assert read(await customer.get("/auth/totp"))["is_required"] is False
        begun = read(await admin.post("/auth/totp"), 201)
        code = App(begun["secret"], clock).code()
        confirmed = read(await admin.post("/auth/totp/confirm", json={"code": code}))
        bearer = {"Authorization": f"Bearer {confirmed['access_token']}"}
        answered = await system.derlg.visitor().get("/users", headers=bearer)
        assert len(read(answered)) == 2
