"""What providers told us, as admins see it, and an event's next attempt."""

import asyncio
import json
from datetime import timedelta
from itertools import product
from typing import Any

import httpx
import pytest
from tests.support.client import StorefrontClient, faulty_fields, read, refusal
from tests.support.selling import events_of, hold, open_intent, pay, put_trip_on_sale, tell
from tests.support.system import account_key

from sojourn.desk.webhooks import queries
from sojourn.desk.webhooks.models import State
from sojourn.people.roles import Role
from sojourn.platform.kit.clock import FrozenClock
from sojourn.platform.kit.wire import SortByTime

PATH = "/admin/webhooks"
STORE = """
INSERT INTO inbox (provider, event_id, name, payload, is_live, received_at, handled_at, outcome, attempts, last_error)
VALUES ($1, $2, 'invoice.paid', $3, false, $4, $5, $6, $7, $8)
"""
FILL = """
INSERT INTO inbox (provider, event_id, name, payload, is_live, received_at, handled_at, outcome)
SELECT 'stripe', 'evt_' || n, 'invoice.paid', '{}', false, $1::timestamptz - n * interval '1 minute',
       CASE WHEN n % 1000 > 0 THEN $1 END, 'noted'
  FROM generate_series(1, 20000) AS n
"""


async def keep(client: StorefrontClient, event_id: str, *, provider: str = "stripe", **more: Any) -> None:
    """An event in the inbox: about a payment that is not ours, and a payer whose data are nobody's business."""
    about = {"id": "in_1", "object": "invoice", "payment_intent": "pi_unknown", "email": "payer@example.com"}
    now = client.runtime.clock.now()
    event = {"id": event_id, "type": "invoice.paid", "created": int(now.timestamp()), "livemode": False}
    payload = more.get("payload", json.dumps({**event, "data": {"object": about}}))
    await client.rows(
        STORE, provider, event_id, payload, more.get("received_at", now), more.get("handled_at"), more.get("outcome"),
        more.get("attempts", 0), more.get("last_error"),
    )  # fmt: skip


@pytest.fixture(params=["derlg", "holyone"])
def client(request: pytest.FixtureRequest, derlg: StorefrontClient, holyone: StorefrontClient) -> StorefrontClient:
    return {"derlg": derlg, "holyone": holyone}[request.param]


@pytest.fixture
async def refund_before_its_payment(derlg: StorefrontClient, sandbox: str) -> tuple[Any, Any]:
    """A booking that is not known to be paid yet, and the events of its payment and of its refund."""
    traveler = await derlg.sign_in_as()
    booking = await hold(traveler, await put_trip_on_sale(derlg))
    intent_id = (await open_intent(traveler, booking_id=booking["id"]))["payment_intent_id"]
    (await pay(sandbox, intent_id)).raise_for_status()
    async with httpx.AsyncClient(base_url=sandbox, timeout=10) as processor:
        key = {"Authorization": f"Bearer {account_key('derlg')}"}
        (await processor.post("/v1/refunds", data={"payment_intent": intent_id}, headers=key)).raise_for_status()
    told = {event["type"]: event for event in await events_of(sandbox, intent_id)}
    return told["payment_intent.succeeded"], told["refund.created"]


def listed(answer: httpx.Response) -> tuple[list[dict[str, Any]], int]:
    """Rows in snake_case, whatever the storefront writes, and how many there are in all."""
    assert answer.status_code == 200, answer.text
    body = answer.json()
    total = body["meta"]["total"] if "meta" in body else body["total"]
    rows = body["data"] if "meta" in body else body["items"]
    return [{name.replace("eventId", "event_id"): value for name, value in row.items()} for row in rows], total


async def test_events_are_listed_with_what_became_of_them_and_never_with_their_payload(
    client: StorefrontClient, clock: FrozenClock
) -> None:
    admin, now = await client.sign_in_as(Role.ADMIN), clock.now()
    await keep(client, "evt_a", received_at=now - timedelta(days=2), handled_at=now, outcome="noted", attempts=1)
    await keep(client, "evt_b", received_at=now - timedelta(days=1), attempts=2, last_error="ValueError('no')" * 100)
    await keep(client, "evt_c", provider="other")
    answer = await admin.get(PATH)
    rows, total = listed(answer)
    assert [(row["event_id"], row["state"], row["attempts"]) for row in rows] == [
        ("evt_c", "waiting", 0), ("evt_b", "failed", 2), ("evt_a", "handled", 1),
    ]  # fmt: skip
    assert total == 3
    assert (rows[2]["outcome"], len(rows[1].get("last_error") or rows[1]["lastError"])) == ("noted", 500)
    assert "payer@example.com" not in answer.text
    for state, event_id in (("waiting", "evt_c"), ("failed", "evt_b"), ("handled", "evt_a")):
        rows, total = listed(await admin.get(PATH, params={"state": state}))
        assert ([row["event_id"] for row in rows], total) == ([event_id], 1)
    assert listed(await admin.get(PATH, params={"provider": "other"}))[1] == 1
    paging = "perPage" if client.storefront.key == "holyone" else "per_page"
    rows, total = listed(await admin.get(PATH, params={paging: 2, "page": 2}))
    assert ([row["event_id"] for row in rows], total) == (["evt_a"], 3)


async def test_days_are_those_of_the_storefront(derlg: StorefrontClient, clock: FrozenClock) -> None:
    admin = await derlg.sign_in_as(Role.ADMIN)
    midnight = clock.now().replace(hour=17, minute=0)  # of 2 December in Phnom Penh
    for name, at in (("before", midnight - timedelta(seconds=1)), ("after", midnight)):
        await keep(derlg, name, received_at=at)
    assert [row["event_id"] for row in read(await admin.get(PATH, params={"from_date": "2026-12-02"}))] == ["after"]
    assert [row["event_id"] for row in read(await admin.get(PATH, params={"to_date": "2026-12-01"}))] == ["before"]
    wrong = {"from_date": "2026-12-02", "to_date": "2026-12-01"}
    assert faulty_fields(await admin.get(PATH, params=wrong)) == ["from_date"]


@pytest.mark.parametrize(
    ("field", "value"), [("state", "lost"), ("provider", "No one"), ("from_date", "soon"), ("page", 0), ("payload", 1)]
)
async def test_filters_that_make_no_sense_name_their_field(
    derlg: StorefrontClient, field: str, value: str | int
) -> None:
    admin = await derlg.sign_in_as(Role.ADMIN)
    assert faulty_fields(await admin.get(PATH, params={field: value})) == [field]


async def test_an_event_is_handled_once_and_on_record(client: StorefrontClient) -> None:
    admin = await client.sign_in_as(Role.ADMIN)
    await keep(client, "evt_1", attempts=3, last_error="OSError()")
    retried = read(await admin.post(f"{PATH}/stripe/evt_1/retry"))
    assert (retried["state"], retried["outcome"], retried["attempts"]) == ("handled", "not_ours", 3)
    assert retried.get("last_error", retried.get("lastError")) is None
    assert refusal(await admin.post(f"{PATH}/stripe/evt_1/retry"), 409) == "WEBHOOK_ALREADY_HANDLED"
    [act] = await client.rows("SELECT actor_id, reference, detail FROM audit_entries WHERE action = 'webhook.retried'")
    assert (act["actor_id"], act["reference"]) == (admin.user_id, "evt_1")
    assert act["detail"] == {"provider": "stripe", "event_id": "evt_1", "name": "invoice.paid", "is_handled": True}


async def test_of_admins_who_retry_at_once_one_does(derlg: StorefrontClient) -> None:
    admin = await derlg.sign_in_as(Role.ADMIN)
    await keep(derlg, "evt_1")
    answers = await asyncio.gather(*(admin.post(f"{PATH}/stripe/evt_1/retry") for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert len(await derlg.rows("SELECT FROM audit_entries WHERE action = 'webhook.retried'")) == 1


async def test_what_fails_again_says_so_and_can_be_retried(
    derlg: StorefrontClient, refund_before_its_payment: tuple[Any, Any]
) -> None:
    paid, refunded = refund_before_its_payment
    admin = await derlg.sign_in_as(Role.ADMIN)
    assert read(await tell(derlg, refunded))["status"] == "stored"
    retry = f"{PATH}/stripe/{refunded['id']}/retry"
    again = read(await admin.post(retry))
    assert (again["state"], again["attempts"], again["handled_at"]) == ("failed", 2, None)
    assert again["last_error"]
    assert read(await tell(derlg, paid))["status"] == "processed"
    assert read(await admin.post(retry))["state"] == "handled"
    assert await derlg.rows("SELECT status FROM payments") == [{"status": "REFUNDED"}]
    acts = await derlg.rows("SELECT detail FROM audit_entries WHERE action = 'webhook.retried' ORDER BY id")
    assert [act["detail"]["is_handled"] for act in acts] == [False, True]


async def test_an_event_that_nobody_can_read_stays(client: StorefrontClient) -> None:
    admin = await client.sign_in_as(Role.ADMIN)
    await keep(client, "evt_1", payload="{")
    failed = read(await admin.post(f"{PATH}/stripe/evt_1/retry"))
    assert (failed["state"], failed["attempts"]) == ("failed", 1)


@pytest.mark.parametrize(
    ("path", "field"), [("Stripe/evt_1", "provider"), ("stripe/evt%201", "event_id"), ("stripe/%00", "event_id")]
)
async def test_what_is_no_event_is_refused(derlg: StorefrontClient, path: str, field: str) -> None:
    admin = await derlg.sign_in_as(Role.ADMIN)
    assert faulty_fields(await admin.post(f"{PATH}/{path}/retry")) == [field]
    assert refusal(await admin.post(f"{PATH}/stripe/evt_unknown/retry"), 404) == "WEBHOOK_NOT_FOUND"


@pytest.mark.parametrize("role", [Role.CUSTOMER, Role.CONSULTANT])
async def test_webhooks_are_for_admins(client: StorefrontClient, role: Role) -> None:
    await keep(client, "evt_1")
    somebody = await client.sign_in_as(role)
    for answer in (await somebody.get(PATH), await somebody.post(f"{PATH}/stripe/evt_1/retry")):
        assert refusal(answer, 403) == "NOT_ALLOWED"
    assert refusal(await client.get(PATH), 401) == "NOT_AUTHENTICATED"
    assert await client.rows("SELECT handled_at FROM inbox") == [{"handled_at": None}]


async def test_a_page_reads_as_many_rows_as_it_shows(derlg: StorefrontClient, clock: FrozenClock) -> None:
    await derlg.rows(FILL, clock.now())
    async with derlg.database.read() as connection:
        await connection.execute("ANALYZE inbox")
        stretch = clock.now() - timedelta(days=400), clock.now()
        for state, sort in product((None, *State), SortByTime):
            statement = f"EXPLAIN (ANALYZE, FORMAT JSON) {queries.LISTS[state, sort]}"
            [plan] = await connection.fetchval(statement, *stretch, None, 20, 0)
            assert max(_rows_read(plan["Plan"])) <= 50, (state, sort)


def _rows_read(node: dict[str, Any]) -> list[int]:
    own = node["Actual Rows"] + node.get("Rows Removed by Filter", 0) if "Relation Name" in node else 0
    return [own, *(count for child in node.get("Plans", []) for count in _rows_read(child))]


async def test_a_long_page_asks_the_database_as_often_as_a_short_one(derlg: StorefrontClient) -> None:
    admin = await derlg.sign_in_as(Role.ADMIN)
    counted = []
    for number in range(3):
        await keep(derlg, f"evt_{number}")
        read(await admin.get(PATH))
        async with derlg.statements() as statements:
            read(await admin.get(PATH))
        counted.append(len(statements))
    assert len(set(counted)) == 1
