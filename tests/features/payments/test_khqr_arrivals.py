"""Money that came by a code, in every way in which it can: settled like any other, given back by a person."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.support.client import StorefrontClient, read
from tests.support.khqr import ask_bank, open_qr, scan
from tests.support.selling import hold, open_intent, pay, put_trip_on_sale, tell_all

from sojourn.modules import PAYABLES
from sojourn.platform.kit.clock import FrozenClock
from sojourn.providers.work import Work
from sojourn.sales.payments import reconciliation, refunds


class Traveler:
    """Somebody who holds a trip for 200 dollars, and may pay by code."""

    def __init__(self, client: StorefrontClient, bank: str, clock: FrozenClock, booking: Any) -> None:
        self.client = client
        self.bank = bank
        self.clock = clock
        self.id: str = booking["id"]

    async def code(self, **more: str) -> Any:
        return await open_qr(self.client, booking_id=self.id, **more)

    async def pay(self, code: Any, **way: object) -> list[dict[str, Any]]:
        return await scan(self.bank, code, at=self.clock.now(), **way)

    async def booking(self) -> Any:
        return read(await self.client.get(f"/bookings/{self.id}"))

    async def look(self, code: Any) -> Any:
        return read(await self.client.get(f"/payments/{code['payment_id']}/status"))


@pytest.fixture
async def trip_id(derlg: StorefrontClient) -> UUID:
    return await put_trip_on_sale(derlg, seats=2)


@pytest.fixture
async def traveler(derlg: StorefrontClient, bank: str, clock: FrozenClock, trip_id: UUID) -> Traveler:
    client = await derlg.sign_in_as()
    return Traveler(client, bank, clock, await hold(client, trip_id))


async def dispositions(derlg: StorefrontClient) -> list[str | None]:
    return [row["disposition"] for row in await derlg.rows("SELECT disposition FROM payments ORDER BY created_at, id")]


async def alerts(derlg: StorefrontClient) -> list[str]:
    rows = await derlg.rows(
        "SELECT convert_from(payload, 'utf8')::jsonb ->> 'title' AS title FROM pgqueuer "
        "WHERE entrypoint = 'mail.staff_alert' ORDER BY id"
    )
    return [row["title"] for row in rows]


BY_HAND = "A KHQR refund must be paid out by hand"
RETURNED = "A payment could not be applied and is being refunded"


async def test_the_worker_finds_it_and_confirms_once(derlg: StorefrontClient, traveler: Traveler, work: Work) -> None:
    code = await traveler.code()
    (transfer,) = await traveler.pay(code)
    assert await ask_bank(work) == 0  # its time has not come
    traveler.clock.advance(timedelta(seconds=2))
    assert await ask_bank(work) == 1
    booking = await traveler.booking()
    assert (booking["status"], booking["paid_usd"], booking["late_payment"]) == ("CONFIRMED", "200.00", False)
    assert booking["loyalty_points_earned"] == 200
    traveler.clock.advance(timedelta(minutes=1))
    assert await ask_bank(work) == 1  # it is still asked about, and nothing comes of it
    assert await dispositions(derlg) == ["APPLIED"]
    (row,) = await derlg.rows("SELECT provider_charge_id, captured_amount::text, paid_at FROM payments")
    assert (row["provider_charge_id"], row["captured_amount"]) == (transfer["hash"], "200.00")
    assert row["paid_at"].timestamp() * 1000 == transfer["createdDateMs"]
    assert await derlg.rows("SELECT id FROM refunds") == []
    # No card to learn about, and no intent to cancel.
    kinds = {row["entrypoint"] for row in await derlg.rows("SELECT entrypoint FROM pgqueuer")}
    assert not kinds & {"payments.read_card", "payments.cancel_intent"}


async def test_the_traveller_sees_it_at_once(traveler: Traveler) -> None:
    code = await traveler.code()
    assert (await traveler.look(code))["status"] == "PENDING"
    await traveler.pay(code)
    assert (await traveler.look(code))["status"] == "PENDING"  # asked less than two seconds ago
    traveler.clock.advance(timedelta(seconds=2))
    seen = await traveler.look(code)
    assert (seen["status"], seen["disposition"]) == ("SUCCEEDED", "APPLIED")
    assert seen["paid_at"] is not None
    assert (await traveler.booking())["status"] == "CONFIRMED"


async def test_a_scan_survives_our_death(derlg: StorefrontClient, traveler: Traveler, work: Work) -> None:
    """We die between the bank's answer and our writing: the code is asked about again."""
    code = await traveler.code()
    await traveler.pay(code)
    traveler.clock.advance(timedelta(seconds=2))
    await derlg.rows("ALTER TABLE loyalty_lots RENAME TO loyalty_lots_gone")
    try:
        with pytest.raises(Exception, match="loyalty_lots"):
            await ask_bank(work)
    finally:
        await derlg.rows("ALTER TABLE loyalty_lots_gone RENAME TO loyalty_lots")
    assert await dispositions(derlg) == [None]
    traveler.clock.advance(timedelta(seconds=4))
    assert await ask_bank(work) == 1
    assert (await traveler.booking())["status"] == "CONFIRMED"


@pytest.mark.parametrize("amount", ["199.99", "200.01", "1.00"])
async def test_another_amount_goes_back(derlg: StorefrontClient, traveler: Traveler, work: Work, amount: str) -> None:
    await traveler.pay(await traveler.code(), amount=amount)
    traveler.clock.advance(timedelta(seconds=2))
    await ask_bank(work)
    assert (await traveler.booking())["status"] == "RESERVED"
    assert await dispositions(derlg) == ["MISMATCH"]
    (refund,) = await derlg.rows("SELECT amount::text, currency, status, cause FROM refunds")
    assert refund == {"amount": amount, "currency": "USD", "status": "PENDING", "cause": "MISMATCH"}
    assert await alerts(derlg) == [BY_HAND, RETURNED]


async def test_the_same_figure_in_riel_is_riel_that_go_back(
    derlg: StorefrontClient, traveler: Traveler, work: Work
) -> None:
    code = await traveler.code()
    await traveler.pay(code, currency="KHR")
    traveler.clock.advance(timedelta(seconds=2))
    await ask_bank(work)
    assert await dispositions(derlg) == ["MISMATCH"]
    (refund,) = await derlg.rows("SELECT amount::text, currency FROM refunds")
    assert refund == {"amount": "200.00", "currency": "KHR"}
    (entry,) = await derlg.rows("SELECT currency FROM audit_entries WHERE action = 'payment.captured'")
    assert entry == {"currency": "KHR"}
    again = await traveler.code()
    await traveler.pay(again)
    traveler.clock.advance(timedelta(seconds=2))
    await ask_bank(work)
    assert (await traveler.booking())["status"] == "CONFIRMED"


async def test_money_to_another_account_is_none_of_ours(
    derlg: StorefrontClient, traveler: Traveler, work: Work
) -> None:
    await traveler.pay(await traveler.code(), payee="somebody@else")
    traveler.clock.advance(timedelta(seconds=2))
    await ask_bank(work)
    assert (await traveler.booking())["status"] == "RESERVED"
    assert await dispositions(derlg) == [None]
    assert await derlg.rows("SELECT id FROM refunds") == []
    assert await alerts(derlg) == ["A KHQR code was paid to another account"]


async def test_late_and_still_free_is_honoured(traveler: Traveler, work: Work) -> None:
    code = await traveler.code()
    traveler.clock.advance(timedelta(minutes=20))
    await traveler.pay(code, is_late=True)
    await ask_bank(work)
    booking = await traveler.booking()
    assert (booking["status"], booking["late_payment"], booking["total_usd"]) == ("CONFIRMED", True, "200.00")


async def test_in_time_and_told_late_is_not_late(traveler: Traveler, work: Work) -> None:
    code = await traveler.code()
    traveler.clock.advance(timedelta(minutes=14))
    await traveler.pay(code)
    traveler.clock.advance(timedelta(hours=2))
    await ask_bank(work)
    booking = await traveler.booking()
    assert (booking["status"], booking["late_payment"]) == ("CONFIRMED", False)


async def test_late_and_gone_is_a_task_for_a_person(
    derlg: StorefrontClient, traveler: Traveler, work: Work, trip_id: UUID
) -> None:
    code = await traveler.code()
    traveler.clock.advance(timedelta(minutes=20))
    await hold(await derlg.sign_in_as(), trip_id)
    await traveler.pay(code, is_late=True, payer="dara@aclb")
    await ask_bank(work)
    assert (await traveler.booking())["cancellation_reason"] == "HOLD_EXPIRED"
    assert await dispositions(derlg) == ["LATE"]
    assert await derlg.rows("SELECT payee_account, paid_out_at FROM payouts") == [
        {"payee_account": "dara@aclb", "paid_out_at": None}
    ]
    assert await alerts(derlg) == [BY_HAND]


async def test_a_changed_price_is_not_paid_by_the_old_code(
    derlg: StorefrontClient, traveler: Traveler, work: Work
) -> None:
    """Not even when the hold has lapsed meanwhile and could be revived."""
    code = await traveler.code()
    read(await traveler.client.patch(f"/bookings/{traveler.id}", json={"people_count": 1}))
    await traveler.pay(code)
    traveler.clock.advance(timedelta(minutes=16))
    await ask_bank(work)
    assert (await traveler.booking())["status"] == "CANCELLED"
    assert await dispositions(derlg) == ["MISMATCH"]


async def test_paid_after_the_owner_cancelled_goes_back(
    derlg: StorefrontClient, traveler: Traveler, work: Work
) -> None:
    code = await traveler.code()
    read(await traveler.client.delete(f"/bookings/{traveler.id}"))
    await traveler.pay(code)
    traveler.clock.advance(timedelta(seconds=2))
    await ask_bank(work)
    assert await dispositions(derlg) == ["CANCELLED_PURCHASE"]
    assert await alerts(derlg) == [BY_HAND]


class TestTwice:
    async def test_by_the_same_code(self, derlg: StorefrontClient, traveler: Traveler, work: Work) -> None:
        code = await traveler.code()
        await traveler.pay(code)
        traveler.clock.advance(timedelta(seconds=2))
        await ask_bank(work)
        (second,) = await traveler.pay(code, payer="spouse@wing")
        for _ in range(3):
            traveler.clock.advance(timedelta(minutes=1))
            await ask_bank(work)
        assert await dispositions(derlg) == ["APPLIED", "DUPLICATE"]
        rows = await derlg.rows(
            "SELECT p.provider_charge_id, r.amount::text, r.cause, o.payee_account FROM refunds r "
            "JOIN payments p ON p.id = r.payment_id JOIN payouts o ON o.refund_id = r.id"
        )
        assert rows == [
            {
                "provider_charge_id": second["hash"], "amount": "200.00", "cause": "DUPLICATE",
                "payee_account": "spouse@wing",
            }
        ]  # fmt: skip
        assert (await traveler.booking())["paid_usd"] == "200.00"

    async def test_by_code_and_then_by_card(
        self, derlg: StorefrontClient, traveler: Traveler, work: Work, sandbox: str
    ) -> None:
        """The card took the code's place; both are paid; the code's money is known first."""
        code = await traveler.code()
        intent = await open_intent(traveler.client, booking_id=traveler.id)
        await traveler.pay(code)
        traveler.clock.advance(timedelta(seconds=2))
        await ask_bank(work)
        assert (await traveler.booking())["status"] == "CONFIRMED"
        (row,) = await derlg.rows(
            "SELECT failure_code, closed_at IS NULL AS is_open FROM payments WHERE method = 'CARD'"
        )
        assert row == {"failure_code": "superseded", "is_open": False}
        await pay(sandbox, intent["payment_intent_id"])
        await tell_all(derlg, sandbox, intent["payment_intent_id"])
        assert await dispositions(derlg) == ["APPLIED", "DUPLICATE"]

    async def test_by_card_and_then_by_code(
        self, derlg: StorefrontClient, traveler: Traveler, work: Work, sandbox: str
    ) -> None:
        code = await traveler.code()
        intent = await open_intent(traveler.client, booking_id=traveler.id)
        await pay(sandbox, intent["payment_intent_id"])
        await tell_all(derlg, sandbox, intent["payment_intent_id"])
        await traveler.pay(code)
        traveler.clock.advance(timedelta(seconds=2))
        await ask_bank(work)
        assert await dispositions(derlg) == ["DUPLICATE", "APPLIED"]
        assert await alerts(derlg) == [BY_HAND]
        assert (await traveler.booking())["status"] == "CONFIRMED"


async def test_what_only_the_card_processor_knows_is_left_alone(
    derlg: StorefrontClient, traveler: Traveler, work: Work
) -> None:
    """A code has no intent to cancel or to read again, and its refunds are no job's."""
    code = await traveler.code()
    payment_id = UUID(code["payment_id"])
    await traveler.pay(code, amount="1.00")
    traveler.clock.advance(timedelta(minutes=10))
    await ask_bank(work)
    await reconciliation.cancel_intent(work, payables=PAYABLES, payment_id=payment_id)
    assert await reconciliation.ask_about_waiting(work, payables=PAYABLES) == 0
    (refund,) = await derlg.rows("SELECT id FROM refunds")
    await refunds.send(work, payables=PAYABLES, refund_id=refund["id"])
    traveler.clock.advance(timedelta(hours=1))
    assert await reconciliation.resend_refunds(work) == 0
    assert await derlg.rows("SELECT status, attempts FROM refunds") == [{"status": "PENDING", "attempts": 0}]
