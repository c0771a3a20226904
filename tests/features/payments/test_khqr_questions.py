"""Asking the bank: how often, about how many at once, and what happens when it does not answer."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from tests.support.client import StorefrontClient, read, refusal
from tests.support.khqr import ask_bank, open_qr, scan, set_bank_faults
from tests.support.selling import hold, put_trip_on_sale
from tests.support.system import environment
from tests.support.work import do_jobs

from sojourn.modules import PAYABLES
from sojourn.platform.kit.clock import FrozenClock
from sojourn.providers.payments.port import ProviderRefused
from sojourn.providers.work import Work
from sojourn.sales.payments import jobs, qr_checks, reconciliation
from sojourn.settings import load_settings
from sojourn.vendors import choose_vendors

SOON = timedelta(seconds=2)


async def codes(derlg: StorefrontClient, count: int) -> list[tuple[StorefrontClient, Any, Any]]:
    """That many travellers, each with a hold and a code for it."""
    trip_id = await put_trip_on_sale(derlg, seats=100)
    made = []
    for _ in range(count):
        client = await derlg.sign_in_as()
        booking = await hold(client, trip_id)
        made.append((client, booking, await open_qr(client, booking_id=booking["id"])))
    return made


async def confirmed(derlg: StorefrontClient) -> int:
    (row,) = await derlg.rows("SELECT count(*) FROM bookings WHERE status = 'CONFIRMED'")
    return int(row["count"])


async def test_many_are_asked_about_in_one_question(
    derlg: StorefrontClient, bank: str, clock: FrozenClock, work: Work
) -> None:
    made = await codes(derlg, 3)
    for _client, _booking, code in made[:2]:
        await scan(bank, code, at=clock.now())
    clock.advance(SOON)
    assert await ask_bank(work) == 2
    assert await confirmed(derlg) == 2


@pytest.mark.parametrize("is_hurried", [False, True], ids=["due", "now"])
async def test_reconciling_by_hand_asks_about_codes_whose_time_has_not_come(
    derlg: StorefrontClient, bank: str, clock: FrozenClock, work: Work, is_hurried: bool
) -> None:
    made = await codes(derlg, 3)
    clock.advance(timedelta(minutes=5))
    assert await ask_bank(work) == 0
    assert await ask_bank(work) == 0
    for _client, _booking, code in made:
        await scan(bank, code, at=clock.now())
    found = await reconciliation.reconcile(work, payables=PAYABLES, is_hurried=is_hurried)
    assert found == await confirmed(derlg) == (3 if is_hurried else 0)


async def test_where_the_list_is_closed_each_is_asked_about_alone(
    derlg: StorefrontClient, bank: str, clock: FrozenClock, work: Work
) -> None:
    await set_bank_faults(bank, is_list_closed=True)
    for _client, _booking, code in await codes(derlg, 3):
        await scan(bank, code, at=clock.now())
    for _ in range(2):  # the second time it is known that there is no list
        clock.advance(timedelta(seconds=5))
        assert await ask_bank(work) == 3
    assert await confirmed(derlg) == 3


async def test_a_bank_that_is_down_is_asked_again_later(
    derlg: StorefrontClient, bank: str, clock: FrozenClock, work: Work
) -> None:
    ((client, booking, code),) = await codes(derlg, 1)
    await scan(bank, code, at=clock.now())
    await set_bank_faults(bank, fail_next=1)
    clock.advance(SOON)
    assert await ask_bank(work) == 0
    assert read(await client.get(f"/payments/{code['payment_id']}/status"))["status"] == "PENDING"
    assert await ask_bank(work) == 0  # its time has not come again
    clock.advance(timedelta(seconds=4))
    assert await ask_bank(work) == 1
    assert read(await client.get(f"/bookings/{booking['id']}"))["status"] == "CONFIRMED"


async def test_by_hand_all_are_asked_about_however_many(
    derlg: StorefrontClient, bank: str, clock: FrozenClock, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(qr_checks, "BATCH", 1)
    for _client, _booking, code in await codes(derlg, 3):
        await scan(bank, code, at=clock.now())
    assert await qr_checks.ask_about_all(work, payables=PAYABLES) == await confirmed(derlg) == 3


async def test_a_token_that_is_refused_is_told_to_the_desk(
    derlg: StorefrontClient, bank: str, clock: FrozenClock, work: Work
) -> None:
    await codes(derlg, 1)
    told = environment({"derlg": derlg.database.dsn}, sandbox=bank, overrides={"DERLG_BAKONG_TOKEN": "an-expired-one"})
    vendors = choose_vendors(load_settings(told, known=("derlg",)).per_storefront["derlg"])
    clock.advance(SOON)
    try:
        # The worker tells the desk of a timer or job that fails.
        with pytest.raises(ProviderRefused) as refused:
            await ask_bank(Work(runtime=work.runtime, vendors=vendors))
    finally:
        await vendors.aclose()
    assert refused.value.code == "bakong_unauthorized"


async def test_without_a_bank_nothing_is_asked(derlg: StorefrontClient, bank: str, work: Work) -> None:
    told = environment({"derlg": derlg.database.dsn}, sandbox=bank, overrides={"DERLG_BAKONG_TOKEN": ""})
    vendors = choose_vendors(load_settings(told, known=("derlg",)).per_storefront["derlg"])
    try:
        bankless = Work(runtime=work.runtime, vendors=vendors)
        assert await ask_bank(bankless) == await qr_checks.ask_about_all(bankless, payables=PAYABLES) == 0
    finally:
        await vendors.aclose()


async def test_the_job_follows_a_code_and_leaves_the_rest_to_the_timer(
    derlg: StorefrontClient, bank: str, clock: FrozenClock, work: Work
) -> None:
    async def waiting() -> int:
        rows = await derlg.rows("SELECT id FROM pgqueuer WHERE entrypoint = 'payments.ask_about_qrs'")
        return len(rows)

    ((client, booking, code),) = await codes(derlg, 1)
    assert await waiting() == 1
    kinds = {kind.name: kind.handler for kind in jobs.job_kinds(PAYABLES)}
    clock.advance(SOON)
    await derlg.rows("DELETE FROM pgqueuer")
    await kinds["payments.ask_about_qrs"](work, {})
    await kinds["payments.ask_about_qrs"](work, {})
    assert await waiting() == 1  # the same second is followed once
    await derlg.rows("DELETE FROM pgqueuer")
    clock.advance(timedelta(hours=2))
    await kinds["payments.ask_about_qrs"](work, {})
    assert await waiting() == 0  # dead for long: the timer asks now and then
    await scan(bank, code, at=clock.now() - timedelta(hours=2), is_late=True)
    clock.advance(timedelta(minutes=10))
    (sweep,) = [timer for timer in jobs.timers(PAYABLES) if timer.name == "payments.sweep_up_qrs"]
    await sweep.handler(work)
    assert read(await client.get(f"/bookings/{booking['id']}"))["status"] == "CONFIRMED"
    await do_jobs(work, ends_before="mail.booking_confirmed")


async def test_nothing_to_follow_ends_the_job(derlg: StorefrontClient, work: Work) -> None:
    await qr_checks.follow(work, payables=PAYABLES)
    assert await derlg.rows("SELECT id FROM pgqueuer") == []


async def test_one_transfer_that_fails_keeps_none_of_the_others(
    derlg: StorefrontClient, bank: str, clock: FrozenClock, work: Work
) -> None:
    made = await codes(derlg, 2)
    for _client, _booking, code in made:
        await scan(bank, code, at=clock.now())
    broken = made[0][1]["id"]
    check = f"CHECK (id <> '{broken}' OR status <> 'CONFIRMED')"
    await derlg.rows(f"ALTER TABLE bookings ADD CONSTRAINT broken {check}")
    clock.advance(SOON)
    try:
        with pytest.raises(Exception, match="broken"):
            await ask_bank(work)
    finally:
        await derlg.rows("ALTER TABLE bookings DROP CONSTRAINT broken")
    assert await confirmed(derlg) == 1
    clock.advance(timedelta(seconds=4))
    await ask_bank(work)
    assert await confirmed(derlg) == 2


class TestLooking:
    async def test_is_the_owners_only(self, derlg: StorefrontClient) -> None:
        ((_client, _booking, code),) = await codes(derlg, 1)
        other = await derlg.sign_in_as()
        assert refusal(await other.get(f"/payments/{code['payment_id']}/status"), 404) == "PAYMENT_NOT_FOUND"
        assert refusal(await other.get(f"/payments/{uuid4()}/status"), 404) == "PAYMENT_NOT_FOUND"

    async def test_asks_the_bank_once_in_two_seconds(
        self, derlg: StorefrontClient, bank: str, clock: FrozenClock
    ) -> None:
        ((client, _booking, code),) = await codes(derlg, 1)
        path = f"/payments/{code['payment_id']}/status"
        await set_bank_faults(bank, fail_next=1000)
        for _ in range(5):
            assert read(await client.get(path))["status"] == "PENDING"
        clock.advance(SOON)
        for _ in range(5):
            assert read(await client.get(path))["status"] == "PENDING"
        async with httpx.AsyncClient(base_url=bank) as browser:
            left = (await browser.get("/_sandbox/faults", params={"account": "bakong_derlg"})).json()
        assert left["bakong"]["fail_next"] == 998

    async def test_asks_no_more_once_it_is_paid(self, derlg: StorefrontClient, bank: str, clock: FrozenClock) -> None:
        ((client, _booking, code),) = await codes(derlg, 1)
        await scan(bank, code, at=clock.now())
        path = f"/payments/{code['payment_id']}/status"
        assert read(await client.get(path))["status"] == "SUCCEEDED"
        clock.advance(SOON)
        async with client.statements() as said:
            read(await client.get(path))
        assert not [statement for statement in said if "UPDATE qr_codes" in statement]
