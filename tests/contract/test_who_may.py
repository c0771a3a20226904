"""Who may call what: every operation of both storefronts, asked by a visitor, a customer and staff.

`who_may.json` says it, by operation; a new one is added there. Made-up things are asked for, with nothing sent:
whoever is let in finds that they do not exist, or hears what is missing. What is one's own alone is not asked for.
"""

import json
import re
from pathlib import Path

import pytest
from tests.support.client import StorefrontClient
from tests.support.selling import TRAVEL_DATE
from tests.support.system import System

from sojourn.people.roles import Role

FOLDER = Path(__file__).parent
ANYONE, SIGNED_IN, THE_AGENT = "anyone", "anyone signed in", "the agent"
NOBODY = "01990000-0000-7000-8000-000000000000"
STREAMS = {"stream_events"}  # never ends by itself
LAST = {"sign_out_everywhere"}  # whoever has called it is somebody who has to sign in
REFUSALS = {"NOT_AUTHENTICATED": SIGNED_IN, "NOT_ALLOWED": SIGNED_IN, "SERVICE_KEY_INVALID": THE_AGENT}


async def refusal_of(client: StorefrontClient, operation: str) -> str | None:
    """For whom it is said to be; None when the client is let in."""
    method, path = operation.split(" ")
    path = path.removeprefix(client.storefront.prefix).replace("{day}", TRAVEL_DATE.isoformat())
    answer = await client.request(method, re.sub(r"\{[^}]+\}", NOBODY, path))
    if answer.status_code not in (401, 403):
        return None
    body = answer.json()
    return REFUSALS.get(body["error"]["code"] if "error" in body else body["code"])


async def who_may(client: StorefrontClient) -> dict[str, str]:
    """By operation, who is let in."""
    operations: dict[str, str] = json.loads((FOLDER / f"{client.storefront.key}.json").read_text(encoding="utf-8"))
    customer, visitor = await client.sign_in_as(), client.visitor()
    staff = {role: await client.sign_in_as(role) for role in (Role.ADMIN, Role.CONSULTANT, Role.GUIDE)}
    found = {}
    for name in sorted(operations.keys() - STREAMS, key=lambda name: (name in LAST, name)):
        asked = operations[name]
        found[name] = await refusal_of(visitor, asked) or ANYONE
        if found[name] == SIGNED_IN and await refusal_of(customer, asked) is not None:
            let_in = [role.lower() for role, person in staff.items() if await refusal_of(person, asked) is None]
            found[name] = ", ".join(let_in)
    return found


@pytest.mark.parametrize("key", ["derlg", "holyone"])
async def test_only_who_may_is_let_in(system: System, key: str) -> None:
    said: dict[str, str] = json.loads((FOLDER / "who_may.json").read_text(encoding="utf-8"))
    found = await who_may(system.clients[key])
    assert {name: who for name, who in found.items() if said.get(name) != who} == {}
