"""Papers of a sale, over HTTP, through the real money path."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from tests.features.invoices.conftest import number_of, payment_of, refund_of, settle_jobs, text_of
from tests.support.client import StorefrontClient, read, refusal
from tests.support.selling import hold, hold_and_pay, open_intent, pay, put_trip_on_sale, tell_all
from tests.support.work import do_jobs

from sojourn.modules import PAYABLES
from sojourn.people.roles import Role
from sojourn.platform.kit.clock import FrozenClock
from sojourn.platform.kit.ids import new_id
from sojourn.providers.payments.port import ProviderRefund, RefundStatus
from sojourn.providers.work import Work
from sojourn.sales.invoices import service
from sojourn.sales.invoices.errors import InvoiceNotFound
from sojourn.sales.invoices.jobs import issue_missing
from sojourn.sales.payments.refunds import note_answer


async def test_a_paid_booking_has_an_invoice(derlg: StorefrontClient, sandbox: str) -> None:
    traveller = await derlg.sign_in_as(name="Anna Berg")
    trip_id = await put_trip_on_sale(derlg)
    booking = await hold_and_pay(traveller, sandbox, trip_id)

    answer = await traveller.get(f"/bookings/{booking['id']}/invoice")
    assert number_of(answer) == "DLI-2026-000001"
    printed = text_of(answer)
    for part in ("DLI-2026-000001", "DerLg Travel Co., Ltd.", "Anna Berg", booking["booking_ref"], "Angkor at dawn"):
        assert part in printed
    assert "$200.00" in printed

    again = await traveller.get(f"/bookings/{booking['booking_ref'].lower()}/invoice")
    assert again.content == answer.content
    payment_id = await payment_of(traveller, booking["id"])
    assert number_of(await traveller.get(f"/payments/{payment_id}/invoice")) == "DLI-2026-000001"


async def test_a_copy_that_is_good_is_not_sent_again(derlg: StorefrontClient, sandbox: str) -> None:
    traveller = await derlg.sign_in_as()
    booking = await hold_and_pay(traveller, sandbox, await put_trip_on_sale(derlg))
    path = f"/bookings/{booking['id']}/invoice"
    answer = await traveller.get(path)
    held = await traveller.get(path, headers={"If-None-Match": answer.headers["etag"]})
    assert (held.status_code, held.content) == (304, b"")
    assert (await traveller.get(path, headers={"If-None-Match": '"DLI-2026-00000"'})).status_code == 200


async def test_an_unpaid_booking_has_none(derlg: StorefrontClient) -> None:
    traveller = await derlg.sign_in_as()
    booking = await hold(traveller, await put_trip_on_sale(derlg))
    assert refusal(await traveller.get(f"/bookings/{booking['id']}/invoice"), 404) == "INVOICE_NOT_FOUND"
    assert await derlg.rows("SELECT * FROM counters WHERE series = 'DLI'") == []


async def test_papers_are_shown_to_their_owner_and_admins_only(derlg: StorefrontClient, sandbox: str) -> None:
    traveller, stranger = await derlg.sign_in_as(), await derlg.sign_in_as()
    guide, admin = await derlg.sign_in_as(Role.GUIDE), await derlg.sign_in_as(Role.ADMIN)
    booking = await hold_and_pay(traveller, sandbox, await put_trip_on_sale(derlg))
    payment_id = await payment_of(derlg, booking["id"])
    await traveller.get(f"/bookings/{booking['id']}/invoice")
    invoice_id = read(await traveller.get("/invoices"))[0]["id"]

    for path in (f"/bookings/{booking['id']}/invoice", f"/payments/{payment_id}/invoice", f"/invoices/{invoice_id}"):
        for outsider in (stranger, guide):
            assert refusal(await outsider.get(path), 404) == "INVOICE_NOT_FOUND"
        assert refusal(await derlg.get(path), 401) == "NOT_AUTHENTICATED"
        assert (await admin.get(path)).status_code == 200
    assert read(await stranger.get("/invoices")) == []


@pytest.mark.parametrize(
    "path", ["/bookings/%00/invoice", "/bookings/nothing/invoice", "/invoices/01a20017-c706-7aa9-acae-a71b957a7ad2"]
)
async def test_what_is_not_there_is_not_found(derlg: StorefrontClient, path: str) -> None:
    traveller = await derlg.sign_in_as()
    assert (await traveller.get(path)).status_code in (400, 404)


async def test_a_refund_has_a_credit_note_that_corrects_the_invoice(
    derlg: StorefrontClient, sandbox: str, work: Work
) -> None:
    traveller, admin = await derlg.sign_in_as(), await derlg.sign_in_as(Role.ADMIN)
    booking = await hold_and_pay(traveller, sandbox, await put_trip_on_sale(derlg))
    payment_id = await payment_of(derlg, booking["id"])
    body = {"amount": "50.00", "reason": "The bus was late"}
    read(await admin.post(f"/payments/{payment_id}/refund", json=body), 202)
    await settle_jobs(work)
    assert (await refund_of(derlg, payment_id))["status"] == "SUCCEEDED"
    await issue_missing(work)
    await issue_missing(work)

    papers = read(await traveller.get("/invoices"))
    note, invoice = sorted(papers, key=lambda paper: paper["kind"])
    assert [paper["number"] for paper in (invoice, note)] == ["DLI-2026-000001", "DLC-2026-000001"]
    assert (note["total"], note["corrects_id"]) == ("50.00", invoice["id"])
    assert (note["booking_id"], note["order_id"]) == (booking["id"], None)
    printed = text_of(await traveller.get(f"/invoices/{note['id']}"))
    assert "DLC-2026-000001" in printed
    assert "DLI-2026-000001" in printed
    assert "$50.00" in printed


async def test_a_refund_that_fails_after_all_takes_its_credit_note_and_its_points_back(
    derlg: StorefrontClient, sandbox: str, work: Work
) -> None:
    traveller, admin = await derlg.sign_in_as(), await derlg.sign_in_as(Role.ADMIN)
    booking = await hold_and_pay(traveller, sandbox, await put_trip_on_sale(derlg))
    payment_id = await payment_of(derlg, booking["id"])
    read(await admin.post(f"/payments/{payment_id}/refund", json={"amount": "50.00", "reason": "Late bus"}), 202)
    await settle_jobs(work)
    await issue_missing(work)
    assert read(await traveller.get("/loyalty/balance"))["pending"] == 150
    refund = await refund_of(derlg, payment_id)
    answer = ProviderRefund(
        id=refund["provider_refund_id"], intent_id=booking["payment"]["stripe_payment_intent_id"],
        charge_id=None, status=RefundStatus.FAILED, amount_minor=5000, currency="USD",
        failure_reason="expired_or_canceled_card", metadata={}, created_at=derlg.runtime.clock.now(),
    )  # fmt: skip
    for _ in range(2):
        async with derlg.database.unit_of_work() as tx:
            await note_answer(
                tx, payables=PAYABLES, rules=derlg.storefront.rules, refund_id=refund["id"], answer=answer,
                now=derlg.runtime.clock.now(),
            )  # fmt: skip
    assert read(await traveller.get("/loyalty/balance"))["pending"] == 200
    await asyncio.gather(*(issue_missing(work) for _ in range(3)))
    papers = {paper["kind"]: paper for paper in read(await traveller.get("/invoices"))}
    assert len(papers) == 3
    debit = papers["DEBIT_NOTE"]
    assert (debit["number"], debit["total"], debit["corrects_id"]) == (
        "DLI-2026-000002", "50.00", papers["CREDIT_NOTE"]["id"],
    )  # fmt: skip
    printed = text_of(await traveller.get(f"/invoices/{debit['id']}"))
    assert "Debit note" in printed
    assert papers["CREDIT_NOTE"]["number"] in printed
    again = {"amount": "50.00", "reason": "Once more"}
    read(await admin.post(f"/payments/{payment_id}/refund", json=again), 202)
    await settle_jobs(work)
    assert read(await traveller.get("/loyalty/balance"))["pending"] == 150


async def test_money_that_paid_nothing_has_no_papers(derlg: StorefrontClient, sandbox: str) -> None:
    traveller = await derlg.sign_in_as()
    booking = await hold_and_pay(traveller, sandbox, await put_trip_on_sale(derlg))
    payment_id = await payment_of(derlg, booking["id"])
    refund_id = new_id()
    async with derlg.database.unit_of_work() as tx:
        await tx.execute("UPDATE payments SET disposition = 'DUPLICATE' WHERE id = $1", payment_id)
        await tx.execute(
            "INSERT INTO refunds (id, payment_id, amount, currency, status, cause, requested_at, settled_at)"
            " VALUES ($1, $2, 200, 'USD', 'SUCCEEDED', 'DUPLICATE', now(), now())",
            refund_id, payment_id,
        )  # fmt: skip
    now = derlg.runtime.clock.now()
    async with derlg.database.unit_of_work() as tx:
        note = await service.ensure_credit_note(tx, storefront=derlg.storefront, refund_id=refund_id, now=now)
        assert note is None
        with pytest.raises(InvoiceNotFound):
            await service.ensure_invoice(tx, storefront=derlg.storefront, payment_id=payment_id, now=now)
    assert await derlg.rows("SELECT * FROM invoices") == []


async def test_a_refund_on_its_way_has_no_credit_note_yet(derlg: StorefrontClient, sandbox: str) -> None:
    traveller, admin = await derlg.sign_in_as(), await derlg.sign_in_as(Role.ADMIN)
    booking = await hold_and_pay(traveller, sandbox, await put_trip_on_sale(derlg))
    payment_id = await payment_of(derlg, booking["id"])
    async with derlg.database.unit_of_work() as tx:
        await tx.execute(
            "INSERT INTO refunds (id, payment_id, amount, currency, status, cause, requested_at)"
            " VALUES ($1, $2, 10, 'USD', 'PENDING', 'STAFF', now())",
            admin.user_id, payment_id,
        )  # fmt: skip
        note = await service.ensure_credit_note(
            tx, storefront=derlg.storefront, refund_id=admin.user_id, now=derlg.runtime.clock.now()
        )
    assert note is None


async def test_an_invoice_never_changes(derlg: StorefrontClient, sandbox: str) -> None:
    traveller = await derlg.sign_in_as(name="Anna Berg")
    booking = await hold_and_pay(traveller, sandbox, await put_trip_on_sale(derlg))
    before = await traveller.get(f"/bookings/{booking['id']}/invoice")
    async with derlg.database.unit_of_work() as tx:
        await tx.execute("UPDATE users SET name = 'Somebody Else'")
        await tx.execute("UPDATE bookings SET title = 'Another trip'")
        await tx.execute("DELETE FROM price_lines")
    assert (await traveller.get(f"/bookings/{booking['id']}/invoice")).content == before.content


async def test_an_invoice_adds_up_when_the_terms_have_changed_since(derlg: StorefrontClient, sandbox: str) -> None:
    traveller = await derlg.sign_in_as()
    booking = await hold_and_pay(traveller, sandbox, await put_trip_on_sale(derlg))
    async with derlg.database.unit_of_work() as tx:
        await tx.execute("UPDATE price_lines SET quantity = 3, amount = 300.00")
    await traveller.get(f"/bookings/{booking['id']}/invoice")
    [invoice] = await derlg.rows("SELECT total, document FROM invoices")
    assert invoice["total"] == Decimal("200.00")
    assert [line["amount"] for line in invoice["document"]["lines"]] == ["200.00"]


async def test_the_year_is_the_agencys(derlg: StorefrontClient, sandbox: str, clock: FrozenClock) -> None:
    traveller = await derlg.sign_in_as()
    trip_id = await put_trip_on_sale(derlg)
    clock.advance(datetime(2026, 12, 31, 16, 50, tzinfo=UTC) - clock.now())  # 23:50 in Phnom Penh
    first = await hold_and_pay(traveller, sandbox, trip_id)
    assert number_of(await traveller.get(f"/bookings/{first['id']}/invoice")) == "DLI-2026-000001"
    clock.advance(datetime(2026, 12, 31, 17, 5, tzinfo=UTC) - clock.now())
    second = await hold_and_pay(traveller, sandbox, trip_id)
    assert number_of(await traveller.get(f"/bookings/{second['id']}/invoice")) == "DLI-2027-000001"
    [row] = await derlg.rows("SELECT document FROM invoices WHERE number = 'DLI-2027-000001'")
    assert row["document"]["issued_on"] == date(2027, 1, 1).isoformat()


async def test_the_list_is_one_statement(derlg: StorefrontClient, sandbox: str) -> None:
    traveller = await derlg.sign_in_as()
    trip_id = await put_trip_on_sale(derlg)
    for _ in range(3):
        booking = await hold_and_pay(traveller, sandbox, trip_id)
        await traveller.get(f"/bookings/{booking['id']}/invoice")
    await traveller.get("/invoices")
    async with derlg.statements() as statements:
        answer = await traveller.get("/invoices", params={"per_page": 2, "page": 2})
    assert len(statements) == 1, statements
    assert answer.json()["meta"] == {"page": 2, "per_page": 2, "total": 3}
    assert [paper["number"] for paper in read(answer)] == ["DLI-2026-000001"]
    beyond = await traveller.get("/invoices", params={"page": 9})
    assert (beyond.json()["data"], beyond.json()["meta"]["total"]) == ([], 3)


async def test_the_list_is_ones_own_newest_first(
    derlg: StorefrontClient, sandbox: str, work: Work, clock: FrozenClock
) -> None:
    trip_id, lists = await put_trip_on_sale(derlg), []
    for traveller in (await derlg.sign_in_as(), await derlg.sign_in_as()):
        booking = await hold_and_pay(traveller, sandbox, trip_id)
        await settle_jobs(work)
        clock.advance(timedelta(minutes=1))
        waiting = read(await traveller.patch(f"/bookings/{booking['id']}", json={"people_count": 3}))
        change_id = waiting["pending_change"]["id"]
        intent = await open_intent(traveller, change_id=change_id)
        (await pay(sandbox, intent["payment_intent_id"])).raise_for_status()
        await tell_all(traveller, sandbox, intent["payment_intent_id"])
        number_of(await traveller.get(f"/payments/{intent['payment_id']}/invoice"))
        answer = await traveller.get("/invoices")
        assert answer.json()["meta"]["total"] == 2
        lists.append(
            [(paper["number"], paper["total"], paper["booking_id"] == booking["id"]) for paper in read(answer)]
        )
    assert lists == [
        [("DLI-2026-000002", "100.00", True), ("DLI-2026-000001", "200.00", True)],
        [("DLI-2026-000004", "100.00", True), ("DLI-2026-000003", "200.00", True)],
    ]


async def test_many_at_once_take_numbers_without_gaps(derlg: StorefrontClient, sandbox: str) -> None:
    """Twenty askers for ten payments: ten numbers, one each, whoever was first."""
    trip_id = await put_trip_on_sale(derlg, seats=60)
    bookings = []
    for _ in range(10):
        traveller = await derlg.sign_in_as()
        bookings.append((traveller, await hold_and_pay(traveller, sandbox, trip_id)))
    answers = await asyncio.gather(
        *(traveller.get(f"/bookings/{booking['id']}/invoice") for traveller, booking in bookings * 2)
    )
    numbers = [number_of(answer) for answer in answers]
    assert numbers[:10] == numbers[10:]
    assert sorted(numbers[:10]) == [f"DLI-2026-{n:06}" for n in range(1, 11)]


async def test_what_nobody_asked_for_is_issued_all_the_same(derlg: StorefrontClient, sandbox: str, work: Work) -> None:
    traveller, admin = await derlg.sign_in_as(), await derlg.sign_in_as(Role.ADMIN)
    trip_id = await put_trip_on_sale(derlg)
    booking = await hold_and_pay(traveller, sandbox, trip_id)
    await hold_and_pay(traveller, sandbox, trip_id)
    payment_id = await payment_of(derlg, booking["id"])
    body = {"amount": "50.00", "reason": "The bus was late"}
    read(await admin.post(f"/payments/{payment_id}/refund", json=body), 202)
    await derlg.rows("DELETE FROM pgqueuer WHERE entrypoint LIKE 'mail.%'")
    await do_jobs(work, ends_before="mail.refund_issued")
    assert await derlg.rows("SELECT id FROM invoices") == []
    assert (await refund_of(derlg, payment_id))["status"] == "SUCCEEDED"

    await issue_missing(work)
    numbers = {paper["number"] for paper in read(await traveller.get("/invoices"))}
    assert numbers == {"DLI-2026-000001", "DLI-2026-000002", "DLC-2026-000001"}
    await issue_missing(work)
    assert len(read(await traveller.get("/invoices"))) == 3
