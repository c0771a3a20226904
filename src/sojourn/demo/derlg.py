"""Chapter 1: a trip of DerLg, from the shelf to the refund."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sojourn.demo.teller import expect
from sojourn.demo.travels import (
    KEY,
    Booking,
    find_day,
    hold,
    open_payment,
    seconds_between,
    wait_for_status,
)
from sojourn.demo.visitor import Params, Visitor
from sojourn.demo.waiting import until
from sojourn.demo.world import World

PEOPLE = 2
BUDGET = 200
_HOLD_SECONDS = 15 * 60

Trip = Mapping[str, Any]


async def tell(world: World) -> None:
    """Register, browse, quote, hold, pay, be confirmed, cancel, be refunded."""
    with world.teller.chapter("1. DerLg: a trip is booked, paid, confirmed, cancelled and refunded"):
        with world.teller.step("Register") as say:
            traveller = await world.register(KEY, "dara", name="Sok Dara")
            me = await traveller.get("/auth/me")
            expect(me["email"] == traveller.email, f"signed in as {me['email']}")
            say(f"{me['role']} {me['email']}")
        trip = await _browse(world, traveller)
        booking, points = await _reserve(world, traveller, trip)
        booking = await _pay(world, traveller, booking, points)
        await _cancel(world, traveller, booking)


async def _browse(world: World, traveller: Visitor) -> Trip:
    with world.teller.step("Browse: temples within a budget") as say:
        asked: Params = {"environment": "TEMPLE", "max_price": BUDGET, "sort": "price_asc", "per_page": 5}
        answer = await traveller.ask("GET", "/trips", params=asked)
        trips: list[Trip] = answer.data
        prices = [Decimal(trip["price_per_person_usd"]) for trip in trips]
        expect(trips, "no temple for that budget")
        expect(all(trip["environment"] == "TEMPLE" for trip in trips), "not temples only")
        expect(prices == sorted(prices) and prices[-1] <= BUDGET, f"prices {prices}")
        say(f"{answer.meta['total']} trips from {prices[0]} USD, first: {trips[0]['title']}")
    with world.teller.step("Browse: what the agency puts first") as say:
        featured = await traveller.get("/trips/featured", limit=5)
        expect(featured and all(trip["is_featured"] for trip in featured), "no featured trips")
        say(", ".join(trip["title"] for trip in featured[:3]))
    trip = trips[0]
    for language, name, field in (("km", "Khmer", "title_kh"), ("zh", "Chinese", "title_zh")):
        with world.teller.step(f"Read it in {name}") as say:
            read = await traveller.get(f"/trips/{trip['slug']}", language=language)
            expect(read[field] and read["display_title"] == read[field], f"shown as {read['display_title']!r}")
            say(read["display_title"])
    return trip


async def _reserve(world: World, traveller: Visitor, trip: Trip) -> tuple[Booking, int]:
    with world.teller.step("Find a day, ask for a quote") as say:
        day, seats = await find_day(traveller, trip["id"], people=PEOPLE)
        asked = {"trip_id": trip["id"], "travel_date": day, "people_count": PEOPLE}
        quote = await traveller.send("POST", "/bookings/quote", asked)
        total = quote["price"]["total"]
        due = PEOPLE * Decimal(trip["price_per_person_usd"])
        expect(Decimal(total) == due and quote["available"] == seats, f"{total} USD, {quote['available']} seats")
        points = quote["price"]["points_earned"]
        say(f"{PEOPLE} people on {day}: {total} USD, {points} points, {seats} seats left")
    with world.teller.step("Hold the seats") as say:
        booking = await hold(traveller, trip["id"], day=day, people=PEOPLE, expected_total=total)
        held = seconds_between(booking["created_at"], booking["reserved_until"])
        expect(abs(held - _HOLD_SECONDS) < 1, f"held for {held:.0f} s")
        say(f"{booking['booking_ref']} {booking['status']} for {held / 60:.0f} minutes, {booking['total_usd']} USD due")
    return booking, points


async def _pay(world: World, traveller: Visitor, booking: Booking, points: int) -> Booking:
    with world.teller.step("Pay with a test card") as say:
        intent = await open_payment(traveller, booking)
        paid = await world.vendors.pay(intent["payment_intent_id"], "pm_card_visa")
        expect(paid == "succeeded", f"the card is {paid}")
        say(f"{intent['payment_intent_id']} {paid}, {intent['amount']} {intent['currency']}")
    with world.teller.step("The webhook confirms the booking") as say:
        booking = await wait_for_status(traveller, booking, "CONFIRMED")
        payment = booking["payment"]
        expect(payment["status"] == "SUCCEEDED" and booking["paid_usd"] == booking["total_usd"], f"paid {payment}")
        say(f"{booking['booking_ref']} CONFIRMED, payment {payment['status']}, {booking['paid_usd']} USD")
    with world.teller.step("Points wait for the journey") as say:
        balance = await traveller.get("/loyalty/balance")
        expect(balance["pending"] == points == booking["loyalty_points_earned"], f"{balance['pending']} points pending")
        say(f"{balance['pending']} points pending, {balance['available']} available")
    with world.teller.step("A mail brings the invoice") as say:
        mail = await world.vendors.wait_for_mail(traveller.email, "booking_confirmed", about=booking["booking_ref"])
        say(f"“{mail['subject']}” with {await world.vendors.read_pdf(mail)}")
    return booking


async def _cancel(world: World, traveller: Visitor, booking: Booking) -> None:
    path = f"/bookings/{booking['id']}"
    with world.teller.step("Look at what cancelling would bring") as say:
        preview = await traveller.get(f"{path}/cancellation-preview")
        refund, back = preview["refund_amount"], preview["points_taken_back"]
        expect(preview["refund_percent"] == 100 and back > 0, f"{preview['refund_percent']} %, {back} points")
        say(f"{preview['refund_percent']} % ({preview['tier']}): {refund} USD back, {back} points taken back")
    with world.teller.step("Cancel on that quote") as say:
        asked = {"quote_id": preview["quote_id"], "reason": "The monsoon came early"}
        cancelled = await traveller.send("DELETE", path, params=asked)
        expect(cancelled["status"] == "CANCELLED", f"it is {cancelled['status']}")
        mail = await world.vendors.wait_for_mail(traveller.email, "booking_cancelled", about=booking["booking_ref"])
        say(f"{cancelled['booking_ref']} {cancelled['status']}, “{mail['subject']}”")
    with world.teller.step("The money comes back") as say:
        payment = await _wait_for_refund(traveller, booking["payment"]["id"])
        expect(payment["refund_amount_usd"] == refund, f"{payment['refund_amount_usd']} USD came back, not {refund}")
        mail = await world.vendors.wait_for_mail(traveller.email, "refund_issued", about=booking["booking_ref"])
        say(f"{payment['status']} {refund} USD, “{mail['subject']}” with {await world.vendors.read_pdf(mail)}")
    with world.teller.step("The points are taken back") as say:
        balance = await traveller.get("/loyalty/balance")
        entries = await traveller.get("/loyalty/history")
        left = booking["loyalty_points_earned"] - back
        expect(balance["pending"] == left, f"{balance['pending']} points pending, not {left}")
        expect([entry["points"] for entry in entries] == [-back, booking["loyalty_points_earned"]], f"{entries}")
        say(", ".join(f"{entry['kind']} {entry['points']:+d}" for entry in reversed(entries)))


async def _wait_for_refund(traveller: Visitor, payment_id: str) -> Mapping[str, Any]:
    async def look() -> Mapping[str, Any] | None:
        payment: Mapping[str, Any] = await traveller.get(f"/payments/{payment_id}")
        return payment if payment["status"] in {"REFUNDED", "PARTIALLY_REFUNDED"} else None

    return await until(look, "the refund")
