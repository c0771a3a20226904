"""PayPal by way of the card processor: away to its page and back, settled by the webhook."""

import httpx
from tests.support.client import StorefrontClient, faulty_fields, read, refusal
from tests.support.selling import hold, open_intent, pay, put_trip_on_sale, tell_all


async def answer_paypal(url: str, answer: str) -> str:
    """What the customer does on PayPal's page; where they are sent back to."""
    async with httpx.AsyncClient(timeout=10) as browser:
        page = await browser.get(url)
        assert "PayPal" in page.text
        sent = await browser.post(url, data={"answer": answer})
    assert sent.status_code == 303
    return sent.headers["location"]


async def test_approved_comes_back_and_confirms(derlg: StorefrontClient, sandbox: str) -> None:
    traveler = await derlg.sign_in_as()
    booking = await hold(traveler, await put_trip_on_sale(derlg))
    intent = await open_intent(traveler, booking_id=booking["id"], payment_method="PAYPAL")
    assert intent["payment_method"] == "PAYPAL"
    back = await answer_paypal(intent["action_url"], "approve")
    assert back.startswith(f"https://derlg.com/payments/return?payment_id={intent['payment_id']}&")
    assert "redirect_status=succeeded" in back
    await tell_all(derlg, sandbox, intent["payment_intent_id"])
    assert read(await traveler.get(f"/bookings/{booking['id']}"))["status"] == "CONFIRMED"
    payment = read(await traveler.get(f"/payments/{intent['payment_id']}"))
    assert (payment["payment_method"], payment["status"], payment["card_last4"]) == ("PAYPAL", "SUCCEEDED", None)
    jobs = await derlg.rows("SELECT id FROM pgqueuer WHERE entrypoint = 'payments.read_card'")
    assert jobs == []  # no card to learn about


async def test_confirm_finds_it_without_a_webhook(derlg: StorefrontClient) -> None:
    traveler = await derlg.sign_in_as()
    booking = await hold(traveler, await put_trip_on_sale(derlg))
    intent = await open_intent(traveler, booking_id=booking["id"], payment_method="PAYPAL")
    body = {"booking_id": booking["id"], "payment_intent_id": intent["payment_intent_id"]}
    waiting = await traveler.post("/payments/confirm", json=body)
    assert refusal(waiting, 402) == "PAYMENT_NOT_SUCCEEDED"
    assert waiting.json()["error"]["details"]["action_url"] == intent["action_url"]
    await answer_paypal(intent["action_url"], "approve")
    assert read(await traveler.post("/payments/confirm", json=body))["status"] == "SUCCEEDED"


async def test_cancelled_there_may_be_tried_again(derlg: StorefrontClient, sandbox: str) -> None:
    traveler = await derlg.sign_in_as()
    booking = await hold(traveler, await put_trip_on_sale(derlg))
    first = await open_intent(traveler, booking_id=booking["id"], payment_method="PAYPAL")
    assert await open_intent(traveler, booking_id=booking["id"], payment_method="PAYPAL") == first
    back = await answer_paypal(first["action_url"], "fail")
    assert "redirect_status=failed" in back
    await tell_all(derlg, sandbox, first["payment_intent_id"])
    failed = read(await traveler.get(f"/payments/{first['payment_id']}"))
    assert (failed["status"], failed["failure_code"]) == ("FAILED", "payment_method_customer_decline")
    again = await open_intent(traveler, booking_id=booking["id"], payment_method="PAYPAL")
    assert (again["payment_id"], again["status"]) == (first["payment_id"], "PENDING")
    await answer_paypal(again["action_url"], "approve")
    done = await open_intent(traveler, booking_id=booking["id"], payment_method="PAYPAL")
    assert done["action_url"] is None  # approved: nothing is left to do there
    await tell_all(derlg, sandbox, first["payment_intent_id"])
    assert read(await traveler.get(f"/bookings/{booking['id']}"))["status"] == "CONFIRMED"


async def test_a_card_instead_closes_it(derlg: StorefrontClient, sandbox: str) -> None:
    traveler = await derlg.sign_in_as()
    booking = await hold(traveler, await put_trip_on_sale(derlg))
    by_paypal = await open_intent(traveler, booking_id=booking["id"], payment_method="PAYPAL")
    by_card = await open_intent(traveler, booking_id=booking["id"], payment_method="CARD")
    assert by_card["payment_id"] != by_paypal["payment_id"]
    assert by_card["action_url"] is None
    wrong = await pay(sandbox, by_paypal["payment_intent_id"], card="pm_card_visa")
    assert wrong.status_code == 400  # an intent for PayPal takes no card
    rows = await derlg.rows("SELECT method, failure_code FROM payments ORDER BY method")
    assert rows == [
        {"method": "CARD", "failure_code": None}, {"method": "PAYPAL", "failure_code": "superseded"},
    ]  # fmt: skip


async def test_other_methods_have_their_own_ways(derlg: StorefrontClient) -> None:
    traveler = await derlg.sign_in_as()
    booking = await hold(traveler, await put_trip_on_sale(derlg))
    body = {"booking_id": booking["id"], "payment_method": "BAKONG_QR"}
    assert faulty_fields(await traveler.post("/payments/create-intent", json=body)) == ["payment_method"]
