"""Accounts without an invitation: the first admin, and the demo accounts."""

import asyncio
import os
import sys

import pytest
from tests.support.client import PASSWORD, StorefrontClient, read
from tests.support.system import System, environment
from tests.support.trail import acts_on

from sojourn.people.staff.bootstrap import AdminRefused, create_admin, ensure_demo_accounts

BOSS = "boss@example.com"


async def _command(system: System, *arguments: str, told: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "sojourn.cli", "create-admin", *arguments,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        env={**environment(system.dsns, sandbox="http://127.0.0.1:1", overrides={}), "PATH": os.environ["PATH"]},
    )  # fmt: skip
    output, _ = await process.communicate(told.encode())
    assert process.returncode is not None
    return process.returncode, output.decode()


async def test_the_command_makes_an_admin_of_one_storefront(system: System) -> None:
    arguments = ("--storefront", "derlg", "--email", BOSS, "--name", "Lim Bopha", "--password-stdin")
    status, output = await _command(system, *arguments, told=f"{PASSWORD}\n")
    assert (status, output.strip()) == (0, f"{BOSS} is an admin of DerLg now.")
    user = read(await system.derlg.post("/auth/login", json={"email": BOSS, "password": PASSWORD}))["user"]
    assert (user["role"], user["email_verified"]) == ("ADMIN", True)
    elsewhere = await system.holyone.post("/auth/login", json={"email": BOSS, "password": PASSWORD})
    assert elsewhere.status_code == 401

    status, output = await _command(system, *arguments, told=f"{PASSWORD}\n")
    assert (status, output.strip()) == (1, f"DerLg already has an account with the address {BOSS}.")


@pytest.mark.parametrize(
    ("email", "name", "password", "said"),
    [
        ("no address", "Bopha", PASSWORD, "'no address'"),
        (BOSS, " ", PASSWORD, "' '"),
        (BOSS, "Bopha", "short", "The password must have 10 to 128 characters."),
        (BOSS, "Bopha", "password123", "The password is one of the passwords"),
    ],
)
async def test_the_command_says_what_is_wrong(
    holyone: StorefrontClient, email: str, name: str, password: str, said: str
) -> None:
    with pytest.raises(AdminRefused) as refused:
        await create_admin(
            holyone.database, holyone.storefront, email=email, name=name, password=password,
            now=holyone.runtime.clock.now(),
        )  # fmt: skip
    assert str(refused.value).startswith(said)
    assert await holyone.rows("SELECT id FROM users") == []


@pytest.mark.parametrize("key", ["derlg", "holyone"])
async def test_everybody_can_look_around_with_a_demo_account(system: System, key: str) -> None:
    client = system.clients[key]
    for _ in range(2):  # each start asks for them
        accounts = await ensure_demo_accounts(client.database, client.storefront, now=client.runtime.clock.now())
    roles = []
    for account in accounts:
        form = {"email": account.email, "password": account.password}
        roles.append(read(await client.visitor().post("/auth/login", json=form))["user"]["role"])
    assert roles == [client.storefront.customer_role, "CONSULTANT", "GUIDE", "ADMIN"]
    made = await client.rows("SELECT id FROM users")
    assert len(made) == 4
    for row in made:
        assert (await acts_on(client, row["id"]))[0] == ("staff.created", None)
