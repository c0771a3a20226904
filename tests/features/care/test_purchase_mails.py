"""Mails about purchases: what the customer reads is what the books say."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from tests.features.orders.conftest import Shop
from tests.support.client import StorefrontClient, read
from tests.support.mailbox import Mailbox
from tests.support.selling import TRAVEL_DATE, hold, hold_and_pay, open_intent, pay, put_trip_on_sale, tell_all
from tests.support.work import do_jobs

from sojourn.care.notifications.handlers_bookings import fixed_fee_of_tier, percent_of_tier, send_reminders
from sojourn.care.notifications.handlers_payments import failure_of
from sojourn.people.roles import Role
from sojourn.platform.kit.clock import FrozenClock, start_of_day
from sojourn.platform.kit.ids import new_id
from sojourn.providers.work import Work

Mail = dict[str, Any]


@pytest.fixture
async def traveler(derlg: StorefrontClient) -> StorefrontClient:
    return await derlg.sign_in_as(email=f"traveler-{new_id()}@example.com")


@pytest.fixture
async def trip_id(derlg: StorefrontClient) -> UUID:
    return await put_trip_on_sale(derlg)


@pytest.fixture
async def shop(holyone: StorefrontClient, sandbox: str) -> Shop:
    shop = Shop(await holyone.sign_in_as(Role.ADMIN, name="Office"), sandbox)
    await shop.sell("professional", "MAIN", fee="299.00")
    return shop


@pytest.fixture
async def customer(holyone: StorefrontClient) -> StorefrontClient:
    return await holyone.sign_in_as(email=f"customer-{new_id()}@example.com")


async def newest(mailbox: Mailbox, who: StorefrontClient) -> Mail:
    return (await mailbox(who.email))[-1]


def pdfs(mail: Mail) -> list[str]:
    return [a["filename"] for a in mail["attachments"] if a["content_type"] == "application/pdf" and a["size"] > 5_000]


async def test_a_declined_card_is_told_with_the_way_to_try_again(
    traveler: StorefrontClient, trip_id: UUID, work: Work, mailbox: Mailbox, sandbox: str
) -> None:
    booking = await hold(traveler, trip_id)
    intent = (await open_intent(traveler, booking_id=booking["id"]))["payment_intent_id"]
    await pay(sandbox, intent, card="pm_card_chargeDeclinedInsufficientFunds")
    for _ in range(2):  # the provider repeats itself
        await tell_all(traveler, sandbox, intent)
    await do_jobs(work)
    (mail,) = await mailbox(traveler.email)
    assert booking["booking_ref"] in mail["text"]
    assert f"https://derlg.com/bookings/{booking['id']}" in mail["text"]
    assert "$200.00" in mail["text"]


async def test_a_paid_booking_is_confirmed_with_its_invoice(
    traveler: StorefrontClient, trip_id: UUID, work: Work, mailbox: Mailbox, sandbox: str
) -> None:
    booking = await hold_and_pay(traveler, sandbox, trip_id)
    await do_jobs(work)
    (mail,) = await mailbox(traveler.email)
    assert booking["booking_ref"] in mail["subject"]
    (invoice,) = await traveler.rows("SELECT number FROM invoices")
    assert pdfs(mail) == [f"{invoice['number']}.pdf"]
    assert "$200.00" in mail["text"]
    assert "January 20, 2027" in mail["text"]


async def test_a_cancelled_booking_is_told_with_what_comes_back(
    traveler: StorefrontClient, trip_id: UUID, work: Work, mailbox: Mailbox, sandbox: str, clock: FrozenClock
) -> None:
    booking = await hold_and_pay(traveler, sandbox, trip_id)
    await do_jobs(work)
    # Four days before: the middle tier of MODERATE gives half.
    clock.advance(start_of_day(TRAVEL_DATE, "Asia/Phnom_Penh") - timedelta(days=4) - clock.now())
    read(await traveler.post(f"/bookings/{booking['id']}/cancel", json={}))
    await do_jobs(work)
    mails = (await mailbox(traveler.email))[1:]
    cancelled = next(mail for mail in mails if not mail["attachments"])
    assert "50 %" in cancelled["text"]
    assert "$100.00" in cancelled["text"]
    refunded = next(mail for mail in mails if mail["attachments"])
    (note,) = await traveler.rows("SELECT number FROM invoices WHERE kind = 'CREDIT_NOTE'")
    assert pdfs(refunded) == [f"{note['number']}.pdf"]
    assert len(mails) == 2


async def test_fees_that_stay_are_told_with_the_refund(
    derlg: StorefrontClient, traveler: StorefrontClient, work: Work, mailbox: Mailbox, sandbox: str
) -> None:
    permits = await put_trip_on_sale(derlg, price="100.00", permits="8.00")
    booking = await hold_and_pay(traveler, sandbox, permits)
    await do_jobs(work)
    read(await traveler.post(f"/bookings/{booking['id']}/cancel", json={}))
    await do_jobs(work)
    told = next(mail["text"] for mail in (await mailbox(traveler.email))[1:] if not mail["attachments"])
    assert "100 % of what you paid is refunded, after fees of $16.00 that cannot be refunded." in told
    assert "$184.00" in told


async def test_the_percentage_told_is_the_one_that_was_left_when_the_date_was_changed(
    traveler: StorefrontClient, trip_id: UUID, work: Work, mailbox: Mailbox, sandbox: str, clock: FrozenClock
) -> None:
    booking = await hold_and_pay(traveler, sandbox, trip_id)
    await do_jobs(work)
    clock.advance(start_of_day(TRAVEL_DATE, "Asia/Phnom_Penh") - timedelta(days=4) - clock.now())
    later = (TRAVEL_DATE + timedelta(days=60)).isoformat()
    read(await traveler.patch(f"/bookings/{booking['id']}", json={"travel_date": later}))
    read(await traveler.post(f"/bookings/{booking['id']}/cancel", json={}))
    await do_jobs(work)
    (told,) = [mail["text"] for mail in await mailbox(traveler.email) if "cancelled" in mail["subject"]]
    assert "50 % of what you paid" in told
    assert "$100.00" in told


async def test_who_drops_an_unpaid_hold_gets_no_mail(
    traveler: StorefrontClient, trip_id: UUID, work: Work, mailbox: Mailbox
) -> None:
    booking = await hold(traveler, trip_id)
    read(await traveler.post(f"/bookings/{booking['id']}/cancel", json={}))
    await do_jobs(work)
    assert await mailbox(traveler.email) == []


async def test_a_cheaper_booking_says_what_changed_and_what_comes_back(
    traveler: StorefrontClient, trip_id: UUID, work: Work, mailbox: Mailbox, sandbox: str
) -> None:
    booking = await hold_and_pay(traveler, sandbox, trip_id, people=3)
    await do_jobs(work)
    read(await traveler.patch(f"/bookings/{booking['id']}", json={"people_count": 2}))
    await do_jobs(work)
    mails = (await mailbox(traveler.email))[1:]
    modified = next(mail for mail in mails if not mail["attachments"])
    assert re.search(r"3\s*→\s*2|3\D+2", modified["text"])
    assert "$100.00" in modified["text"]


async def test_travellers_are_reminded_once_on_the_morning_before(
    traveler: StorefrontClient, trip_id: UUID, work: Work, mailbox: Mailbox, sandbox: str, clock: FrozenClock
) -> None:
    booking = await hold_and_pay(traveler, sandbox, trip_id)
    await do_jobs(work)
    morning = start_of_day(TRAVEL_DATE, "Asia/Phnom_Penh") - timedelta(days=1) + timedelta(hours=8, minutes=59)
    clock.advance(morning - clock.now())
    await send_reminders(work)
    assert await do_jobs(work) == []
    clock.advance(timedelta(minutes=1))
    for _ in range(2):
        await send_reminders(work)
    assert await do_jobs(work) == ["notifications.deliver"]
    mail = await newest(mailbox, traveler)
    assert booking["booking_ref"] in mail["text"]
    assert "Lobby of the Riverside Hotel" in mail["text"]


async def test_a_paid_order_is_confirmed_then_its_customer_is_led_on(
    shop: Shop, customer: StorefrontClient, holyone_work: Work, mailbox: Mailbox
) -> None:
    order = await shop.paid(customer)
    await do_jobs(holyone_work)
    confirmation, onboarding = await mailbox(customer.email)
    (invoice,) = await customer.rows("SELECT number FROM invoices")
    assert pdfs(confirmation) == [f"{invoice['number']}.pdf"]
    assert order["orderNumber"] in confirmation["subject"]
    assert f"https://holyonetravels.com/orders/{order['id']}" in confirmation["text"]
    assert "Passport" in onboarding["text"]
    assert "Intake" in onboarding["text"]


async def test_mails_about_an_order_name_it_in_its_language_and_go_where_it_says(
    shop: Shop, customer: StorefrontClient, holyone_work: Work, mailbox: Mailbox
) -> None:
    service = f"/services/{shop.services['professional']}"
    read(await shop.office.patch(service, json={"titleZh": "专业套餐"}))
    contact = f"contact-{new_id()}@example.com"
    order = await shop.paid(customer, language="zh", customerInfo={"fullName": "陈索菲亚", "email": contact})
    await do_jobs(holyone_work)
    read(await customer.patch(f"/orders/{order['id']}/cancel"))
    await do_jobs(holyone_work)
    told = await mailbox(contact)
    assert sum(len(pdfs(mail)) for mail in told) == 2, "the invoice and the credit note"
    assert len(told) == 4, "confirmation, onboarding, cancellation, refund"
    for mail in told:
        assert "陈索菲亚" in mail["text"]
        assert order["title"] not in mail["text"]
    assert told[0]["text"].count("专业套餐") == 2, "the service, and the line of its price"
    assert await mailbox(customer.email) == []


async def test_an_orders_progress_is_told_step_by_step(
    shop: Shop, customer: StorefrontClient, holyone: StorefrontClient, holyone_work: Work, mailbox: Mailbox
) -> None:
    order = await shop.paid(customer)
    await do_jobs(holyone_work)
    consultant = await holyone.sign_in_as(Role.CONSULTANT, name="Sophea Chan")
    assign = {"consultantId": str(consultant.user_id)}
    read(await shop.office.patch(f"/admin/orders/{order['id']}/assign", json=assign))
    await shop.move(order, status="IN_PROGRESS")
    await do_jobs(holyone_work)
    assigned, moved = (await mailbox(customer.email))[2:]
    assert "Sophea Chan" in assigned["text"]
    assert consultant.email in assigned["text"]
    assert "IN_PROGRESS" not in moved["text"]
    assert "In progress" in moved["text"]


async def test_a_cancelled_order_says_what_comes_back(
    shop: Shop, customer: StorefrontClient, holyone_work: Work, mailbox: Mailbox
) -> None:
    order = await shop.paid(customer)
    await do_jobs(holyone_work)
    read(await customer.patch(f"/orders/{order['id']}/cancel", json={"reason": "Plans changed"}))
    await do_jobs(holyone_work)
    mails = (await mailbox(customer.email))[2:]
    cancelled = next(mail for mail in mails if not mail["attachments"])
    assert "$299.00" in cancelled["text"]
    assert "Plans changed" in cancelled["text"]
    assert [len(pdfs(mail)) for mail in mails if mail["attachments"]] == [1]


async def test_a_purchase_keeps_the_language_it_was_made_in(
    traveler: StorefrontClient, trip_id: UUID, work: Work, mailbox: Mailbox, sandbox: str
) -> None:
    traveler.headers["Accept-Language"] = "zh-CN"
    await hold_and_pay(traveler, sandbox, trip_id)
    await do_jobs(work)
    subject = (await newest(mailbox, traveler))["subject"]
    assert re.search("[一-鿿]", subject)
    assert "吴哥窟" in subject
    assert "Angkor" not in subject


async def test_without_a_language_in_the_request_a_purchase_takes_the_accounts(
    derlg: StorefrontClient, trip_id: UUID, work: Work, mailbox: Mailbox, sandbox: str
) -> None:
    traveler = await derlg.register(email=f"traveler-{new_id()}@example.com", language="km")
    await hold_and_pay(traveler, sandbox, trip_id)
    await do_jobs(work)
    confirmed = next(mail for mail in await mailbox(traveler.email) if pdfs(mail))
    assert re.search("[\u1780-\u17ff]", confirmed["subject"])


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("insufficient_funds", "INSUFFICIENT_FUNDS"),
        ("card_declined", "CARD_DECLINED"),
        ("fraudulent", "OTHER"),
        (None, "OTHER"),
    ],
)
def test_a_customer_reads_of_a_fault_what_they_can_act_on(code: str | None, told: str) -> None:
    assert failure_of(code) == told


@pytest.mark.parametrize(
    ("tier", "percent"), [(">= 168 h", 100), (">= 72 h", 50), ("AGENCY", 100), ("GRACE", 100), ("NO_REFUND", 0)]
)
def test_a_tier_has_its_percentage(tier: str, percent: int) -> None:
    steps = [{"min_hours_before": 168, "refund_percent": 100}, {"min_hours_before": 72, "refund_percent": 50}]
    assert percent_of_tier(tier, {"tiers": steps}) == percent


def test_a_tier_has_its_fixed_fee() -> None:
    policy = {"tiers": [{"min_hours_before": 168, "fixed_fee": "0.00"}, {"min_hours_before": 72, "fixed_fee": "5.50"}]}
    assert fixed_fee_of_tier(">= 72 h", policy) == Decimal("5.50")
    assert fixed_fee_of_tier("GRACE", policy) == Decimal(0)
