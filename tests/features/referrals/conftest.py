"""Somebody with a code, and friends who come by it."""

from typing import Any
from uuid import UUID

import pytest
from tests.support.client import PASSWORD, FreshToken, StorefrontClient, read

from sojourn.people.roles import Role, role_on_wire
from sojourn.platform.kit.clock import FrozenClock
from sojourn.platform.kit.ids import new_id
from sojourn.platform.storefront import Dialect

Json = dict[str, Any]

_BRING = """
INSERT INTO users (id, email, name, referral_code, referred_by, created_at, updated_at)
VALUES ($1, $2, 'A friend', $3, $4, $5, $5)
"""


async def friend_of(
    referrer: StorefrontClient, *, agent: str = "Friend's browser", **fields: object
) -> StorefrontClient:
    """Somebody who registered by the referrer's code, from a browser of their own, and is signed in."""
    code = read(await referrer.get("/referrals"))["code"]
    is_camel = referrer.storefront.dialect is Dialect.CAMEL_BARE
    form = {
        "email": f"{agent.lower().replace(' ', '-').replace(chr(39), '')}@example.com", "password": PASSWORD,
        "fullName" if is_camel else "name": "Chan Thida", "referralCode" if is_camel else "referral_code": code,
    }  # fmt: skip
    visitor = referrer.visitor()
    visitor.headers["User-Agent"] = agent
    body = read(await visitor.post("/auth/register", json=form | fields), 201)
    return lasting(visitor, user_id=UUID(body["user"]["id"]), email=str(form["email"]))


def lasting(client: StorefrontClient, *, user_id: UUID, email: str) -> StorefrontClient:
    """The same person, still signed in when the clock has moved."""
    role = role_on_wire(Role.CUSTOMER, client.storefront)
    token = FreshToken(client.runtime, user_id=user_id, email=email, role=role)
    return client.visitor(auth=token, user_id=user_id, email=email)


async def bring(referrer: StorefrontClient, number: int) -> UUID:
    """The account of a friend, written straight into the database; its id."""
    user_id = new_id()
    async with referrer.database.read() as connection:
        await connection.execute(
            _BRING, user_id, f"friend-{number}@example.com", f"RF{number}", referrer.user_id,
            referrer.runtime.clock.now(),
        )  # fmt: skip
    return user_id


async def points_of(client: StorefrontClient) -> int:
    available: int = read(await client.get("/loyalty/balance"))["available"]
    return available


@pytest.fixture
async def referrer(derlg: StorefrontClient, clock: FrozenClock) -> StorefrontClient:
    return await derlg.sign_in_as()
