"""DerLg as its frontend calls it: snake_case, the envelope, the status flow of its document."""

from datetime import timedelta
from uuid import UUID

import pytest
from tests.support.client import PASSWORD, StorefrontClient, faulty_fields, read, refusal
from tests.support.selling import (
    MORE,
    TRAVEL_DATE,
    hold,
    hold_and_pay,
    open_intent,
    pay,
    put_trip_on_sale,
    tell_all,
)

from sojourn.people.roles import Role
from sojourn.platform.kit.clock import FrozenClock

REGISTRATION = {
    "name": "Sok Dara", "email": "Sok.Dara@example.com", "phone": "+85512345678", "password": PASSWORD,
    "language": "KH",
}  # fmt: skip
BROWSER = {"Origin": "https://derlg.com"}


async def test_the_envelope(derlg: StorefrontClient) -> None:
    await put_trip_on_sale(derlg)
    listed = (await derlg.get("/trips", params={"per_page": 1})).json()
    assert set(listed) == {"success", "data", "message", "meta"}
    assert (listed["success"], listed["message"]) == (True, "OK")
    assert listed["meta"] == {"page": 1, "per_page": 1, "total": 1}
    one = (await derlg.get(f"/trips/{listed['data'][0]['id']}")).json()
    assert set(one) == {"success", "data", "message"}
    refused = await derlg.get("/trips/01890000-0000-7000-8000-000000000000")
    body = refused.json()
    assert refused.status_code == 404
    assert set(body) == {"success", "data", "message", "error"}
    assert (body["success"], body["data"]) == (False, None)
    assert body["error"]["code"] == "TRIP_NOT_FOUND"
    assert isinstance(body["error"]["details"], dict)


async def test_register_sign_in_refresh_sign_out(derlg: StorefrontClient) -> None:
    browser = derlg.visitor()
    registered = await browser.post("/auth/register", json=REGISTRATION, headers=BROWSER)
    answer = read(registered, 201)
    assert set(answer) >= {"access_token", "token_type", "expires_in", "user"}
    assert (answer["token_type"].lower(), answer["expires_in"]) == ("bearer", 900)
    assert (answer["user"]["role"], answer["user"]["loyalty_points"]) == ("TRAVELER", 0)
    assert "password" not in registered.text.lower()
    cookie = registered.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert registered.headers["access-control-allow-origin"] == "https://derlg.com"
    assert registered.headers["access-control-allow-credentials"] == "true"

    again = await derlg.visitor().post("/auth/register", json=REGISTRATION | {"email": "sok.dara@EXAMPLE.com"})
    assert refusal(again, 409) == "EMAIL_TAKEN"
    signing_in = {"email": "sok.dara@example.com", "password": PASSWORD}
    answer = read(await browser.post("/auth/login", json=signing_in))
    wrong = await derlg.visitor().post("/auth/login", json=signing_in | {"password": "not this one at all"})
    assert refusal(wrong, 401) == "INVALID_CREDENTIALS"
    renewed = read(await browser.post("/auth/refresh"))
    bearer = {"Authorization": f"Bearer {renewed['access_token']}"}
    me = read(await browser.get("/users/me", headers=bearer))
    assert (me["name"], me["email"]) == ("Sok Dara", answer["user"]["email"])
    changed = read(await browser.patch("/users/me", json={"phone": "+85512999999"}, headers=bearer))
    assert changed["phone"] == "+85512999999"
    chosen = read(await browser.patch("/users/language", json={"language": "ZH"}, headers=bearer))
    assert chosen["preferred_language"] == "zh"
    await browser.post("/auth/logout")
    assert refusal(await browser.post("/auth/refresh"), 401) == "REFRESH_TOKEN_INVALID"


async def test_trips_are_browsed(derlg: StorefrontClient) -> None:
    trip_id = await put_trip_on_sale(derlg, price="100.00", days=3)
    for query in (
        {"environment": "TEMPLE"}, {"duration": 3}, {"province": "Siem Reap"}, {"budget": 100}, {"q": "dawn"},
        {"min_duration": 2, "max_duration": 4}, {"sort": "price_asc"},
    ):  # fmt: skip
        found = read(await derlg.get("/trips", params=query))
        assert [trip["id"] for trip in found] == [str(trip_id)], query
    assert read(await derlg.get("/trips", params={"environment": "BEACH"})) == []
    trip = read(await derlg.get(f"/trips/{trip_id}"))
    assert (trip["title"], trip["title_kh"], trip["title_zh"]) == ("Angkor at dawn", "អង្គរ", "吴哥窟")
    assert trip["price_per_person_usd"] == "100.00"
    assert read(await derlg.get(f"/trips/{trip['slug']}"))["id"] == str(trip_id)
    in_khmer = await derlg.get(f"/trips/{trip_id}", headers={"Accept-Language": "km"})
    assert read(in_khmer)["display_title"] == "អង្គរ"
    assert faulty_fields(await derlg.get("/trips", params={"environment": "MOON"})) == ["environment"]


async def test_hold_pay_confirm_cancel_refund(derlg: StorefrontClient, sandbox: str) -> None:
    trip_id = await put_trip_on_sale(derlg, seats=4)
    traveler = await derlg.sign_in_as()
    wanted = {"trip_id": str(trip_id), "travel_date": TRAVEL_DATE.isoformat(), "people_count": 2}
    quote = read(await traveler.post("/bookings/quote", json=wanted))
    assert quote["price"]["total"] == "200.00"
    booking = read(await traveler.post("/bookings", json=wanted | MORE), 201)
    assert (booking["status"], booking["total_usd"]) == ("RESERVED", quote["price"]["total"])
    assert booking["reserved_until"]
    intent = await open_intent(traveler, booking_id=booking["id"], amount="200.00", currency="USD")
    assert intent["client_secret"].startswith(intent["payment_intent_id"])
    early = {"booking_id": booking["id"], "payment_intent_id": intent["payment_intent_id"]}
    assert refusal(await traveler.post("/payments/confirm", json=early), 402)
    (await pay(sandbox, intent["payment_intent_id"])).raise_for_status()
    assert set(await tell_all(derlg, sandbox, intent["payment_intent_id"])) == {"processed"}
    assert set(await tell_all(derlg, sandbox, intent["payment_intent_id"])) == {"already_processed"}

    confirmed = read(await traveler.get(f"/bookings/{booking['id']}"))
    assert (confirmed["status"], confirmed["payment"]["status"]) == ("CONFIRMED", "SUCCEEDED")
    payment = read(await traveler.get(f"/payments/{confirmed['payment']['id']}"))
    assert (payment["booking_id"], payment["amount_usd"], payment["payment_method"]) == (
        booking["id"],
        "200.00",
        "CARD",
    )
    assert payment["stripe_event_id"].startswith("evt_")
    assert read(await traveler.get("/loyalty/balance"))["pending"] == 200
    assert [row["points"] for row in read(await traveler.get("/loyalty/history"))] == [200]
    assert [row["id"] for row in read(await traveler.get("/bookings/my"))] == [booking["id"]]

    preview = read(await traveler.get(f"/bookings/{booking['id']}/cancellation-preview"))
    assert (preview["refund_amount"], preview["points_taken_back"]) == ("200.00", 200)
    stale = await traveler.delete(f"/bookings/{booking['id']}", params={"quote_id": "0" * 32})
    assert refusal(stale, 409) == "QUOTE_CHANGED"
    ended = read(await traveler.delete(f"/bookings/{booking['id']}", params={"quote_id": preview["quote_id"]}))
    assert ended["status"] == "CANCELLED"
    assert refusal(await traveler.delete(f"/bookings/{booking['id']}"), 409) == "BOOKING_NOT_CANCELLABLE"


async def test_a_lapsed_hold_reads_cancelled(derlg: StorefrontClient, clock: FrozenClock) -> None:
    traveler = await derlg.sign_in_as()
    booking = await hold(traveler, await put_trip_on_sale(derlg))
    clock.advance(timedelta(minutes=15))
    lapsed = read(await traveler.get(f"/bookings/{booking['id']}"))
    assert (lapsed["status"], lapsed["cancellation_reason"]) == ("CANCELLED", "HOLD_EXPIRED")
    for status, found in (("CANCELLED", [booking["id"]]), ("EXPIRED", [booking["id"]]), ("RESERVED", [])):
        listed = read(await traveler.get("/bookings/my", params={"status": status}))
        assert [row["id"] for row in listed] == found, status
    assert refusal(await traveler.post(f"/bookings/{booking['id']}/extend"), 409) == "HOLD_NOT_OPEN"
    late = await traveler.post("/payments/create-intent", json={"booking_id": booking["id"]})
    assert refusal(late, 409) == "HOLD_EXPIRED"


async def test_a_booking_is_changed(derlg: StorefrontClient) -> None:
    traveler = await derlg.sign_in_as()
    booking = await hold(traveler, await put_trip_on_sale(derlg))
    changed = read(await traveler.patch(f"/bookings/{booking['id']}", json={"people_count": 3}))
    assert (changed["people_count"], changed["total_usd"]) == (3, "300.00")


async def test_other_peoples_things_are_not_found(derlg: StorefrontClient, sandbox: str) -> None:
    owner, stranger = await derlg.sign_in_as(), await derlg.sign_in_as()
    booking = await hold_and_pay(owner, sandbox, await put_trip_on_sale(derlg))
    here, payment = f"/bookings/{booking['id']}", booking["payment"]["id"]
    for method, path in (
        ("GET", here), ("PATCH", here), ("DELETE", here), ("GET", f"{here}/cancellation-preview"),
        ("POST", f"{here}/cancel"),
        ("POST", f"{here}/extend"), ("GET", f"{here}/invoice"), ("GET", f"/bookings/{booking['booking_ref']}"),
        ("GET", f"/payments/{payment}"), ("GET", f"/payments/{payment}/invoice"), ("GET", f"/users/{owner.user_id}"),
        ("PATCH", f"/users/{owner.user_id}"), ("DELETE", f"/users/{owner.user_id}"),
    ):  # fmt: skip
        body = {"people_count": 1} if path == here else {"name": "Evil"} if "users" in path else {}
        answer = await stranger.request(method, path, json=body if method in ("PATCH", "POST") else None)
        assert answer.status_code == 404, (method, path, answer.text)
    bodies = ({"booking_id": booking["id"]}, {"booking_id": booking["id"], "payment_intent_id": "pi_123456"})
    for path, body in zip(("/payments/create-intent", "/payments/confirm"), bodies, strict=True):
        assert (await stranger.post(path, json=body)).status_code == 404
    refund = await stranger.post(f"/payments/{payment}/refund", json={"reason": "mine now"})
    assert refusal(refund, 403) == "NOT_ALLOWED"
    assert read(await owner.get(here))["status"] == "CONFIRMED"


@pytest.mark.parametrize("role", [Role.CUSTOMER, Role.GUIDE, Role.CONSULTANT])
async def test_the_desk_is_for_admins(derlg: StorefrontClient, role: Role) -> None:
    somebody = await derlg.sign_in_as(role)
    trip_id: UUID = await put_trip_on_sale(derlg)
    for method, path in (
        ("GET", "/admin/bookings"), ("GET", "/admin/audit"), ("GET", "/admin/jobs"), ("GET", "/admin/invariants"),
        ("GET", "/admin/notifications"), ("GET", "/admin/staff"), ("GET", "/admin/trips"), ("GET", "/users"),
        ("DELETE", f"/trips/{trip_id}"), ("PATCH", f"/trips/{trip_id}"),
    ):  # fmt: skip
        answer = await somebody.request(method, path, json={"title": "Mine"} if method == "PATCH" else None)
        assert refusal(answer, 403) == "NOT_ALLOWED", path
