"""Opening an account, in both storefronts."""

import asyncio

from tests.support.client import PASSWORD, StorefrontClient, faulty_fields, read, refusal


async def test_a_traveller_registers_as_derlgs_frontend_sends_it(derlg: StorefrontClient) -> None:
    form = {
        "name": "Sok Dara", "email": "Dara@Example.com", "phone": "+855 12 345 678", "password": PASSWORD,
        "language": "KH",
    }  # fmt: skip
    answer = await derlg.post("/auth/register", json=form)
    body = read(answer, 201)
    assert (body["token_type"], body["expires_in"], body["refresh_token"]) == ("Bearer", 900, None)
    user = body["user"]
    assert (user["name"], user["email"], user["role"]) == ("Sok Dara", "Dara@example.com", "TRAVELER")
    assert (user["preferred_language"], user["email_verified"], user["loyalty_points"]) == ("km", False, 0)
    me = await derlg.get("/auth/me", headers={"Authorization": f"Bearer {body['access_token']}"})
    assert read(me) == user


async def test_a_customer_registers_as_holyones_frontend_sends_it(holyone: StorefrontClient) -> None:
    form = {
        "email": "ada@example.com", "password": PASSWORD, "fullName": "Ada Lovelace", "phone": "+44 20 7946 0000",
        "country": "United Kingdom",
    }  # fmt: skip
    answer = await holyone.post("/auth/register", json=form)
    body = read(answer, 201)
    assert (body["tokenType"], body["expiresIn"]) == ("Bearer", 900)
    user = body["user"]
    assert (user["fullName"], user["role"], user["emailVerified"]) == ("Ada Lovelace", "CUSTOMER", False)
    assert "name" not in user
    assert user["createdAt"].endswith("Z")


async def test_each_storefront_has_its_own_word_for_the_name(
    derlg: StorefrontClient, holyone: StorefrontClient
) -> None:
    form = {"email": "x@example.com", "password": PASSWORD}
    assert sorted(faulty_fields(await derlg.post("/auth/register", json={**form, "fullName": "A"}))) == [
        "fullName",
        "name",
    ]
    assert sorted(faulty_fields(await holyone.post("/auth/register", json={**form, "name": "A"}))) == [
        "fullName",
        "name",
    ]


async def test_an_address_registers_once_whatever_its_case(holyone: StorefrontClient) -> None:
    await holyone.register(email="one@example.com")
    form = {"email": "ONE@example.com", "password": PASSWORD, "fullName": "Two"}
    assert refusal(await holyone.post("/auth/register", json=form), 409) == "EMAIL_TAKEN"
    assert len(await holyone.rows("SELECT id FROM users")) == 1


async def test_two_at_once_with_one_address_make_one_account(derlg: StorefrontClient) -> None:
    form = {"email": "twin@example.com", "password": PASSWORD, "name": "Twin"}
    answers = await asyncio.gather(*(derlg.visitor().post("/auth/register", json=form) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409, 409]
    assert len(await derlg.rows("SELECT id FROM users")) == 1
