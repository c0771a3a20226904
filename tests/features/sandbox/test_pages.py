"""The pages a developer looks at."""

import pytest

from .conftest import Shop

NASTY = '<script>alert("x")</script>'


async def test_a_bill_is_paid_with_the_buttons(shop: Shop) -> None:
    opened = await shop.stripe.v1.payment_intents.create_async(
        {"amount": 123450, "currency": "usd", "description": NASTY}
    )
    page = await shop.http.get(f"/pay/{opened.id}")
    assert "1,234.50 USD" in page.text
    assert "4000 0000 0000 9995" in page.text
    assert NASTY not in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    declined = await shop.http.post(f"/pay/{opened.id}", data={"card": "4000 0000 0000 9995"})
    assert declined.status_code == 402
    assert "insufficient funds" in declined.text
    mistyped = await shop.http.post(f"/pay/{opened.id}", data={"card": "12"})
    assert mistyped.status_code == 402
    assert "card number is incorrect" in mistyped.text
    paid = await shop.http.post(f"/pay/{opened.id}", data={"card": "4242424242424242"})
    assert (paid.status_code, paid.headers["location"]) == (303, f"/pay/{opened.id}")
    done = await shop.http.get(f"/pay/{opened.id}")
    assert "Paid with visa ending 4242" in done.text
    again = await shop.http.post(f"/pay/{opened.id}", data={"card": "4242424242424242"})
    assert again.status_code == 400
    assert (await shop.stripe.v1.payment_intents.retrieve_async(opened.id)).amount_received == 123450


async def test_a_card_that_asks_its_holder_leads_to_the_bank(shop: Shop) -> None:
    opened = await shop.stripe.v1.payment_intents.create_async({"amount": 500, "currency": "jpy"})
    asked = await shop.http.post(f"/pay/{opened.id}", data={"card": "4000002500003155"})
    assert asked.headers["location"] == f"/3ds/{opened.id}"
    bank = await shop.http.get(asked.headers["location"])
    assert "500 JPY" in bank.text
    assert (await shop.http.post(f"/3ds/{opened.id}", data={"answer": "maybe"})).status_code == 400
    approved = await shop.http.post(f"/3ds/{opened.id}", data={"answer": "approve"})
    assert approved.headers["location"] == f"/pay/{opened.id}"
    assert "Nothing to approve" in (await shop.http.get(f"/3ds/{opened.id}")).text


async def test_paying_as_the_browser_would(shop: Shop) -> None:
    opened = await shop.stripe.v1.payment_intents.create_async({"amount": 500, "currency": "usd"})
    path = f"/_sandbox/payment_intents/{opened.id}/pay"
    both = await shop.http.post(path, json={"card": "4242424242424242", "payment_method": "pm_card_visa"})
    assert both.status_code == 400
    assert (await shop.http.post(path, content=b"{")).status_code == 400
    assert (await shop.http.post(path, json=[])).status_code == 400
    declined = await shop.http.post(path, json={"card": "4000000000000002"})
    assert (declined.status_code, declined.json()["error"]["code"]) == (402, "card_declined")
    paid = await shop.http.post(path, json={"payment_method": "pm_card_visa"})
    assert (paid.status_code, paid.json()["status"]) == (200, "succeeded")
    missing = await shop.http.post("/_sandbox/payment_intents/pi_none/pay", json={"card": "4242424242424242"})
    assert missing.status_code == 404


async def test_mail_is_read_and_cannot_run_scripts(shop: Shop) -> None:
    mail = {"from": "a@example.com", "to": "b@example.com", "subject": NASTY, "html": NASTY, "text": NASTY}
    sent = await shop.http.post("/emails", headers={"Authorization": "Bearer re_x"}, json=mail)
    page = await shop.http.get(f"/inbox/{sent.json()['id']}")
    assert "<iframe" in page.text
    for path in ("/", "/inbox", f"/inbox/{sent.json()['id']}"):
        answer = await shop.http.get(path)
        assert answer.status_code == 200
        assert "&lt;script&gt;" in answer.text
        assert NASTY not in answer.text
    assert "No mail that fits" in (await shop.http.get("/inbox", params={"subject": "nothing like it"})).text


async def test_home_shows_the_accounts_payments(shop: Shop) -> None:
    paid = await shop.paid(description="Two nights in Kampot")
    home = (await shop.http.get("/")).text
    assert shop.key in home
    assert f"/pay/{paid.id}" in home
    assert "Two nights in Kampot" in home
    assert (await shop.http.get("/sandbox.css")).headers["content-type"].startswith("text/css")


@pytest.mark.parametrize("path", ["/pay/pi_none", "/3ds/pi_none", "/inbox/none"])
async def test_what_is_not_there_is_404_and_says_so(shop: Shop, path: str) -> None:
    answer = await shop.http.get(path)
    assert answer.status_code == 404
    assert "No such" in answer.text
    assert (await shop.http.post(path, data={"card": "4242424242424242"})).status_code in {404, 405}
