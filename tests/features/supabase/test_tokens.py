"""Supabase's own access tokens as bearer tokens: whose they are, and what people try with them."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm
from tests.features.people.test_second_factor import enrol
from tests.features.providers.scripted_server import ScriptedServer, scripted_server
from tests.support.client import PASSWORD, StorefrontClient, read, refusal
from tests.support.databases import TemplateServer
from tests.support.system import application

from sojourn.people.roles import Role
from sojourn.platform.kit.clock import FrozenClock

SECRET = "the-projects-shared-secret-0123456789abcdef"
SERVICE_KEY = "service-role-key-that-nobody-may-see"
EMAIL = "dara@example.com"


class Project:
    """A Supabase project: signs tokens, and answers about its users what it is told to."""

    def __init__(self, server: ScriptedServer, clock: FrozenClock) -> None:
        self.server = server
        self._clock = clock

    def claims(self, uid: UUID, **changes: object) -> dict[str, Any]:
        now = int(self._clock.now().timestamp())
        return {
            "iss": f"{self.server.url}/auth/v1", "aud": "authenticated", "role": "authenticated", "sub": str(uid),
            "email": EMAIL, "iat": now, "exp": now + 3600, "aal": "aal1", "user_metadata": {"email_verified": True},
        } | changes  # fmt: skip

    def token(self, uid: UUID, **changes: object) -> str:
        return jwt.encode(self.claims(uid, **changes), SECRET, algorithm="HS256")

    def knows(self, uid: UUID, *, email: str = EMAIL, is_confirmed: bool = True) -> None:
        """What the next question about a user is answered with."""
        confirmed_at = "2026-11-01T00:00:00Z" if is_confirmed else None
        user = {"id": str(uid), "email": email, "email_confirmed_at": confirmed_at, "user_metadata": {"name": "Dara"}}
        self.server.will_answer(200, user)


@pytest.fixture
async def project(clock: FrozenClock) -> AsyncIterator[Project]:
    async with scripted_server() as server:
        yield Project(server, clock)


@pytest.fixture
async def derlg(
    postgres: TemplateServer, sandbox: str, clock: FrozenClock, project: Project
) -> AsyncIterator[StorefrontClient]:
    """DerLg, whose frontend signs people in at Supabase."""
    overrides = {
        "SUPABASE_URL": project.server.url, "SUPABASE_JWT_SECRET": SECRET, "SUPABASE_SERVICE_ROLE_KEY": SERVICE_KEY,
    }  # fmt: skip
    async with (
        postgres.clone() as dsn,
        application({"derlg": dsn}, sandbox=sandbox, clock=clock, overrides=overrides) as system,
    ):
        yield system.derlg


async def _me(client: StorefrontClient, token: str) -> Any:
    return await client.visitor().get("/auth/me", headers={"Authorization": f"Bearer {token}"})


async def test_on_first_sight_a_customer_is_made(
    derlg: StorefrontClient, project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    uid = uuid4()
    project.knows(uid)
    me = read(await _me(derlg, project.token(uid)))
    # Under Supabase's own id, so that `auth.uid()` in the policies is the account's.
    assert (me["id"], me["email"], me["role"], me["email_verified"]) == (str(uid), EMAIL, "TRAVELER", True)
    assert read(await _me(derlg, project.token(uid)))["id"] == str(uid)
    [asked] = project.server.asked  # the second time nobody was asked
    assert asked.line == f"GET /auth/v1/admin/users/{uid} HTTP/1.1"
    assert asked.headers["apikey"] == SERVICE_KEY
    [row] = await derlg.rows("SELECT supabase_uid FROM users")
    assert row["supabase_uid"] == str(uid)
    said = capsys.readouterr()
    assert SERVICE_KEY not in said.out + said.err


async def test_an_account_with_the_confirmed_address_is_bound(derlg: StorefrontClient, project: Project) -> None:
    guest, uid = await derlg.register(email=EMAIL), uuid4()
    await derlg.rows("UPDATE users SET email_verified_at = now()")
    project.knows(uid)
    assert read(await _me(derlg, project.token(uid)))["id"] == str(guest.user_id)
    read(await derlg.post("/auth/login", json={"email": EMAIL, "password": PASSWORD}))
    other = uuid4()  # an address is bound to one
    project.knows(other)
    assert refusal(await _me(derlg, project.token(other)), 403) == "SUPABASE_ACCOUNT_REFUSED"


async def test_what_the_token_says_of_its_address_is_not_believed(derlg: StorefrontClient, project: Project) -> None:
    guest, uid = await derlg.register(email=EMAIL), uuid4()
    project.knows(uid, is_confirmed=False)
    for _ in range(3):  # asked once
        answer = await _me(derlg, project.token(uid))
        assert refusal(answer, 403) == "SUPABASE_ACCOUNT_REFUSED"
        assert answer.json()["error"]["details"] == {"reason": "PROVIDER_EMAIL_UNVERIFIED"}
    assert len(project.server.asked) == 1
    assert [row["id"] for row in await derlg.rows("SELECT id FROM users")] == [guest.user_id]


async def test_staff_do_not_come_in_by_it(derlg: StorefrontClient, project: Project) -> None:
    uid = uuid4()
    await derlg.sign_in_as(Role.ADMIN, email=EMAIL)
    project.knows(uid)
    assert refusal(await _me(derlg, project.token(uid)), 403) == "SUPABASE_ACCOUNT_REFUSED"
    customer = uuid4()
    project.knows(customer, email="sok@example.com")
    assert read(await _me(derlg, project.token(customer)))["role"] == "TRAVELER"
    admin = await derlg.sign_in_as(Role.ADMIN)  # who makes her one of the staff
    read(await admin.patch(f"/admin/staff/{customer}", json={"role": "CONSULTANT"}))
    assert refusal(await _me(derlg, project.token(customer)), 403) == "SUPABASE_ACCOUNT_REFUSED"


async def test_tokens_that_are_not_the_projects_are_nobodys(
    derlg: StorefrontClient, project: Project, clock: FrozenClock
) -> None:
    uid = uuid4()
    now = int(clock.now().timestamp())
    wrong = [
        project.token(uid, iss="https://other.supabase.co/auth/v1"), project.token(uid, aud="anon"),
        project.token(uid, role="service_role"), project.token(uid, role="anon"), project.token(uid, is_anonymous=True),
        project.token(uid, exp=now - 61), project.token(uid, iat=now + 61), project.token(uid, exp="soon"),
        jwt.encode(project.claims(uid), "x" * 40, algorithm="HS256"),
        jwt.encode(project.claims(uid), "", algorithm="none"),
        jwt.encode(project.claims(uid), SECRET * 2, algorithm="HS512"),
        project.token(uid)[:-2], "a.b.c", "x" * 9_000,
    ]  # fmt: skip
    for token in wrong:
        assert refusal(await _me(derlg, token), 401) == "NOT_AUTHENTICATED", token
    assert project.server.asked == []
    assert await derlg.rows("SELECT id FROM users") == []


async def test_keys_that_the_project_publishes_count(derlg: StorefrontClient, project: Project) -> None:
    uid, key = uuid4(), ec.generate_private_key(ec.SECP256R1())
    signed = jwt.encode(project.claims(uid), key, algorithm="ES256", headers={"kid": "k1"})
    public = json.loads(ECAlgorithm.to_jwk(key.public_key())) | {"kid": "k1", "alg": "ES256", "use": "sig"}
    project.server.will_answer(200, {"keys": [public]})
    project.knows(uid)
    assert read(await _me(derlg, signed))["id"] == str(uid)
    stranger = ec.generate_private_key(ec.SECP256R1())
    for forged in (
        jwt.encode(project.claims(uid), stranger, algorithm="ES256", headers={"kid": "k1"}),
        jwt.encode(project.claims(uid), stranger, algorithm="ES256", headers={"kid": "k2"}),
    ):
        assert refusal(await _me(derlg, forged), 401) == "NOT_AUTHENTICATED"
    # Whoever names unknown keys does not have us ask for them again and again.
    assert [asked.line.split()[1] for asked in project.server.asked] == [
        "/auth/v1/.well-known/jwks.json", f"/auth/v1/admin/users/{uid}",
    ]  # fmt: skip


async def test_a_closed_account_and_a_second_factor_hold_here_too(
    derlg: StorefrontClient, project: Project, clock: FrozenClock
) -> None:
    guest, uid = await derlg.register(email=EMAIL), uuid4()
    await derlg.rows("UPDATE users SET email_verified_at = now()")
    project.knows(uid)
    read(await _me(derlg, project.token(uid)))
    await enrol(guest, clock)
    assert refusal(await _me(derlg, project.token(uid)), 403) == "SUPABASE_ACCOUNT_REFUSED"
    assert read(await _me(derlg, project.token(uid, aal="aal2")))["id"] == str(guest.user_id)
    read(await guest.delete(f"/users/{guest.user_id}"))
    assert refusal(await _me(derlg, project.token(uid, aal="aal2")), 401) == "NOT_AUTHENTICATED"


async def test_two_people_behind_one_address_do_not_share_idempotency_keys(
    derlg: StorefrontClient, project: Project
) -> None:
    where = {"recipient": "Dara", "line_one": "1 Road", "city": "Phnom Penh", "country": "KH"}
    made = set()
    for number in range(2):
        uid = uuid4()
        project.knows(uid, email=f"guest-{number}@supabase.example")
        headers = {"Authorization": f"Bearer {project.token(uid)}", "Idempotency-Key": "same"}
        made.add(read(await derlg.visitor().post("/users/me/addresses", json=where, headers=headers), 201)["id"])
    assert len(made) == 2


async def test_when_supabase_is_away_its_people_wait_and_ours_do_not(
    derlg: StorefrontClient, project: Project, clock: FrozenClock
) -> None:
    uid = uuid4()
    project.server.will_answer(500)
    assert refusal(await _me(derlg, project.token(uid)), 503) == "TEMPORARILY_UNAVAILABLE"
    assert read(await (await derlg.register()).get("/auth/me"))
    project.knows(uid)
    clock.advance(timedelta(minutes=1))
    assert read(await _me(derlg, project.token(uid)))["id"] == str(uid)
