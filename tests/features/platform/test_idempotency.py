"""`Idempotency-Key`: whoever asks twice is answered twice and served once."""

import asyncio
from datetime import timedelta

import pytest
from tests.conftest import StartSystem
from tests.features.platform.probing import probe
from tests.support.client import StorefrontClient, faulty_fields, read, refusal

from sojourn.platform.errors import Refusal
from sojourn.platform.http.context import Ctx
from sojourn.platform.http.idempotency import purge
from sojourn.platform.http.routing import Router
from sojourn.platform.kit.clock import FrozenClock
from sojourn.platform.kit.wire import Wire


class Order(Wire):
    number: int
    outcome: str = "done"


class NotNow(Refusal):
    status = 409
    code = "NOT_NOW"


class Never(Refusal):
    status = 422
    code = "NEVER"


class Till:
    """A feature that counts how often it was really asked."""

    def __init__(self) -> None:
        self.served = 0
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()
        self.is_inside = asyncio.Event()
        self.router = Router(prefix="/till")
        self.router.post("/orders", operation_id="create_order", status_code=201)(self.create_order)
        self.router.post("/other", operation_id="create_other", status_code=201)(self.create_order)

    async def create_order(self, ctx: Ctx, body: Order) -> Order:
        self.served += 1
        self.is_inside.set()
        await self.may_go_on.wait()
        if body.outcome == "not now":
            raise NotNow
        if body.outcome == "never":
            raise Never
        if body.outcome == "broken":
            raise RuntimeError
        if body.outcome == "last":
            await ctx.db.close()
        return Order(number=self.served)


@pytest.fixture
def till() -> Till:
    return Till()


KEY = {"Idempotency-Key": "8f14e45f"}


async def test_the_first_answer_is_given_again(derlg: StorefrontClient, holyone: StorefrontClient, till: Till) -> None:
    for served, client in enumerate((derlg, holyone), start=1):
        door = probe(client, till.router)
        first, second = [await door.post("/till/orders", json={"number": 7}, headers=KEY) for _ in range(2)]
        assert (first.status_code, first.content) == (second.status_code, second.content)
        assert read(second, 201)["number"] == served
        assert second.headers["content-type"] == first.headers["content-type"]
        assert [answer.headers.get("idempotent-replayed") for answer in (first, second)] == [None, "true"]
        assert till.served == served


async def test_without_a_key_nothing_is_kept(derlg: StorefrontClient, till: Till) -> None:
    door = probe(derlg, till.router)
    assert [read(await door.post("/till/orders", json={"number": 7}), 201)["number"] for _ in range(2)] == [1, 2]
    assert await derlg.rows("SELECT * FROM idempotency_keys") == []


async def test_another_body_under_the_same_key_is_refused(derlg: StorefrontClient, till: Till) -> None:
    door = probe(derlg, till.router)
    read(await door.post("/till/orders", json={"number": 7}, headers=KEY), 201)
    assert refusal(await door.post("/till/orders", json={"number": 8}, headers=KEY), 422) == "IDEMPOTENCY_KEY_REUSED"
    assert (
        refusal(await door.post("/till/orders?x=1", json={"number": 7}, headers=KEY), 422) == "IDEMPOTENCY_KEY_REUSED"
    )
    assert till.served == 1


async def test_a_key_counts_for_one_caller_and_one_path(derlg: StorefrontClient, till: Till) -> None:
    callers = [await derlg.sign_in_as(), await derlg.sign_in_as(), derlg]
    doors = [probe(derlg, till.router, auth=caller.auth) for caller in callers]
    for path in ("/till/orders", "/till/other"):
        for door in doors:
            read(await door.post(path, json={"number": 7}, headers=KEY), 201)
    assert till.served == 6


async def test_while_the_first_call_runs_a_second_is_told_so(derlg: StorefrontClient, till: Till) -> None:
    door = probe(derlg, till.router)
    till.may_go_on.clear()
    first = asyncio.create_task(door.post("/till/orders", json={"number": 7}, headers=KEY))
    await till.is_inside.wait()
    assert refusal(await door.post("/till/orders", json={"number": 7}, headers=KEY), 409) == "IDEMPOTENCY_IN_FLIGHT"
    assert refusal(await door.post("/till/orders", json={"number": 8}, headers=KEY), 422) == "IDEMPOTENCY_KEY_REUSED"
    till.may_go_on.set()
    read(await first, 201)
    assert read(await door.post("/till/orders", json={"number": 7}, headers=KEY), 201)["number"] == 1


async def test_of_many_at_once_one_is_served(derlg: StorefrontClient, till: Till) -> None:
    door = probe(derlg, till.router)
    answers = await asyncio.gather(*(door.post("/till/orders", json={"number": 7}, headers=KEY) for _ in range(20)))
    assert till.served == 1
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert 201 in {answer.status_code for answer in answers}


@pytest.mark.parametrize(
    ("outcome", "status", "served"), [("never", 422, 1), ("not now", 409, 2), ("broken", 500, 2), (7, 400, 0)]
)
async def test_what_may_turn_out_otherwise_next_time_is_tried_again(
    derlg: StorefrontClient, till: Till, outcome: object, status: int, served: int
) -> None:
    door = probe(derlg, till.router)
    body = {"number": 7, "outcome": outcome}
    answers = [await door.post("/till/orders", json=body, headers=KEY) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [status, status]
    assert till.served == served


async def test_a_call_that_died_blocks_its_key_for_a_minute(
    derlg: StorefrontClient, till: Till, clock: FrozenClock
) -> None:
    door = probe(derlg, till.router)
    read(await door.post("/till/orders", json={"number": 7}, headers=KEY), 201)
    async with derlg.database.read() as connection:
        await connection.execute("UPDATE idempotency_keys SET status = NULL, body = NULL")
    assert refusal(await door.post("/till/orders", json={"number": 7}, headers=KEY), 409) == "IDEMPOTENCY_IN_FLIGHT"
    clock.advance(timedelta(seconds=61))
    assert read(await door.post("/till/orders", json={"number": 7}, headers=KEY), 201)["number"] == 2


async def test_what_is_done_is_said_though_it_cannot_be_kept(start_system: StartSystem, till: Till) -> None:
    """The database goes away between the act and the keeping of its answer."""
    async with start_system() as system:
        door = probe(system.derlg, till.router)
        answer = await door.post("/till/orders", json={"number": 7, "outcome": "last"}, headers=KEY)
        assert read(answer, 201)["number"] == 1


async def test_keys_live_a_day(derlg: StorefrontClient, till: Till, clock: FrozenClock) -> None:
    door = probe(derlg, till.router)
    read(await door.post("/till/orders", json={"number": 7}, headers=KEY), 201)
    clock.advance(timedelta(hours=23, minutes=59))
    await purge(derlg.runtime)
    assert read(await door.post("/till/orders", json={"number": 7}, headers=KEY), 201)["number"] == 1
    clock.advance(timedelta(minutes=2))
    assert read(await door.post("/till/orders", json={"number": 8}, headers=KEY), 201)["number"] == 2
    clock.advance(timedelta(days=2))
    await purge(derlg.runtime)
    assert await derlg.rows("SELECT * FROM idempotency_keys") == []


@pytest.mark.parametrize("key", ["", " ", '""', "x" * 256, "caf\xe9", "a\tb"])
async def test_a_key_that_is_none(derlg: StorefrontClient, till: Till, key: str) -> None:
    headers = {b"Idempotency-Key": key.encode("latin-1")}
    answer = await probe(derlg, till.router).post("/till/orders", json={"number": 7}, headers=headers)
    assert faulty_fields(answer) == ["Idempotency-Key"]
    assert till.served == 0
