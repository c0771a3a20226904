"""What people try at the sign-in desk, and what they get."""

import asyncio
import base64
import json
from datetime import timedelta
from typing import Any

import jwt
import pytest
from tests.conftest import StartSystem
from tests.features.people.conftest import Queued
from tests.support.client import PASSWORD, StorefrontClient, read, refusal

from sojourn.people.auth.recovery import REQUEST_LINK
from sojourn.people.effects import EMAIL_ALREADY_REGISTERED
from sojourn.people.roles import Role
from sojourn.platform.kit.clock import FrozenClock


def _part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


async def _status_with(client: StorefrontClient, token: str) -> int:
    return (await client.visitor().get("/auth/me", headers={"Authorization": f"Bearer {token}"})).status_code


async def _claims(guest: StorefrontClient, **changes: object) -> dict[str, Any]:
    now = int(guest.runtime.clock.now().timestamp())
    return {
        "sub": str(guest.user_id), "email": guest.email, "role": "ADMIN", "ver": 0, "iat": now, "exp": now + 900,
    } | changes  # fmt: skip


async def test_only_our_signature_counts(derlg: StorefrontClient, holyone: StorefrontClient) -> None:
    guest = await derlg.register()
    claims, secret = await _claims(guest), derlg.runtime.access_secret
    assert await _status_with(derlg, jwt.encode(claims, secret, algorithm="HS256")) == 200  # the control

    unsigned = f"{_part({'alg': 'none', 'typ': 'JWT'})}.{_part(claims)}."
    assert await _status_with(derlg, unsigned) == 401
    right = jwt.encode(claims, secret, algorithm="HS256")
    assert await _status_with(derlg, f"{_part({'alg': 'none'})}.{right.split('.')[1]}.{right.split('.')[2]}") == 401
    assert await _status_with(derlg, jwt.encode(claims, "x" * 32, algorithm="HS256")) == 401
    assert await _status_with(derlg, jwt.encode(claims, secret * 2, algorithm="HS384")) == 401
    assert await _status_with(derlg, jwt.encode(claims, secret, algorithm="HS256", headers={"kid": "../../x"})) == 200
    assert await _status_with(holyone, right) == 401  # somebody of another agency is nobody here


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": 0}, {"exp": None}, {"exp": "soon"}, {"exp": 1e30}, {"exp": True}, {"sub": "1"}, {"sub": None},
        {"sub": 7}, {"sub": {"a": 1}}, {"ver": 1}, {"ver": "0"}, {"ver": -1},
        {"sub": "00000000-0000-0000-0000-000000000000"},
    ],
)  # fmt: skip
async def test_claims_that_are_not_ours_are_refused(derlg: StorefrontClient, changes: dict[str, Any]) -> None:
    claims = await _claims(await derlg.register(), **changes)
    if changes == {"exp": 1e30}:
        claims["sub"] = "00000000-0000-0000-0000-000000000000"  # never expires, but is nobody
    # pyjwt refuses to sign some of these, so they are put together by hand
    head = f"{_part({'alg': 'HS256', 'typ': 'JWT'})}.{_part(claims)}"
    signature = jwt.get_algorithm_by_name("HS256").sign(head.encode(), derlg.runtime.access_secret.encode())
    token = f"{head}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"
    assert await _status_with(derlg, token) == 401


async def test_a_role_in_the_token_is_not_believed(derlg: StorefrontClient) -> None:
    guest = await derlg.register()
    token = jwt.encode(await _claims(guest, role="ADMIN"), derlg.runtime.access_secret, algorithm="HS256")
    answer = await derlg.visitor().get("/users", headers={"Authorization": f"Bearer {token}"})
    assert refusal(answer, 403) == "NOT_ALLOWED"


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer ", "Bearer x", "Bearer " + "a." * 5000, "Basic YTpi", "bearer \xff.y.z"]
)
async def test_half_a_header_is_no_token(derlg: StorefrontClient, header: str) -> None:
    answer = await derlg.get("/auth/me", headers={b"Authorization": header.encode("latin-1")})
    assert refusal(answer, 401) == "NOT_AUTHENTICATED"
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_token_ends_with_its_time_and_with_its_account(derlg: StorefrontClient, clock: FrozenClock) -> None:
    guest, other = await derlg.register(), await derlg.register()
    token = other.headers["Authorization"].removeprefix("Bearer ")
    assert await _status_with(derlg, token) == 200
    assert (await other.delete(f"/users/{other.user_id}")).status_code == 200
    assert await _status_with(derlg, token) == 401
    clock.advance(timedelta(minutes=15))
    assert refusal(await guest.get("/auth/me"), 401) == "NOT_AUTHENTICATED"


HOSTILE = [
    "a\x00b@example.com", "\x00", "a@b", "@example.com", "a@@example.com", "a@example.com\r\nBcc: x@example.com",
    "' OR 1=1 --@example.com", "a" * 1_000_00 + "@example.com", "<script>@example.com", "a@example..com",
]  # fmt: skip


@pytest.mark.parametrize("email", HOSTILE)
@pytest.mark.parametrize("path", ["/auth/login", "/auth/register", "/auth/forgot-password"])
async def test_hostile_addresses_are_refused_with_the_fields_name(
    derlg: StorefrontClient, path: str, email: str
) -> None:
    form = {"email": email, "password": PASSWORD, "name": "X"}
    if path == "/auth/login":
        del form["name"]
    if path == "/auth/forgot-password":
        form = {"email": email}
    answer = await derlg.post(path, json=form)
    assert refusal(answer, 400) == "VALIDATION_FAILED"
    assert [field["field"] for field in answer.json()["error"]["details"]["fields"]] == ["email"]
    assert len(answer.content) < 2_000  # what was sent is not sent back


@pytest.mark.parametrize("field", ["name", "email", "password", "phone", "country", "language", "referral_code"])
@pytest.mark.parametrize(
    "value", ['"\\ud800"', '"a\\u0000b"', "1e400", "[]", "{}", "true", "-1", '"' + "x" * 500_000 + '"']
)
async def test_no_field_can_break_the_desk(derlg: StorefrontClient, field: str, value: str) -> None:
    form = {"name": "X", "email": "x@example.com", "password": PASSWORD}
    form.pop(field, None)
    body = json.dumps(form)[:-1] + f', "{field}": {value}}}'
    answer = await derlg.post("/auth/register", content=body, headers={"Content-Type": "application/json"})
    if field == "password" and value == '"a\\u0000b"':
        assert refusal(answer, 400) == "VALIDATION_FAILED"  # too short; anything else is the person's affair
    else:
        assert refusal(answer, 400) in {"VALIDATION_FAILED", "MALFORMED_JSON"}
    assert await derlg.rows("SELECT id FROM users") == []


@pytest.mark.parametrize("body", [b"", b"{", b"null", b"[]", b'"x"', b"\xff\xfe", b"[" * 50_000, b'{"email": 1e999}'])
async def test_a_body_that_is_no_form_is_refused(holyone: StorefrontClient, body: bytes) -> None:
    answer = await holyone.post("/auth/login", content=body, headers={"Content-Type": "application/json"})
    assert refusal(answer, 400) in {"VALIDATION_FAILED", "MALFORMED_JSON"}


async def test_a_look_alike_address_is_another_account(derlg: StorefrontClient, queued: Queued) -> None:
    real = await derlg.register(email="admin@example.com")
    fake = await derlg.register(email="\N{CYRILLIC SMALL LETTER A}dmin@example.com")
    assert fake.user_id != real.user_id
    await derlg.post("/auth/forgot-password", json={"email": fake.email})
    assert [job["email"] for job in await queued(derlg, REQUEST_LINK)] == [fake.email]


async def test_a_kelvin_sign_never_gets_somebody_elses_mail(derlg: StorefrontClient) -> None:
    """Some lower-casing makes a K of it. Then it must be the same account everywhere, or another everywhere."""
    await derlg.register(email="kim@example.com")
    form = {"name": "X", "email": "\N{KELVIN SIGN}im@example.com", "password": PASSWORD}
    assert (await derlg.post("/auth/register", json=form)).status_code in {201, 409}
    emails = [row["email"] for row in await derlg.rows("SELECT email FROM users")]
    assert len(set(emails)) == len(emails)


async def test_the_owner_hears_once_a_day_that_somebody_tries_to_register(
    derlg: StorefrontClient, queued: Queued
) -> None:
    guest = await derlg.register()
    for _ in range(3):
        form = {"name": "X", "email": guest.email, "password": PASSWORD}
        assert refusal(await derlg.post("/auth/register", json=form), 409) == "EMAIL_TAKEN"
    assert [mail["user_id"] for mail in await queued(derlg, EMAIL_ALREADY_REGISTERED)] == [str(guest.user_id)]


async def test_guessing_in_parallel_does_not_get_past_the_lock(derlg: StorefrontClient) -> None:
    guest = await derlg.register()

    async def sign_in(password: str) -> int:
        form = {"email": guest.email, "password": password}
        return (await derlg.visitor().post("/auth/login", json=form)).status_code

    statuses = await asyncio.gather(*(sign_in(f"guess number {number}") for number in range(30)))
    assert set(statuses) == {401, 429}
    assert await sign_in(PASSWORD) == 429
    [row] = await derlg.rows("SELECT count(*) AS failures FROM failed_sign_ins")
    assert row["failures"] < 20


async def test_every_sign_in_leaves_a_trace(derlg: StorefrontClient) -> None:
    guest = await derlg.register()
    await derlg.post("/auth/login", json={"email": guest.email, "password": "wrong"})
    await derlg.post("/auth/login", json={"email": guest.email, "password": PASSWORD})
    acts = await derlg.rows("SELECT action, subject_id, ip FROM audit_entries ORDER BY id")
    assert [act["action"] for act in acts] == ["account.registered", "auth.sign_in_failed", "auth.signed_in"]
    assert {act["subject_id"] for act in acts} == {guest.user_id}
    assert {act["ip"] for act in acts} == {"127.0.0.1"}


async def test_secrets_are_kept_as_hashes_only(derlg: StorefrontClient) -> None:
    guest = await derlg.register(token_delivery="body")
    cookie = read(
        await derlg.post("/auth/login", json={"email": guest.email, "password": PASSWORD, "token_delivery": "body"})
    )
    rows = await derlg.rows("SELECT u.*, t.* FROM users u JOIN refresh_tokens t ON t.user_id = u.id")
    assert PASSWORD not in str(rows)
    assert cookie["refresh_token"] not in str(rows)
    assert cookie["refresh_token"].encode() not in b"".join(row["token_hash"] for row in rows)


async def test_the_sign_in_desk_is_limited_by_address(start_system: StartSystem) -> None:
    async with start_system(RATE_LIMIT_AUTH="3") as system:
        forms = [{"email": f"nobody-{number}@example.com", "password": "wrong"} for number in range(4)]
        statuses = [(await system.derlg.post("/auth/login", json=form)).status_code for form in forms]
        assert statuses == [401, 401, 401, 429]


async def test_staff_cannot_register_themselves(derlg: StorefrontClient) -> None:
    form = {"name": "X", "email": "x@example.com", "password": PASSWORD, "role": "ADMIN"}
    assert refusal(await derlg.post("/auth/register", json=form), 400) == "VALIDATION_FAILED"
    guest = await derlg.register()
    assert read(await guest.get("/auth/me"))["role"] == "TRAVELER"
    assert [row["role"] for row in await derlg.rows("SELECT role FROM users")] == [Role.CUSTOMER]


async def test_a_referral_code_is_bound_at_registering(derlg: StorefrontClient) -> None:
    friend = await derlg.register()
    code = read(await friend.get("/auth/me"))["referral_code"]
    guest = await derlg.register(referral_code=code.lower())
    [row] = await derlg.rows("SELECT referred_by FROM users WHERE id = $1", guest.user_id)
    assert row["referred_by"] == friend.user_id
    form = {"name": "X", "email": "x@example.com", "password": PASSWORD, "referral_code": "R-UNKNOWN99"}
    assert refusal(await derlg.post("/auth/register", json=form), 400) == "VALIDATION_FAILED"
