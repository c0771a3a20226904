"""PaymentIntents as the official SDK sees them."""

import httpx
import pytest
import stripe

from sojourn.sandbox.cards import TEST_METHODS

from .conftest import Receiver, Shop, open_shop


async def test_an_intent_is_opened_and_paid_with_a_card(shop: Shop) -> None:
    opened = await shop.stripe.v1.payment_intents.create_async(
        {
            "amount": 12550,
            "currency": "USD",
            "metadata": {"booking": "DLG-7"},
            "description": "Angkor at sunrise",
            "receipt_email": "sok@example.com",
            "automatic_payment_methods": {"enabled": True},
            "statement_descriptor_suffix": "ANGKOR",
        }
    )
    assert (opened.status, opened.currency, opened.livemode) == ("requires_payment_method", "usd", False)
    assert opened.client_secret is not None
    assert opened.client_secret.startswith(f"{opened.id}_secret_")

    paid = await shop.stripe.v1.payment_intents.confirm_async(
        opened.id, {"payment_method": "pm_card_mastercard", "expand": ["latest_charge"]}
    )
    assert (paid.status, paid.amount_received) == ("succeeded", 12550)
    charge = paid.latest_charge
    assert isinstance(charge, stripe.Charge)
    assert charge.paid
    assert charge.captured
    assert charge.metadata.to_dict() == {"booking": "DLG-7"}
    assert charge.payment_method_details is not None
    card = charge.payment_method_details.card
    assert card is not None
    assert (card.brand, card.last4) == ("mastercard", "4444")
    again = await shop.stripe.v1.payment_intents.retrieve_async(opened.id)
    assert (again.status, again.latest_charge) == ("succeeded", charge.id)
    assert await shop.event_types() == ["payment_intent.created", "charge.succeeded", "payment_intent.succeeded"]


@pytest.mark.parametrize(
    ("method", "code", "decline_code"),
    [
        ("pm_card_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_visa_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", None),
        ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", None),
        ("pm_card_chargeDeclinedProcessingError", "processing_error", None),
    ],
)
async def test_a_decline_says_why_and_leaves_the_intent_open(
    shop: Shop, method: str, code: str, decline_code: str | None
) -> None:
    opened = await shop.stripe.v1.payment_intents.create_async({"amount": 700, "currency": "usd"})
    with pytest.raises(stripe.CardError) as refusal:
        await shop.stripe.v1.payment_intents.confirm_async(opened.id, {"payment_method": method})
    error = refusal.value
    assert (error.http_status, error.code) == (402, code)
    assert error.error is not None
    assert error.error.decline_code == decline_code
    assert error.error.to_dict()["payment_intent"]["status"] == "requires_payment_method"

    kept = await shop.stripe.v1.payment_intents.retrieve_async(opened.id, {"expand": ["latest_charge"]})
    assert (kept.status, kept.amount_received, kept.payment_method) == ("requires_payment_method", 0, None)
    assert kept.last_payment_error is not None
    assert kept.last_payment_error.code == code
    assert isinstance(kept.latest_charge, stripe.Charge)
    assert kept.latest_charge.status == "failed"
    assert await shop.event_types() == ["payment_intent.created", "charge.failed", "payment_intent.payment_failed"]

    paid = await shop.stripe.v1.payment_intents.confirm_async(opened.id, {"payment_method": "pm_card_visa"})
    assert (paid.status, paid.last_payment_error) == ("succeeded", None)


async def test_every_named_test_method_exists(shop: Shop) -> None:
    for name in TEST_METHODS:
        method = await shop.stripe.v1.payment_methods.retrieve_async(name)
        assert method.id.startswith("pm_")
        assert method.card is not None
        assert TEST_METHODS[name].endswith(method.card.last4)


@pytest.mark.parametrize("answer", ["approve", "fail"])
async def test_the_holder_answers_on_the_banks_page(shop: Shop, answer: str) -> None:
    asked = await shop.paid("pm_card_threeDSecure2Required", return_url="http://127.0.0.1:3000/done?lang=km")
    assert asked.status == "requires_action"
    assert asked.next_action is not None
    assert asked.next_action.redirect_to_url is not None
    url = str(asked.next_action.redirect_to_url.url)
    assert "Is this you?" in (await shop.http.get(url)).text
    back = await shop.http.post(url, data={"answer": answer})
    assert back.status_code == 303
    way_back = httpx.URL(back.headers["location"])
    assert (way_back.host, way_back.port, way_back.path) == ("127.0.0.1", 3000, "/done")
    assert way_back.params["lang"] == "km"
    assert way_back.params["payment_intent"] == asked.id

    intent = await shop.stripe.v1.payment_intents.retrieve_async(asked.id)
    assert intent.next_action is None
    if answer == "approve":
        assert (intent.status, way_back.params["redirect_status"]) == ("succeeded", "succeeded")
    else:
        assert (intent.status, way_back.params["redirect_status"]) == ("requires_payment_method", "failed")
        assert intent.last_payment_error is not None
        assert intent.last_payment_error.code == "payment_intent_authentication_failure"
    paid, refused = ["charge.succeeded", "payment_intent.succeeded"], ["payment_intent.payment_failed"]
    outcome = paid if answer == "approve" else refused
    assert await shop.event_types() == ["payment_intent.created", "payment_intent.requires_action", *outcome]
    # A second press of the button changes nothing.
    await shop.http.post(url, data={"answer": "approve"})
    assert (await shop.stripe.v1.payment_intents.retrieve_async(asked.id)).status == intent.status


async def test_without_the_holder_present_authentication_is_a_decline(shop: Shop) -> None:
    with pytest.raises(stripe.CardError) as refusal:
        await shop.paid("pm_card_authenticationRequired", off_session=True)
    assert refusal.value.code == "authentication_required"


async def test_manual_capture_takes_part_and_releases_the_rest(shop: Shop) -> None:
    held = await shop.paid(amount=9000, capture_method="manual")
    assert (held.status, held.amount_capturable, held.amount_received) == ("requires_capture", 9000, 0)
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        await shop.stripe.v1.payment_intents.capture_async(held.id, {"amount_to_capture": 9001})
    assert refusal.value.param == "amount_to_capture"
    taken = await shop.stripe.v1.payment_intents.capture_async(
        held.id, {"amount_to_capture": 4000, "expand": ["latest_charge"]}
    )
    assert (taken.status, taken.amount_received, taken.amount_capturable) == ("succeeded", 4000, 0)
    assert isinstance(taken.latest_charge, stripe.Charge)
    assert (taken.latest_charge.amount_captured, taken.latest_charge.amount_refunded) == (4000, 5000)
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        await shop.stripe.v1.payment_intents.capture_async(held.id)
    assert refusal.value.code == "payment_intent_unexpected_state"


async def test_cancel_ends_an_open_or_held_intent_and_no_other(shop: Shop) -> None:
    opened = await shop.stripe.v1.payment_intents.create_async({"amount": 700, "currency": "usd"})
    ended = await shop.stripe.v1.payment_intents.cancel_async(opened.id, {"cancellation_reason": "abandoned"})
    assert (ended.status, ended.cancellation_reason) == ("canceled", "abandoned")
    held = await shop.paid(capture_method="manual")
    assert (await shop.stripe.v1.payment_intents.cancel_async(held.id)).status == "canceled"
    paid = await shop.paid()
    for intent in (ended, paid):
        with pytest.raises(stripe.InvalidRequestError) as refusal:
            await shop.stripe.v1.payment_intents.cancel_async(intent.id)
        assert refusal.value.code == "payment_intent_unexpected_state"
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        await shop.stripe.v1.payment_intents.confirm_async(ended.id, {"payment_method": "pm_card_visa"})
    assert refusal.value.code == "payment_intent_unexpected_state"


async def test_processing_can_be_switched_on(shop: Shop, receiver: Receiver) -> None:
    await shop.faults(api={"processing_ms": 1})
    started = await shop.paid()
    assert started.status == "processing"
    assert (await receiver.until("payment_intent.processing")).to_dict()["data"]["object"]["amount_received"] == 0
    await receiver.until("payment_intent.succeeded")
    assert (await shop.stripe.v1.payment_intents.retrieve_async(started.id)).amount_received == 5000


async def test_an_intent_without_a_method_cannot_be_confirmed(shop: Shop) -> None:
    opened = await shop.stripe.v1.payment_intents.create_async({"amount": 700, "currency": "usd"})
    with pytest.raises(stripe.InvalidRequestError, match="missing a payment method") as refusal:
        await shop.stripe.v1.payment_intents.confirm_async(opened.id)
    assert refusal.value.code == "payment_intent_unexpected_state"


async def test_update_changes_what_is_given_and_leaves_the_rest(shop: Shop) -> None:
    opened = await shop.stripe.v1.payment_intents.create_async(
        {"amount": 700, "currency": "usd", "description": "one", "metadata": {"a": "1", "b": "2"}}
    )
    changed = await shop.stripe.v1.payment_intents.update_async(
        opened.id, {"amount": 800, "metadata": {"a": "", "c": "3"}}
    )
    assert (changed.amount, changed.description) == (800, "one")
    assert changed.to_dict()["metadata"] == {"b": "2", "c": "3"}
    ready = await shop.stripe.v1.payment_intents.update_async(opened.id, {"payment_method": "pm_card_visa"})
    assert ready.status == "requires_confirmation"
    await shop.stripe.v1.payment_intents.confirm_async(opened.id)
    await shop.stripe.v1.payment_intents.update_async(opened.id, {"description": "still allowed"})
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        await shop.stripe.v1.payment_intents.update_async(opened.id, {"amount": 900})
    assert refusal.value.code == "payment_intent_unexpected_state"


@pytest.mark.parametrize(
    ("fields", "code", "param"),
    [
        ({"amount": "0", "currency": "usd"}, "parameter_invalid_integer", "amount"),
        ({"amount": "-5", "currency": "usd"}, "parameter_invalid_integer", "amount"),
        ({"amount": "100000000", "currency": "usd"}, "amount_too_large", "amount"),
        ({"amount": "9" * 5000, "currency": "usd"}, "parameter_invalid_integer", "amount"),
        ({"amount": "12.5", "currency": "usd"}, "parameter_invalid_integer", "amount"),
        ({"amount": "", "currency": "usd"}, "parameter_invalid_empty", "amount"),
        ({"currency": "usd"}, "parameter_missing", "amount"),
        ({"amount": "500"}, "parameter_missing", "currency"),
        ({"amount": "500", "currency": "zzz"}, None, "currency"),
        ({"amount": "500", "currency": "usd", "colour": "red"}, "parameter_unknown", "colour"),
        ({"amount": "500", "currency": "usd", "payment_method": "pm_none"}, "resource_missing", "payment_method"),
        ({"amount": "500", "currency": "usd", "customer": "cus_none"}, "resource_missing", "customer"),
        ({"amount": "500", "currency": "usd", "expand[]": "amount"}, None, "expand"),
        ({"amount": "500", "currency": "usd", "metadata[a][b]": "c"}, None, "metadata[a]"),
        ({"amount": "500", "currency": "usd", "metadata": "x", "metadata[a]": "y"}, None, "metadata[a]"),
        ({"amount": "500", "currency": "usd", "capture_method": "later"}, None, "capture_method"),
        ({"amount": "500", "currency": "usd", "x]": "later"}, "parameter_unknown", "x]"),
    ],
)
async def test_bad_parameters_are_refused_by_name(
    shop: Shop, fields: dict[str, str], code: str | None, param: str
) -> None:
    answer = await shop.http.post("/v1/payment_intents", data=fields, headers={"Authorization": f"Bearer {shop.key}"})
    error = answer.json()["error"]
    assert answer.status_code in {400, 404}
    assert (error["type"], error.get("code"), error["param"]) == ("invalid_request_error", code, param)
    assert await shop.event_types() == []


async def test_blank_text_unsets_and_never_breaks(shop: Shop) -> None:
    answer = await shop.http.post(
        "/v1/payment_intents",
        data={"amount": "500", "currency": "usd", "description": "", "receipt_email": "", "metadata": ""},
        headers={"Authorization": f"Bearer {shop.key}"},
    )
    assert answer.status_code == 200
    assert answer.json()["description"] is None


async def test_accounts_do_not_see_each_other(shop: Shop, sandbox: str) -> None:
    paid = await shop.paid()
    async with open_shop(sandbox, f"{shop.key}x") as other:
        with pytest.raises(stripe.InvalidRequestError) as refusal:
            await other.stripe.v1.payment_intents.retrieve_async(paid.id)
        assert (refusal.value.http_status, refusal.value.code) == (404, "resource_missing")
        assert (await other.stripe.v1.payment_intents.list_async()).data == []


async def test_lists_are_paged_newest_first(shop: Shop) -> None:
    made = [(await shop.paid(amount=100 + n)).id for n in range(5)]
    listed = await shop.stripe.v1.payment_intents.list_async({"limit": 2, "created": {"gte": 1}})
    assert listed.has_more
    assert [intent.id async for intent in listed.auto_paging_iter()] == made[::-1]
    before = await shop.stripe.v1.payment_intents.list_async({"limit": 2, "ending_before": made[1]})
    assert [intent.id for intent in before.data] == [made[3], made[2]]
    none = await shop.stripe.v1.payment_intents.list_async({"created": {"lt": 1000}})
    assert none.data == []


async def test_customers_and_saved_cards(shop: Shop) -> None:
    customer = await shop.stripe.v1.customers.create_async({"email": "sok@example.com", "name": "Sok"})
    renamed = await shop.stripe.v1.customers.update_async(customer.id, {"name": "Sok Dara"})
    assert (renamed.email, renamed.name) == ("sok@example.com", "Sok Dara")
    found = await shop.stripe.v1.customers.list_async({"email": "sok@example.com"})
    assert [item.id for item in found.data] == [customer.id]
    method = await shop.stripe.v1.payment_methods.create_async(
        {"type": "card", "card": {"number": "4242424242424242", "exp_month": 8, "exp_year": 2040, "cvc": "123"}}
    )
    attached = await shop.stripe.v1.payment_methods.attach_async(method.id, {"customer": customer.id})
    assert attached.customer == customer.id
    paid = await shop.paid(method.id, customer=customer.id, expand=["customer", "payment_method"])
    assert isinstance(paid.customer, stripe.Customer)
    assert isinstance(paid.payment_method, stripe.PaymentMethod)
    assert paid.payment_method.id == method.id


async def test_a_customers_card_pays_for_nobody_else(shop: Shop) -> None:
    first, second = [await shop.stripe.v1.customers.create_async() for _ in range(2)]
    saved = await shop.paid(customer=first.id, setup_future_usage="off_session")
    method_id = str(saved.payment_method)
    kept = await shop.stripe.v1.payment_methods.list_async({"customer": first.id, "type": "card"})
    assert [method.id for method in kept.data] == [method_id]
    for pay in (shop.paid(method_id), shop.paid(method_id, customer=second.id)):
        with pytest.raises(stripe.InvalidRequestError) as refusal:
            await pay
        assert refusal.value.param == "payment_method"
    with pytest.raises(stripe.InvalidRequestError, match="already been attached"):
        await shop.stripe.v1.payment_methods.attach_async(method_id, {"customer": second.id})
    assert (await shop.paid(method_id, customer=first.id)).status == "succeeded"
    loose = await shop.stripe.v1.payment_methods.detach_async(method_id)
    assert loose.customer is None
    with pytest.raises(stripe.InvalidRequestError, match="not attached"):
        await shop.stripe.v1.payment_methods.detach_async(method_id)


@pytest.mark.parametrize(
    ("number", "code"),
    [("4242424242424241", "incorrect_number"), ("abcd", "incorrect_number"), ("4111111111111111", "card_declined")],
)
async def test_only_test_cards_pay(shop: Shop, number: str, code: str) -> None:
    with pytest.raises(stripe.CardError) as refusal:
        await shop.stripe.v1.payment_methods.create_async(
            {"type": "card", "card": {"number": number, "exp_month": 8, "exp_year": 2040}}
        )
    assert refusal.value.code == code


async def test_an_expired_card_is_refused_by_its_year(shop: Shop) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        await shop.stripe.v1.payment_methods.create_async(
            {"type": "card", "card": {"number": "4242424242424242", "exp_month": 1, "exp_year": 2024}}
        )
    assert (refusal.value.code, refusal.value.param) == ("invalid_expiry_year", "card[exp_year]")


async def test_a_browser_confirms_with_the_client_secret(shop: Shop) -> None:
    opened = await shop.stripe.v1.payment_intents.create_async({"amount": 700, "currency": "usd"})
    path = f"/v1/payment_intents/{opened.id}/confirm"
    browser = {"Authorization": f"Bearer {shop.key.replace('sk_', 'pk_')}", "Origin": "http://localhost:3000"}
    card = {"payment_method_data[type]": "card", "payment_method_data[card][number]": "4242424242424242"}
    for secret in ({}, {"client_secret": f"{opened.id}_secret_guess"}):
        refused = await shop.http.post(path, headers=browser, data={**card, **secret})
        assert refused.status_code == 400
        assert refused.json()["error"]["param"] == "client_secret"
    forbidden = await shop.http.post("/v1/refunds", headers=browser, data={"payment_intent": opened.id})
    assert forbidden.status_code == 401
    paid = await shop.http.post(path, headers=browser, data={**card, "client_secret": str(opened.client_secret)})
    assert (paid.status_code, paid.json()["status"]) == (200, "succeeded")
    assert paid.headers["access-control-allow-origin"] == "http://localhost:3000"
    seen = await shop.http.get(
        f"/v1/payment_intents/{opened.id}", headers=browser, params={"client_secret": str(opened.client_secret)}
    )
    assert seen.json()["status"] == "succeeded"


async def test_no_key_and_strange_keys_are_refused(shop: Shop) -> None:
    for headers in ({}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic ***"}):
        answer = await shop.http.get("/v1/payment_intents", headers=headers)
        assert (answer.status_code, answer.json()["error"]["type"]) == (401, "invalid_request_error")
    basic = await shop.http.get("/v1/payment_intents", auth=(shop.key, ""))
    assert basic.status_code == 200
    unknown = await shop.http.get("/v1/moons", headers={"Authorization": f"Bearer {shop.key}"})
    assert unknown.status_code == 404
