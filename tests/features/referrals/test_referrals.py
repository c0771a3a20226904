"""From a code to the points, as travellers and the desk see it."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from tests.conftest import StartSystem
from tests.features.orders.conftest import Shop
from tests.features.referrals.conftest import friend_of, lasting, points_of
from tests.support.client import PASSWORD, StorefrontClient, faulty_fields, read, refusal
from tests.support.selling import hold, hold_and_pay, open_intent, pay, put_trip_on_sale, tell_all

from sojourn.modules import PAYABLES
from sojourn.people.roles import Role
from sojourn.platform.kit.clock import FrozenClock
from sojourn.platform.storefront import Module
from sojourn.providers.work import Work
from sojourn.sales.bookings.jobs import complete_ended
from sojourn.sales.payments import refunds
from sojourn.storefronts import STOREFRONTS

Json = dict[str, object]


async def registered(derlg: StorefrontClient) -> StorefrontClient:
    """Somebody with a phone who came by the front door, in the browser that all tests use."""
    person = await derlg.register(phone="+855 12 345 678")
    return lasting(person, user_id=person.user_id, email=person.email)


async def friends(referrer: StorefrontClient) -> list[tuple[str, int]]:
    listed = read(await referrer.get("/referrals/friends"))
    return [(one["status"], one["points"]) for one in listed]


async def flagged(admin: StorefrontClient) -> Json:
    (one,) = read(await admin.get("/admin/referrals", params={"status": "FLAGGED"}))
    found: Json = one
    return found


async def travel(work: Work, clock: FrozenClock) -> None:
    """Time passes until the trip is over, and the timer notices."""
    clock.advance(timedelta(days=60))
    await complete_ended(work)


async def test_a_friends_first_trip_brings_points_to_both_when_it_is_over(
    referrer: StorefrontClient, sandbox: str, work: Work, clock: FrozenClock
) -> None:
    start = read(await referrer.get("/referrals"))
    assert start["link"] == f"https://derlg.com/register?ref={start['code']}"
    assert (start["registered"], start["points_per_friend"], start["points_for_friend"]) == (0, 500, 300)
    friend = await friend_of(referrer)
    assert await friends(referrer) == [("REGISTERED", 0)]
    trip = await put_trip_on_sale(referrer)
    await hold_and_pay(friend, sandbox, trip)
    assert await friends(referrer) == [("PENDING", 0)]
    assert (await points_of(referrer), await points_of(friend)) == (0, 0)
    await hold_and_pay(friend, sandbox, trip)
    await travel(work, clock)
    await complete_ended(work)
    assert await friends(referrer) == [("APPROVED", 500)]
    assert (await points_of(referrer), await points_of(friend)) == (500, 300 + 2 * 200)
    after = read(await referrer.get("/referrals"))
    counted = {name: after[name] for name in ("registered", "pending", "approved", "voided", "points_earned")}
    assert counted == {"registered": 1, "pending": 0, "approved": 1, "voided": 0, "points_earned": 500}
    assert (after["rewarded_this_year"], after["rewards_left_this_year"]) == (1, 19)
    (entry,) = read(await referrer.get("/loyalty/history"))
    assert (entry["kind"], entry["points"], entry["status"]) == ("REFERRAL", 500, "AVAILABLE")
    listed = (await referrer.get("/referrals/friends")).text
    assert "Thida" not in listed
    assert str(friend.user_id) not in listed


async def test_fifty_dollars_and_the_first_purchase_that_reaches_them(
    referrer: StorefrontClient, sandbox: str, work: Work, clock: FrozenClock
) -> None:
    friend = await friend_of(referrer)
    await hold_and_pay(friend, sandbox, await put_trip_on_sale(referrer, price="49.99"), people=1)
    assert await friends(referrer) == [("REGISTERED", 0)]
    await hold_and_pay(friend, sandbox, await put_trip_on_sale(referrer, price="50.00"), people=1)
    await travel(work, clock)
    assert await friends(referrer) == [("APPROVED", 500)]


async def test_a_cancelled_trip_voids_it_for_good(referrer: StorefrontClient, sandbox: str) -> None:
    friend = await friend_of(referrer)
    trip = await put_trip_on_sale(referrer)
    booking = await hold_and_pay(friend, sandbox, trip)
    read(await friend.delete(f"/bookings/{booking['id']}"))
    assert await friends(referrer) == [("VOIDED", 0)]
    await hold_and_pay(friend, sandbox, trip)
    assert await friends(referrer) == [("VOIDED", 0)]


async def test_a_trip_refunded_below_the_line_earns_nothing(
    referrer: StorefrontClient, sandbox: str, work: Work, clock: FrozenClock
) -> None:
    friend, admin = await friend_of(referrer), await referrer.sign_in_as(Role.ADMIN)
    booking = await hold_and_pay(friend, sandbox, await put_trip_on_sale(referrer))
    body = {"amount": "150.01", "reason": "Goodwill"}
    read(await admin.post(f"/payments/{booking['payment']['id']}/refund", json=body), 202)
    (row,) = await referrer.rows("SELECT id FROM refunds")
    await refunds.send(work, payables=PAYABLES, refund_id=row["id"])
    await travel(work, clock)
    (judged,) = read(await admin.get("/admin/referrals"))
    assert (judged["status"], judged["void_reason"]) == ("VOIDED", "REFUNDED")
    assert await points_of(referrer) == 0


@pytest.mark.parametrize("flag", ["SAME_PHONE", "SAME_DEVICE", "SAME_CARD"])
async def test_one_person_twice_waits_for_the_desk(
    flag: str, derlg: StorefrontClient, sandbox: str, work: Work, clock: FrozenClock
) -> None:
    admin = await derlg.sign_in_as(Role.ADMIN)
    referrer = await registered(derlg)
    trip = await put_trip_on_sale(derlg)
    await hold_and_pay(referrer, sandbox, trip)
    agent = str(derlg.headers["User-Agent"]) if flag == "SAME_DEVICE" else "Another browser"
    friend = await friend_of(
        referrer, agent=agent, email="twin@example.com", **({"phone": "012-345-678"} if flag == "SAME_PHONE" else {})
    )
    booking = await hold(friend, trip)
    intent = await open_intent(friend, booking_id=booking["id"])
    card = "pm_card_visa" if flag == "SAME_CARD" else "pm_card_mastercard"
    (await pay(sandbox, intent["payment_intent_id"], card=card)).raise_for_status()
    await tell_all(friend, sandbox, intent["payment_intent_id"])
    async with derlg.database.read() as connection:  # what the job that reads the card would find
        await connection.execute(
            "UPDATE payments SET card_fingerprint = CASE WHEN user_id = $1 OR $2 THEN 'fp1' ELSE 'fp2' END",
            referrer.user_id, flag == "SAME_CARD",
        )  # fmt: skip
    assert await friends(referrer) == [("PENDING", 0)]
    await travel(work, clock)
    one = await flagged(admin)
    assert one["flags"] == [flag]
    assert await friends(referrer) == [("PENDING", 0)], "that is the desk's affair"
    assert await points_of(friend) == 200, "those of the trip"
    path, body = f"/admin/referrals/{one['id']}/decision", {"decision": "CLEAR", "note": "Sisters, both travelled"}
    assert refusal(await referrer.post(path, json=body), 403) == "NOT_ALLOWED"
    decided = read(await admin.post(path, json=body))
    assert (decided["status"], decided["referrer_points"], decided["note"]) == ("APPROVED", 500, body["note"])
    assert await points_of(friend) == 500
    answer = await admin.post(path, json=body)
    assert refusal(answer, 409) == "REFERRAL_NOT_FLAGGED"
    acts = await derlg.rows("SELECT action FROM audit_entries WHERE subject_kind = 'REFERRAL' ORDER BY id")
    assert [act["action"] for act in acts] == ["referral.cleared", "referral.approved"]


async def test_the_desk_decides_before_the_trip(
    derlg: StorefrontClient, sandbox: str, work: Work, clock: FrozenClock
) -> None:
    admin, referrer = await derlg.sign_in_as(Role.ADMIN), await registered(derlg)
    trip = await put_trip_on_sale(derlg)
    for number, decision in enumerate(("CLEAR", "REJECT")):
        friend = await friend_of(referrer, agent=f"Browser {number}", phone="+85512345678")
        await hold_and_pay(friend, sandbox, trip)
        path = f"/admin/referrals/{(await flagged(admin))['id']}/decision"
        read(await admin.post(path, json={"decision": decision, "note": "Asked by phone"}))
    assert sorted(await friends(referrer)) == [("PENDING", 0), ("VOIDED", 0)]
    await travel(work, clock)
    assert sorted(await friends(referrer)) == [("APPROVED", 500), ("VOIDED", 0)]
    listed = read(await admin.get("/admin/referrals", params={"status": "VOIDED"}))
    assert [one["void_reason"] for one in listed] == ["REJECTED"]


async def test_an_unknown_code_is_refused_by_name(derlg: StorefrontClient) -> None:
    form = {"name": "A", "email": "a@example.com", "password": PASSWORD, "referral_code": "RNOBODY00"}
    assert faulty_fields(await derlg.post("/auth/register", json=form)) == ["referral_code"]
    assert await derlg.rows("SELECT id FROM users") == []


async def test_whose_and_what(referrer: StorefrontClient, derlg: StorefrontClient) -> None:
    admin = await derlg.sign_in_as(Role.ADMIN)
    for path in ("/referrals", "/referrals/friends"):
        assert refusal(await derlg.get(path), 401) == "NOT_AUTHENTICATED"
    assert refusal(await referrer.get("/admin/referrals"), 403) == "NOT_ALLOWED"
    path = f"/admin/referrals/{UUID(int=7)}/decision"
    body = {"decision": "CLEAR", "note": "Why not"}
    assert refusal(await admin.post(path, json=body), 404) == "REFERRAL_NOT_FOUND"
    assert faulty_fields(await admin.post(path, json={"decision": "PAY", "note": " "})) == ["decision", "note"]
    assert faulty_fields(await referrer.get("/referrals/friends", params={"per_page": 101})) == ["per_page"]
    assert faulty_fields(await admin.get("/admin/referrals", params={"status": "LOST"})) == ["status"]


async def test_each_list_is_one_statement_however_long(referrer: StorefrontClient, sandbox: str) -> None:
    admin = await referrer.sign_in_as(Role.ADMIN)
    trip = await put_trip_on_sale(referrer)
    for number in range(3):
        await hold_and_pay(await friend_of(referrer, agent=f"Browser {number}"), sandbox, trip)
    for client, path in ((referrer, "/referrals"), (referrer, "/referrals/friends"), (admin, "/admin/referrals")):
        await client.get(path)
        async with client.statements() as statements:
            answer = await client.get(path, params={"per_page": 2} if "friends" in path or "admin" in path else {})
        assert len(statements) == 1, statements
        if path != "/referrals":
            assert (len(read(answer)), answer.json()["meta"]["total"]) == (2, 3)


async def test_nobody_who_came_alone_pays_for_it_with_a_statement(derlg: StorefrontClient, sandbox: str) -> None:
    traveler = await derlg.sign_in_as()
    booking = await hold(traveler, await put_trip_on_sale(derlg))
    intent = await open_intent(traveler, booking_id=booking["id"])
    await pay(sandbox, intent["payment_intent_id"])
    async with derlg.statements() as statements:
        await tell_all(derlg, sandbox, intent["payment_intent_id"])
    assert not [said for said in statements if "INTO referrals" in said or "SAME_CARD" in said]


async def test_holyone_could_have_it_too(
    monkeypatch: pytest.MonkeyPatch, start_system: StartSystem, sandbox: str
) -> None:
    declared = STOREFRONTS["holyone"]
    monkeypatch.setitem(STOREFRONTS, "holyone", replace(declared, modules=declared.modules | {Module.REFERRALS}))
    async with start_system() as system:
        holyone = system.holyone
        shop = Shop(await holyone.sign_in_as(Role.ADMIN), sandbox)
        await shop.sell("professional", "MAIN", fee="299.00")
        referrer = await holyone.sign_in_as()
        friend = await friend_of(referrer)
        order = await shop.paid(friend)
        assert read(await referrer.get("/referrals"))["pending"] == 1
        order = await shop.move(order, status="IN_PROGRESS")
        await shop.move(order, status="COMPLETED")
        page = read(await referrer.get("/referrals/friends"))
        assert [(one["status"], one["points"]) for one in page["items"]] == [("APPROVED", 500)]
        assert (await points_of(friend), page["perPage"], page["total"]) == (599, 20, 1)
        other = await friend_of(referrer, agent="Second browser")
        cancelled = await shop.paid(other)
        read(await other.patch(f"/orders/{cancelled['id']}/cancel"))
        summary = read(await referrer.get("/referrals"))
        assert (summary["voided"], summary["pointsEarned"]) == (1, 500)
        assert Decimal(read(await referrer.get("/loyalty/balance"))["valueUsd"]) == 5
