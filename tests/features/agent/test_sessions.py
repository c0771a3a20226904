"""Conversations: the agent's own JSON, the customer's own, for seven days."""

import json
from datetime import timedelta
from typing import Any

import pytest
from tests.features.agent.conftest import agent_of
from tests.support.client import StorefrontClient, faulty_fields, read, refusal

from sojourn.channels.ai_tools.jobs import forget_sessions
from sojourn.platform.kit.clock import FrozenClock
from sojourn.platform.kit.ids import new_id
from sojourn.providers.work import Work

STATE = {"language": "km", "wish": "ថ្ងៃស្ងប់ស្ងាត់បីថ្ងៃ", "seen": [1, 2.5, None, True], "deep": {"er": {"est": []}}}


async def put(agent: StorefrontClient, session_id: object, state: object = STATE) -> Any:
    return read(await agent.put(f"/ai-tools/sessions/{session_id}", json={"state": state}))


async def test_it_comes_back_as_it_was(agent: StorefrontClient, customer: StorefrontClient, clock: FrozenClock) -> None:
    session_id = new_id()
    kept = await put(agent, session_id)
    assert (kept["session_id"], kept["user_id"], kept["state"]) == (str(session_id), str(customer.user_id), STATE)
    assert kept["expires_at"].startswith("2026-12-08T03:00:00")
    assert read(await agent.get(f"/ai-tools/sessions/{session_id}")) == kept
    clock.advance(timedelta(days=6))
    again = await put(agent, session_id, {"turn": 2})
    assert (again["created_at"], again["state"]) == (kept["created_at"], {"turn": 2})
    assert again["expires_at"].startswith("2026-12-14T03:00:00")
    assert (await agent.delete(f"/ai-tools/sessions/{session_id}")).status_code == 200
    assert refusal(await agent.get(f"/ai-tools/sessions/{session_id}"), 404) == "AI_SESSION_NOT_FOUND"
    assert refusal(await agent.delete(f"/ai-tools/sessions/{session_id}"), 404) == "AI_SESSION_NOT_FOUND"


async def test_with_another_customer_it_is_not_there(derlg: StorefrontClient, agent: StorefrontClient) -> None:
    session_id = new_id()
    await put(agent, session_id)
    other = agent_of(derlg, (await derlg.sign_in_as()).user_id)
    path = f"/ai-tools/sessions/{session_id}"
    assert refusal(await other.get(path), 404) == "AI_SESSION_NOT_FOUND"
    assert refusal(await other.delete(path), 404) == "AI_SESSION_NOT_FOUND"
    assert refusal(await other.put(path, json={"state": {}}), 409) == "AI_SESSION_TAKEN"
    assert read(await agent.get(path))["state"] == STATE
    assert refusal(await agent_of(derlg, None).get(path), 400) == "ACTING_USER_REQUIRED"


async def test_the_customer_may_stand_in_body_and_query(derlg: StorefrontClient, customer: StorefrontClient) -> None:
    nobody, named = agent_of(derlg, None), {"user_id": str(customer.user_id)}
    path = f"/ai-tools/sessions/{new_id()}"
    read(await nobody.put(path, json={"state": STATE, **named}))
    assert read(await nobody.get(path, params=named))["state"] == STATE
    assert (await nobody.delete(path, params=named)).status_code == 200


async def test_64_kib_are_kept_and_no_byte_more(agent: StorefrontClient) -> None:
    limit = 64 * 1024
    frame = len(json.dumps({"t": ""}, separators=(",", ":")))
    session_id = new_id()
    assert (await put(agent, session_id, {"t": "x" * (limit - frame)}))["state"]["t"][0] == "x"
    more = await agent.put(f"/ai-tools/sessions/{session_id}", json={"state": {"t": "x" * (limit - frame + 1)}})
    assert refusal(more, 413) == "AI_SESSION_TOO_LARGE"
    assert more.json()["error"]["details"] == {"bytes": limit + 1, "limit": limit}
    khmer = await agent.put(f"/ai-tools/sessions/{session_id}", json={"state": {"t": "ក" * (limit // 3)}})
    assert refusal(khmer, 413) == "AI_SESSION_TOO_LARGE"


@pytest.mark.parametrize("body", [{}, {"state": []}, {"state": "text"}, {"state": None}])
async def test_the_state_is_an_object(agent: StorefrontClient, body: dict[str, Any]) -> None:
    assert faulty_fields(await agent.put(f"/ai-tools/sessions/{new_id()}", json=body)) == ["state"]


async def test_what_cannot_be_stored_is_said(agent: StorefrontClient) -> None:
    answer = await agent.put(f"/ai-tools/sessions/{new_id()}", json={"state": {"t": "a\x00b"}})
    assert refusal(answer, 400) == "VALIDATION_FAILED"
    assert faulty_fields(await agent.get("/ai-tools/sessions/not-an-id")) == ["session_id"]


async def test_after_seven_days_it_is_gone_and_its_id_is_free(
    derlg: StorefrontClient, agent: StorefrontClient, clock: FrozenClock, work: Work
) -> None:
    old, new = new_id(), new_id()
    await put(agent, old)
    clock.advance(timedelta(days=7))
    assert refusal(await agent.get(f"/ai-tools/sessions/{old}"), 404) == "AI_SESSION_NOT_FOUND"
    other = agent_of(derlg, (await derlg.sign_in_as()).user_id)
    await put(other, old, {"mine": True})
    await put(agent, new)
    clock.advance(timedelta(days=6))
    await put(other, old, {"mine": True})
    clock.advance(timedelta(days=2))
    await forget_sessions(work)
    rows = await derlg.rows("SELECT session_id FROM ai_sessions")
    assert [row["session_id"] for row in rows] == [old]
