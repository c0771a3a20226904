"""How payments stand: each statement takes those it is meant for, to the second, and leaves every other alone."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from tests.features.payments.till import Till

from sojourn.platform.db.database import Database
from sojourn.platform.kit.clock import FrozenClock
from sojourn.sales.bookings import changes_queries
from sojourn.sales.payments import queries
from sojourn.sales.payments.models import RefundState

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)


@pytest.fixture
async def till(database: Database, clock: FrozenClock) -> Till:
    opened = Till(database, now=clock.now())
    await opened.open()
    return opened


async def test_the_provider_is_asked_about_what_has_waited_long_enough(till: Till) -> None:
    then, asked = till.now - HOUR, till.now - 2 * SECOND
    old = then - SECOND
    await till.take("asked long ago", created_at=old - SECOND, checked_at=asked - SECOND)
    await till.take("never asked", created_at=old)
    await till.take("too young", created_at=then)
    await till.take("asked just now", created_at=old, checked_at=asked)
    await till.take("closed", created_at=old, closed_at=till.now)
    await till.take_paid("paid", created_at=old)
    await till.take("not known there", created_at=old, provider_intent_id=None)
    await till.take("by code", created_at=old, provider="bakong", method="BAKONG_QR")
    async with till.database.read() as connection:
        waiting = await queries.list_waiting(
            connection, provider="stripe", created_before=then, checked_before=asked, limit=9
        )
        await queries.mark_checked(connection, payment_id=till.ids["never asked"], now=till.now)
    assert waiting == [(till.ids[name], f"pi_{name}") for name in ("asked long ago", "never asked")]
    checked = await till.read("checked_at")
    assert (checked["never asked"], checked["too young"]) == ((till.now,), (None,))
    assert checked["asked just now"] == (asked,)


async def test_what_was_closed_is_called_off_until_the_provider_has_said_so(till: Till) -> None:
    then = till.now - HOUR
    closed = then - SECOND
    await till.take("asked before", closed_at=closed - SECOND, checked_at=closed - 2 * SECOND)
    await till.take("never asked", closed_at=closed)
    await till.take("asked since", closed_at=closed, checked_at=closed)
    await till.take("closed just now", closed_at=then)
    await till.take("open")
    await till.take_paid("paid", closed_at=closed)
    await till.take("not known there", closed_at=closed, provider_intent_id=None)
    await till.take("by code", closed_at=closed, provider="bakong", method="BAKONG_QR")
    async with till.database.read() as connection:
        found = await queries.list_still_payable(connection, provider="stripe", closed_before=then, limit=9)
    assert till.names(found) == ["asked before", "never asked"]


async def test_refunds_whose_job_is_gone_are_sent_again(till: Till) -> None:
    then, paid = till.now - HOUR, await till.take_paid("paid")
    old = then - SECOND
    await till.give_back("older", paid, requested_at=old - SECOND)
    await till.give_back("old", paid, requested_at=old)
    await till.give_back("young", paid, requested_at=then)
    await till.give_back("done", paid, requested_at=old, status="SUCCEEDED")
    await till.give_back("failed", paid, requested_at=old, status="FAILED")
    by_hand = await till.give_back("by hand", paid, requested_at=old)
    async with till.database.read() as connection:
        await connection.execute("INSERT INTO payouts (refund_id, created_at) VALUES ($1, $2)", by_hand, till.now)
        found = await queries.list_pending_refunds(connection, requested_before=then, limit=9)
    assert till.names(found) == ["older", "old"]


async def test_closing_ends_what_is_open_and_nothing_else(till: Till) -> None:
    before = till.now - HOUR
    expected = {
        "waiting": ("FAILED", till.now, "hold_expired"),
        "being paid": ("PROCESSING", till.now, "hold_expired"),
        "declined": ("FAILED", till.now, "card_declined"),
        "closed before": ("FAILED", before, None),
        "paid": ("SUCCEEDED", till.now, None),
        "somebody else's": ("PENDING", None, None),
    }
    await till.take("waiting")
    await till.take("being paid", status="PROCESSING")
    await till.take("declined", status="FAILED", failure_code="card_declined")
    await till.take("closed before", status="FAILED", closed_at=before)
    await till.take_paid("paid")
    await till.take("somebody else's")
    mine = [name for name in expected if name != "somebody else's"]
    purchases = {name: row[0] for name, row in (await till.read("purchase_id")).items()}
    async with till.database.unit_of_work() as tx:
        closed = await queries.close_open_payments(
            tx, purchase_ids=[purchases[name] for name in mine], code="hold_expired", now=till.now
        )
    assert sorted(till.names(closed)) == ["being paid", "declined", "waiting"]
    assert await till.read("status", "closed_at", "failure_code") == expected


async def test_closing_one_is_the_same(till: Till) -> None:
    before = till.now - HOUR
    await till.take("waiting")
    await till.take("being paid", status="PROCESSING")
    await till.take("declined", status="FAILED", failure_code="card_declined")
    await till.take("closed before", closed_at=before)
    async with till.database.unit_of_work() as tx:
        for name in ("being paid", "declined", "closed before"):
            await queries.close_payment(tx, payment_id=till.ids[name], code="canceled", now=till.now)
    assert await till.read("status", "closed_at", "failure_code") == {
        "waiting": ("PENDING", None, None),
        "being paid": ("PROCESSING", till.now, "canceled"),
        "declined": ("FAILED", till.now, "card_declined"),
        "closed before": ("PENDING", before, None),
    }


async def test_what_the_provider_tells_of_one_is_noted_of_that_one(till: Till) -> None:
    for name in ("being paid", "paid again", "declined", "disputed", "another"):
        await till.take(name)
    await till.take("tried before", status="FAILED")
    await till.take("closed", closed_at=till.now)
    await till.take_paid("paid")
    async with till.database.unit_of_work() as tx:
        for name in ("being paid", "tried before", "closed", "paid"):
            await queries.mark_processing(tx, payment_id=till.ids[name], now=till.now)
        for name, attempt in (("declined", (1, None)), ("declined", (2, None)), ("paid", None)):
            noted = await queries.mark_failed(
                tx, payment_id=till.ids[name], code="card_declined", message=None, card_brand=None, card_last4=None,
                now=till.now,
            )  # fmt: skip
            assert noted == attempt
        await queries.mark_disputed(tx, payment_id=till.ids["disputed"], status="needs_response", now=till.now)
    assert await till.read("status", "payment_attempts", "dispute_status") == {
        "being paid": ("PROCESSING", 0, None), "tried before": ("PROCESSING", 0, None), "closed": ("PENDING", 0, None),
        "paid": ("SUCCEEDED", 0, None), "declined": ("FAILED", 2, None), "disputed": ("PENDING", 0, "needs_response"),
        "paid again": ("PENDING", 0, None), "another": ("PENDING", 0, None),
    }  # fmt: skip


async def test_an_intent_is_attached_once(till: Till) -> None:
    await till.take("asked for", provider_intent_id=None)
    await till.take("beside it", provider_intent_id=None)
    await till.take("superseded meanwhile", provider_intent_id=None, closed_at=till.now)

    async def attach(name: str, intent_id: str) -> bool:
        async with till.database.unit_of_work() as tx:
            return await queries.attach_intent(
                tx, payment_id=till.ids[name], intent_id=intent_id, client_secret=None, now=till.now
            )

    assert await attach("asked for", "pi_1")
    assert await attach("asked for", "pi_1"), "two who asked at once are answered the same intent"
    assert not await attach("asked for", "pi_2")
    assert not await attach("superseded meanwhile", "pi_3")
    assert await till.read("provider_intent_id") == {
        "asked for": ("pi_1",), "beside it": (None,), "superseded meanwhile": ("pi_3",),
    }  # fmt: skip


async def test_what_is_refunded_or_on_its_way_counts_and_what_has_failed_does_not(till: Till) -> None:
    paid, other, untouched = [await till.take_paid(name) for name in ("paid", "other", "untouched")]
    await till.give_back("on its way", paid, "10.00")
    await till.give_back("done", paid, "20.00", status="SUCCEEDED")
    await till.give_back("failed", paid, "40.00", status="FAILED")
    theirs = await till.give_back("somebody else's", other, "5.00")
    async with till.database.read() as connection:
        reserved = await queries.get_reserved_for_refund(connection, payment_ids=[paid, untouched])
        found = await queries.find_provider_refund(connection, provider_refund_id="re_somebody else's")
    assert reserved == {paid: Decimal(30), untouched: Decimal(0)}
    assert found is not None
    assert found.id == theirs


async def test_a_payments_status_is_what_its_refunds_add_up_to(till: Till) -> None:
    paid = await till.take_paid("paid")
    await till.give_back("theirs", await till.take_paid("other"), "100.00", status="SUCCEEDED")
    first = await till.give_back("first", paid, "40.00")
    second = await till.give_back("second", paid, "60.00")
    await till.give_back("failed", paid, "30.00", status="FAILED")
    at = till.now

    async def settle(refund_id: UUID, state: RefundState, *, hours: int) -> tuple[object, ...]:
        async with till.database.unit_of_work() as tx:
            sums = await queries.settle_refund(
                tx, refund_id=refund_id, state=state, failure_reason=None, provider_refund_id=None,
                now=at + hours * HOUR,
            )  # fmt: skip
        stand = await till.read("status", "refunded_amount", "refunded_at")
        assert stand["other"] == ("SUCCEEDED", 0, None)
        assert sums == (Decimal(100), stand["paid"][1])
        return stand["paid"]

    assert await settle(first, RefundState.SUCCEEDED, hours=1) == ("PARTIALLY_REFUNDED", 40, at + HOUR)
    assert await settle(second, RefundState.SUCCEEDED, hours=2) == ("REFUNDED", 100, at + HOUR)
    assert await settle(second, RefundState.FAILED, hours=3) == ("PARTIALLY_REFUNDED", 40, at + HOUR)
    assert await settle(first, RefundState.FAILED, hours=4) == ("SUCCEEDED", 0, None)
    known = await till.read("provider_refund_id", "status", table="refunds")
    assert known["theirs"] == ("re_theirs", "SUCCEEDED")


async def test_money_that_counts_is_given_back_newest_first(till: Till) -> None:
    await till.take_paid("older", created_at=till.now - HOUR)
    purchase_id = (await till.read("purchase_id"))["older"][0]
    await till.take_paid("newer", purchase_id=purchase_id)
    await till.take_paid("twice", purchase_id=purchase_id, disposition="DUPLICATE")
    await till.take("open", purchase_id=purchase_id)
    await till.take_paid("somebody else's")
    async with till.database.unit_of_work() as tx:
        applied = await queries.lock_applied_payments(tx, purchase_ids=[purchase_id])
    assert [payment.reference for payment in applied] == ["newer", "older"]
    async with till.database.read() as connection:
        rows, total = await queries.list_of_user(connection, user_id=till.user_id, limit=1, offset=4)
    assert ([row["reference"] for row in rows], total) == (["older"], 5)


async def test_what_comes_back_of_a_booking_is_what_was_asked_for_and_has_not_failed(till: Till) -> None:
    paid = await till.take_paid("paid")
    purchase_id = (await till.read("purchase_id"))["paid"][0]
    twice = await till.take_paid("twice", purchase_id=purchase_id, disposition="DUPLICATE")
    for name, payment_id, amount, status in (
        ("on its way", paid, "10.00", "PENDING"), ("done", paid, "20.00", "SUCCEEDED"),
        ("failed", paid, "40.00", "FAILED"), ("bought nothing", twice, "1.00", "SUCCEEDED"),
        ("somebody else's", await till.take_paid("other"), "2.00", "PENDING"),
    ):  # fmt: skip
        await till.give_back(name, payment_id, amount, status=status)
    async with till.database.read() as connection:
        assert await changes_queries.get_coming_back(connection, booking_id=purchase_id) == Decimal(30)
