"""Who gets in, for whom, and what stays behind of it."""

from uuid import UUID

import pytest
from tests.conftest import StartSystem
from tests.features.agent.conftest import agent_of, use
from tests.support.client import StorefrontClient, faulty_fields, read, refusal
from tests.support.system import SERVICE_KEY

from sojourn.channels.ai_tools.toolbox import TOOLS
from sojourn.people.roles import Role
from sojourn.platform.kit.ids import new_id
from sojourn.settings import SettingsError, load_settings

WRONG = "0" * 64


@pytest.mark.parametrize("sent", [{}, {"X-Service-Key": WRONG}, {"X-Service-Key": ""}, {"X-Service-Key": "ключ"}])
async def test_no_tool_opens_without_the_key(derlg: StorefrontClient, sent: dict[str, str]) -> None:
    headers = [(name.encode(), value.encode()) for name, value in sent.items()]
    for tool in TOOLS:
        answer = await derlg.post(f"/ai-tools{tool.path}", json={}, headers=headers)
        assert refusal(answer, 401) == "SERVICE_KEY_INVALID"
        assert "next_step" not in answer.text
    assert refusal(await derlg.get("/ai-tools", headers=headers), 401) == "SERVICE_KEY_INVALID"
    for method in ("GET", "PUT", "DELETE"):
        answer = await derlg.request(method, f"/ai-tools/sessions/{new_id()}", headers=headers)
        assert refusal(answer, 401) == "SERVICE_KEY_INVALID"


async def test_a_part_of_the_key_or_more_than_the_key_is_no_key(derlg: StorefrontClient) -> None:
    for key in (SERVICE_KEY[:-1], SERVICE_KEY + "0", f"{SERVICE_KEY},{SERVICE_KEY}", SERVICE_KEY.upper()):
        assert refusal(await agent_of(derlg, None, key=key).get("/ai-tools"), 401) == "SERVICE_KEY_INVALID"


async def test_two_keys_count_while_one_is_replaced(start_system: StartSystem) -> None:
    old, new = "a" * 64, "b" * 64
    async with start_system(AI_SERVICE_KEY=f"{old}, {new}") as system:
        for key, status in ((old, 200), (new, 200), (SERVICE_KEY, 401)):
            assert (await agent_of(system.derlg, None, key=key).get("/ai-tools")).status_code == status
        rows = await _called(system.derlg, old), await _called(system.derlg, new)
    assert rows[0] != rows[1]
    async with start_system(AI_SERVICE_KEY=new) as system:
        assert refusal(await agent_of(system.derlg, None, key=old).get("/ai-tools"), 401) == "SERVICE_KEY_INVALID"
        assert (await agent_of(system.derlg, None, key=new).get("/ai-tools")).status_code == 200


async def _called(client: StorefrontClient, key: str) -> str:
    agent = agent_of(client, None, key=key)
    read(await use(agent, "search_trips"))
    rows = await client.rows("SELECT detail FROM audit_entries WHERE action = 'agent.called' ORDER BY id DESC LIMIT 1")
    name: str = rows[0]["detail"]["key"]
    assert name not in key
    return name


async def test_without_a_key_in_the_settings_nobody_gets_in(start_system: StartSystem) -> None:
    async with start_system(AI_SERVICE_KEY="") as system:
        for key in ("", SERVICE_KEY):
            assert refusal(await agent_of(system.derlg, None, key=key).get("/ai-tools"), 401) == "SERVICE_KEY_INVALID"


async def test_guessing_is_slowed_and_the_real_agent_is_not(start_system: StartSystem) -> None:
    async with start_system(RATE_LIMIT_AUTH="3") as system:
        guesser, agent = agent_of(system.derlg, None, key=WRONG), agent_of(system.derlg, None)
        codes = [(await guesser.get("/ai-tools")).status_code for _ in range(5)]
        assert codes == [401, 401, 401, 429, 429]
        assert (await agent.get("/ai-tools")).status_code == 200


async def test_the_limit_is_each_customers_own(start_system: StartSystem) -> None:
    async with start_system(RATE_LIMIT_CATALOG="2") as system:
        first, second = [agent_of(system.derlg, (await system.derlg.sign_in_as()).user_id) for _ in range(2)]
        codes = [(await use(first, "search_trips")).status_code for _ in range(3)]
        assert codes == [200, 200, 429]
        answer = await use(first, "search_trips")
        assert "retry_after" in answer.json()["error"]["details"]["next_step"]
        assert (await use(second, "search_trips")).status_code == 200


async def test_the_key_opens_nothing_else(agent: StorefrontClient) -> None:
    for path in ("/bookings/my", "/users/me", "/loyalty/balance", "/admin/bookings", "/payments"):
        assert refusal(await agent.get(path), 401) == "NOT_AUTHENTICATED"


async def test_a_customers_token_opens_no_tool(customer: StorefrontClient) -> None:
    assert refusal(await customer.get("/ai-tools"), 401) == "SERVICE_KEY_INVALID"
    assert refusal(await use(customer, "list_bookings"), 401) == "SERVICE_KEY_INVALID"


async def test_personal_tools_need_a_customer(derlg: StorefrontClient) -> None:
    answer = await use(agent_of(derlg, None), "list_bookings")
    assert refusal(answer, 400) == "ACTING_USER_REQUIRED"
    assert "host application" in answer.json()["error"]["details"]["next_step"]
    read(await use(agent_of(derlg, None), "search_trips"))


async def test_the_customer_may_stand_in_the_body(derlg: StorefrontClient, customer: StorefrontClient) -> None:
    nobody = agent_of(derlg, None)
    assert read(await use(nobody, "list_bookings", user_id=str(customer.user_id)))["total"] == 0
    both = agent_of(derlg, customer.user_id)
    assert read(await use(both, "list_bookings", user_id=str(customer.user_id)))["total"] == 0
    assert faulty_fields(await use(both, "list_bookings", user_id=str(new_id()))) == ["user_id"]


@pytest.mark.parametrize("role", [Role.ADMIN, Role.CONSULTANT, Role.GUIDE])
async def test_it_never_acts_for_staff(derlg: StorefrontClient, role: Role) -> None:
    member = await derlg.sign_in_as(role)
    assert refusal(await use(agent_of(derlg, member.user_id), "list_bookings"), 404) == "ACTING_USER_NOT_FOUND"


async def test_nor_for_unknown_or_closed_accounts(derlg: StorefrontClient, customer: StorefrontClient) -> None:
    assert refusal(await use(agent_of(derlg, new_id()), "search_trips"), 404) == "ACTING_USER_NOT_FOUND"
    async with derlg.database.read() as connection:
        await connection.execute("UPDATE users SET is_active = false WHERE id = $1", customer.user_id)
    assert refusal(await use(agent_of(derlg, customer.user_id), "search_trips"), 404) == "ACTING_USER_NOT_FOUND"


async def test_a_customers_id_must_be_one(agent: StorefrontClient) -> None:
    agent.headers["X-Acting-User"] = "' OR 1=1 --"
    assert faulty_fields(await use(agent, "list_bookings")) == ["X-Acting-User"]


async def test_every_call_leaves_a_row_without_secrets(agent: StorefrontClient, trip_id: UUID) -> None:
    agent.headers["X-Session-Id"] = "conversation-1"
    agent.headers["X-Request-Id"] = "agent-request-1"
    read(await use(agent, "search_trips", q="a secret wish"))
    assert refusal(await use(agent, "get_booking", booking_id="DL-NOTHING8"), 404) == "BOOKING_NOT_FOUND"
    rows = await agent.rows("SELECT * FROM audit_entries WHERE action LIKE 'agent.%'")
    said = [(row["action"], row["detail"]["tool"], row["detail"].get("code")) for row in rows]
    assert sorted(said, key=str) == [  # ids of one millisecond are in no order
        ("agent.called", "get_booking", None),
        ("agent.called", "search_trips", None),
        ("agent.refused", "get_booking", "BOOKING_NOT_FOUND"),
    ]
    for row in rows:
        assert row["actor_kind"] == "SERVICE"
        assert str(row["subject_id"]) == agent.headers["X-Acting-User"]
        assert row["request_id"] == "agent-request-1"
        assert row["detail"]["session_id"] == "conversation-1"
        assert SERVICE_KEY not in str(row)
        assert "secret wish" not in str(row)


async def test_the_list_is_what_answers(derlg: StorefrontClient, holyone: StorefrontClient) -> None:
    listed = read(await agent_of(derlg, None).get("/ai-tools"))["tools"]
    assert [tool["name"] for tool in listed] == [tool.name for tool in TOOLS]
    document = (await derlg.get(str(derlg.base_url.copy_with(path="/api-docs/openapi.json")))).json()
    answering = {path for path, by in document["paths"].items() if path.startswith("/v1/ai-tools/") and "post" in by}
    assert {tool["path"] for tool in listed} == answering
    for tool in listed:
        assert tool["description"]
        assert tool["input_schema"]["type"] == tool["output_schema"]["type"] == "object"
        assert "user_id" not in tool["input_schema"]["properties"]
    assert refusal(await agent_of(holyone, None).get("/ai-tools"), 404) == "ROUTE_NOT_FOUND"


def test_three_keys_are_refused_and_weak_ones_in_production() -> None:
    def told(**more: str) -> dict[str, str]:
        return {
            "SOJOURN_STOREFRONTS": "derlg",
            "DATABASE_URL": "postgresql://x/y",
            "STRIPE_SECRET_KEY": "sk_live_0",
            "STRIPE_WEBHOOK_SECRET": "whsec_0",
            "JWT_ACCESS_SECRET": "a" * 40,
            "JWT_REFRESH_SECRET": "b" * 40,
            **more,
        }

    key = "c" * 64
    assert load_settings(told(AI_SERVICE_KEY=key), known=("derlg",)).per_storefront["derlg"].service_keys == [key]
    with pytest.raises(SettingsError, match="at most 2 keys"):
        load_settings(told(AI_SERVICE_KEY=f"{key},{key},{key}"), known=("derlg",))
    with pytest.raises(SettingsError, match="DERLG_AI_SERVICE_KEY must be 32"):
        load_settings(told(AI_SERVICE_KEY=f"{key},short"), known=("derlg",))
