"""Several ways to pay, asked for at once: one stays open, and money that comes twice is counted once."""

import asyncio
from functools import partial

from tests.support.client import StorefrontClient, read
from tests.support.khqr import ask_bank, open_qr, scan
from tests.support.selling import hold, open_intent, pay, put_trip_on_sale, tell_all
from tests.support.waiting import eventually
from tests.support.work import work_for

from sojourn.modules import PAYABLES
from sojourn.platform.http.context import SYSTEM_ORIGIN
from sojourn.platform.kit.clock import FrozenClock
from sojourn.providers.work import Work
from sojourn.sales.effects import CANCEL_INTENT
from sojourn.sales.payments.qr_checks import note_transfer
from sojourn.sales.payments.rules import FIRST_QUESTION_AFTER

MANY = 6


async def held(derlg: StorefrontClient) -> tuple[StorefrontClient, str]:
    traveler = await derlg.sign_in_as()
    return traveler, (await hold(traveler, await put_trip_on_sale(derlg)))["id"]


async def open_payments(derlg: StorefrontClient) -> int:
    return len(await derlg.rows("SELECT id FROM payments WHERE closed_at IS NULL AND captured_amount = 0"))


async def test_many_ask_for_a_code_and_get_the_same(derlg: StorefrontClient) -> None:
    traveler, booking_id = await held(derlg)
    codes = await asyncio.gather(*(open_qr(traveler, booking_id=booking_id) for _ in range(MANY)))
    assert len({code["qr_string"] for code in codes}) == 1
    assert len(await derlg.rows("SELECT id FROM payments")) == 1


async def test_many_ask_for_an_intent_and_get_the_same(derlg: StorefrontClient) -> None:
    traveler, booking_id = await held(derlg)
    intents = await asyncio.gather(*(open_intent(traveler, booking_id=booking_id) for _ in range(MANY)))
    assert len({intent["payment_intent_id"] for intent in intents}) == 1
    assert await derlg.rows("SELECT id FROM pgqueuer WHERE entrypoint = $1", CANCEL_INTENT) == []


async def test_codes_and_cards_at_once_leave_one_open(derlg: StorefrontClient) -> None:
    traveler, booking_id = await held(derlg)
    await asyncio.gather(
        *(open_qr(traveler, booking_id=booking_id) for _ in range(MANY)),
        *(open_intent(traveler, booking_id=booking_id) for _ in range(MANY)),
    )
    assert await open_payments(derlg) == 1


async def test_everybody_looks_at_once(derlg: StorefrontClient, sandbox: str, clock: FrozenClock) -> None:
    """The worker's questions, the traveller's looks and a card's webhook arrive together: one pays, one goes back."""
    traveler, booking_id = await held(derlg)
    code = await open_qr(traveler, booking_id=booking_id)
    intent = await open_intent(traveler, booking_id=booking_id)
    await scan(sandbox, code, at=clock.now())
    await pay(sandbox, intent["payment_intent_id"])
    clock.advance(FIRST_QUESTION_AFTER)
    path = f"/payments/{code['payment_id']}/status"
    async with work_for(derlg, sandbox) as work:
        await asyncio.gather(
            *(ask_bank(work) for _ in range(3)),
            *(traveler.get(path) for _ in range(3)),
            *(tell_all(derlg, sandbox, intent["payment_intent_id"]) for _ in range(2)),
        )
    rows = await derlg.rows("SELECT disposition FROM payments ORDER BY disposition")
    assert [row["disposition"] for row in rows] == ["APPLIED", "DUPLICATE"]
    assert len(await derlg.rows("SELECT id FROM refunds")) == 1
    assert read(await traveler.get(f"/bookings/{booking_id}"))["paid_usd"] == "200.00"
    assert len(await derlg.rows("SELECT id FROM loyalty_transactions")) == 1


async def test_the_same_second_transfer_is_counted_once(
    derlg: StorefrontClient, sandbox: str, clock: FrozenClock
) -> None:
    traveler, booking_id = await held(derlg)
    code = await open_qr(traveler, booking_id=booking_id)
    async with work_for(derlg, sandbox) as work:
        await scan(sandbox, code, at=clock.now())
        clock.advance(FIRST_QUESTION_AFTER)
        await ask_bank(work)
        await scan(sandbox, code, at=clock.now())
        await derlg.rows("UPDATE qr_codes SET next_check_at = $1", clock.now())
        await asyncio.gather(*(_ask_whatever_is_due(work, derlg, clock) for _ in range(4)))
    rows = await derlg.rows("SELECT disposition FROM payments ORDER BY disposition")
    assert [row["disposition"] for row in rows] == ["APPLIED", "DUPLICATE"]


async def _ask_whatever_is_due(work: Work, derlg: StorefrontClient, clock: FrozenClock) -> None:
    """As workers would whose locks on the codes did not keep them apart."""
    await derlg.rows("UPDATE qr_codes SET next_check_at = $1 WHERE next_check_at IS NOT NULL", clock.now())
    await ask_bank(work)


async def test_the_same_transfer_seen_by_two_before_either_has_settled_it(
    derlg: StorefrontClient, sandbox: str, clock: FrozenClock
) -> None:
    """The second has read the payment as unpaid and waits for the booking, while the first settles."""
    traveler, booking_id = await held(derlg)
    code = await open_qr(traveler, booking_id=booking_id)
    await scan(sandbox, code, at=clock.now())
    async with work_for(derlg, sandbox) as work:
        assert work.vendors.qr is not None
        (transfer,) = (await work.vendors.qr.check(digests=[code["md5"]])).values()
        note = partial(
            note_transfer, runtime=derlg.runtime, qr=work.vendors.qr, payables=PAYABLES, digest=code["md5"],
            transfer=transfer, origin=SYSTEM_ORIGIN,
        )  # fmt: skip

        async def second() -> None:
            async with derlg.database.unit_of_work() as tx:
                await note(tx)

        async with derlg.database.unit_of_work() as first:
            await first.execute("SELECT 1 FROM bookings WHERE id = $1 FOR UPDATE", booking_id)
            waiting = asyncio.create_task(second())
            await eventually(partial(_somebody_waits, derlg))
            await note(first)
        await waiting
    assert await derlg.rows("SELECT disposition FROM payments") == [{"disposition": "APPLIED"}]


async def _somebody_waits(derlg: StorefrontClient) -> bool:
    query = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    return bool(await derlg.rows(query))
