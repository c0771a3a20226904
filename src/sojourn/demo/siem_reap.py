"""Chapter 5: an agent books three days in Siem Reap; the traveller pays by QR, is told of it, and calls for help."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sojourn.demo.agents import EVENTS, Agent
from sojourn.demo.teller import Unexpected, expect
from sojourn.demo.travels import FIRST_DAY, KEY, LAST_DAY, Booking, days_ahead
from sojourn.demo.visitor import Json, Visitor
from sojourn.demo.waiting import until
from sojourn.demo.world import World
from sojourn.people.roles import Role
from sojourn.storefronts import STOREFRONTS

PROVINCE = "Siem Reap"
DAYS, PEOPLE = 3, 2
LANGUAGE = "zh"
ANGKOR_WAT = {"lat": 13.4125, "lng": 103.867, "accuracy": 12}

# What a tool is asked.
Wish = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Guest:
    """The traveller, the telephone that shows pushes, and the agent that acts for the traveller."""

    visitor: Visitor
    phone: str
    agent: Agent


async def tell(world: World) -> None:
    """Let the agent in, plan, hold, pay by KHQR, be told, call for help, be looked after."""
    with world.teller.chapter("5. DerLg: an agent books three days in Siem Reap, the traveller pays by QR"):
        guest = await _meet(world)
        await _look_around(world, guest.agent)
        booking = await _book(world, guest, await _plan(world, guest.agent))
        await _pay(world, guest, booking)
        await _call_for_help(world, guest)


async def _meet(world: World) -> Guest:
    with world.teller.step("A traveller registers, with a telephone") as say:
        visitor = await world.register(KEY, "wei", name="Li Wei")
        me = await visitor.send("PATCH", "/users/me", {"preferred_language": LANGUAGE, "country": "China"})
        phone = f"telephone-{world.run}"
        device = {"token": phone, "platform": "android", "language": LANGUAGE}
        registered = await visitor.send("POST", "/notifications/devices", device, status=201)
        expect(registered["is_current"], "the telephone is not the one that asks")
        say(f"{me['name']}, {registered['platform']} in {registered['language']}")
    with world.teller.step("Its key opens the tools, and nothing else") as say:
        agent = await world.agent(KEY, customer_id=me["id"])
        tools = await agent.list_tools()
        stranger = await world.visitor(KEY)
        stranger.show({"X-Service-Key": "0" * 64, "X-Acting-User": me["id"]})
        refusals = [
            await stranger.refusal("POST", "/ai-tools/list-bookings", {}),
            await agent.visitor.refusal("GET", "/users/me"),
        ]
        expect([str(one) for one in refusals] == ["401 SERVICE_KEY_INVALID", "401 NOT_AUTHENTICATED"], f"{refusals}")
        say(f"{len(tools)} tools; another key: {refusals[0]}; the account itself: {refusals[1]}")
    with world.teller.step("A host of MCP is offered the same") as say:
        offered = await agent.list_tools_over_mcp()
        expect(offered == tools, f"{set(offered) ^ set(tools)} are on one side only")
        say(f"the same {len(offered)}, from {offered[0]} to {offered[-1]}")
    return Guest(visitor, phone, agent)


async def _look_around(world: World, agent: Agent) -> None:
    with world.teller.step("It asks for the weather and the rates") as say:
        weather = await agent.use("get_weather", city=PROVINCE)
        rates = await agent.use("get_currency_rates", base="USD")
        ages = (weather["age_seconds"], rates["age_seconds"])
        expect(not weather["is_stale"] and not rates["is_stale"], f"{ages} seconds old")
        today, riel = weather["days"][0], Decimal(rates["rates"]["KHR"])
        expect(today["low_c"] <= today["high_c"] and riel > 1000, f"{today}, {riel} riel")
        say(f"{today['description']}, {today['low_c']:.0f} to {today['high_c']:.0f} °C; 1 USD is {riel} riel")
    with world.teller.step("… for places and festivals, in Chinese") as say:
        places = await agent.use("search_places", province=PROVINCE, category="TEMPLE", language=LANGUAGE)
        feasts = await agent.use(
            "list_festivals", first_day=days_ahead(0), last_day=days_ahead(365), language=LANGUAGE
        )  # fmt: skip
        here = [place for place in places["items"] if place["province"] == PROVINCE]
        expect(here and len(here) == len(places["items"]), f"temples in {[one['province'] for one in places['items']]}")
        days = [feast["starts_on"] for feast in feasts["items"]]
        expect(days and days == sorted(days), f"festivals on {days}")
        first = feasts["items"][0]
        say(f"{'、'.join(place['name'] for place in here[:3])}; {first['name']} on {first['starts_on']}")
    with world.teller.step("… and what three days for two may cost") as say:
        asked: Wish = {"province": PROVINCE, "days": DAYS, "people": PEOPLE, "guide_language": LANGUAGE}
        budget = await agent.use("estimate_budget", **asked)
        lines = {line["kind"]: Decimal(line["amount"]) for line in budget["lines"]}
        expect(set(lines) == {"LODGING", "TRANSPORT", "GUIDE"} and not budget["missing"], f"only {list(lines)}")
        expect(sum(lines.values()) == Decimal(budget["total_usd"]), f"{lines} are not {budget['total_usd']}")
        say(f"{budget['total_usd']} USD: " + ", ".join(f"{kind.lower()} {cost}" for kind, cost in lines.items()))


async def _plan(world: World, agent: Agent) -> Wish:
    with world.teller.step("It finds a trip and guide on the same days") as say:
        wished: Wish = {"days": DAYS, "people": PEOPLE, "province": PROVINCE, "environment": "TEMPLE"}
        found = await agent.use("suggest_trips", **wished, language=LANGUAGE)
        trip = found["suggestions"][0]["trip"]
        expect(trip["duration_days"] == DAYS, f"{trip['title']} takes {trip['duration_days']} days")
        guide, day = await _find_guide(agent, trip["id"])
        last = (date.fromisoformat(day) + timedelta(days=DAYS - 1)).isoformat()
        expect(LANGUAGE in guide["languages"], f"{guide['name']} speaks {guide['languages']}")
        say(f"{trip['title']}, {day} to {last}, with {guide['name']} ({', '.join(guide['languages'])})")
    with world.teller.step("… a room and a van that are free then") as say:
        stay: Wish = {"check_in": day, "check_out": last, "guests": PEOPLE, "sort": "price_asc"}
        hotel = (await agent.use("search_hotels", province=PROVINCE, **stay))["items"][0]
        room = next(room for room in hotel["rooms"] if room["available"] and room["max_guests"] >= PEOPLE)
        ride: Wish = {"category": "VAN", "travel_date": day, "end_date": last}
        van = (await agent.use("search_vehicles", province=PROVINCE, **ride))["items"][0]
        expect(van["capacity"] >= PEOPLE and van["category"] == "VAN", f"{van['name']}")
        say(f"{hotel['name']}, {room['name']}, {room['nightly_rate_usd']} USD a night; {van['name']}")
    return {
        "trip_id": trip["id"], "travel_date": day, "people_count": PEOPLE, "hotel_room_id": room["id"],
        "vehicle_id": van["id"], "guide_id": guide["id"],
    }  # fmt: skip


async def _find_guide(agent: Agent, trip_id: str) -> tuple[Json, str]:
    """Somebody who speaks Chinese, and the first day from which they and the trip are free. Raises `Unexpected`."""
    going = await _free_days(agent, "TRIP", trip_id, at_least=PEOPLE)
    guides = await agent.use("search_guides", province=PROVINCE, language=LANGUAGE, people=PEOPLE)
    for guide in guides["items"]:
        free = await _free_days(agent, "GUIDE", guide["id"], at_least=1)
        for day in sorted(going):
            if all(day + timedelta(days=later) in free for later in range(DAYS)):
                return guide, day.isoformat()
    raise Unexpected(f"{len(guides['items'])} guides speak {LANGUAGE}, but none is free for {DAYS} days")


async def _free_days(agent: Agent, kind: str, subject_id: str, *, at_least: int) -> set[date]:
    window = {"first_day": days_ahead(FIRST_DAY), "last_day": days_ahead(LAST_DAY)}
    days = (await agent.use("check_availability", kind=kind, id=subject_id, **window))["days"]
    return {date.fromisoformat(day["day"]) for day in days if day["available"] >= at_least}


async def _book(world: World, guest: Guest, wish: Wish) -> Booking:
    agent, day = guest.agent, wish["travel_date"]
    with world.teller.step("It holds trip, room, van and guide at once") as say:
        price = (await agent.use("quote_booking", **wish))["price"]
        asked = {**wish, "pickup_location": "Lobby of the hotel", "expected_total": price["total"]}
        booking: Booking = await agent.use("create_booking", once=f"demo-{world.run}", **asked)
        expect(booking["status"] == "RESERVED", f"it is {booking['status']}")
        expect(booking["total_usd"] == price["total"] and len(price["lines"]) == 4, f"{price}")
        left = await agent.use("check_availability", kind="GUIDE", id=wish["guide_id"], first_day=day, last_day=day)
        expect(left["days"][0]["available"] == 0, "the guide is still free that day")
        say(f"{booking['booking_ref']} {booking['status']}, {booking['total_usd']} USD; the guide is taken")
    with world.teller.step("Said twice, it is one booking") as say:
        again = await agent.use("create_booking", once=f"demo-{world.run}", **asked)
        mine = await agent.use("list_bookings")
        expect(again["id"] == booking["id"] and mine["total"] == 1, f"{mine['total']} bookings")
        say(f"{again['booking_ref']} again, {mine['total']} booking in all")
    with world.teller.step("The conversation is kept for seven days") as say:
        state = {"booking": booking["booking_ref"], "wish": "寺庙，三天，中文导游"}
        kept = await agent.remember(str(uuid.uuid4()), state)
        expect(kept["state"] == state, f"kept as {kept['state']}")
        say(f"{kept['state']['wish']}, until {kept['expires_at'][:10]}")
    return booking


async def _pay(world: World, guest: Guest, booking: Booking) -> None:
    agent, traveller = guest.agent, guest.visitor
    with world.teller.step("It shows a KHQR code, in riel") as say:
        code = await agent.use("generate_qr", booking_id=booking["booking_ref"], currency="KHR")
        due = Decimal(booking["total_usd"]) * Decimal(code["exchange_rate"])
        off = abs(Decimal(code["amount"]) - due)
        expect(code["status"] == "PENDING" and off <= 100, f"{code['amount']} KHR for {due}")
        picture = await traveller.download(code["qr_code_url"])
        expect(picture.content.startswith(b"\x89PNG"), f"no PNG but {picture.headers['content-type']}")
        say(f"{Decimal(code['amount']):,.0f} riel at {code['exchange_rate']}, {code['qr_string'][:26]}…")
    with world.teller.step("The traveller scans it and pays") as say:
        payer = await world.vendors.scan(code["qr_string"])
        paid = await _wait_for_payment(traveller, code["payment_id"])
        expect(paid["disposition"] == "APPLIED", f"the money was {paid['disposition']}")
        say(f"{payer} paid: {paid['status']}, {paid['disposition']}")
    with world.teller.step("The agent hears of it") as say:
        event = await agent.visitor.wait_for_event(EVENTS, "booking.confirmed")
        standing = await agent.use("get_payment_status", booking_id=booking["id"])
        expect(event["booking_id"] == booking["id"], f"it heard of {event}")
        expect(standing["is_paid"] and standing["booking_status"] == "CONFIRMED", f"it is {standing}")
        say(f"{event['kind']} {event['reference']}; {standing['paid_usd']} USD paid")
    with world.teller.step("The telephone shows it, in Chinese") as say:
        push = await world.vendors.wait_for_push(guest.phone, "BOOKING_CONFIRMED")
        expect(push["data"]["subject_id"] == booking["id"], f"it shows {push['title']}")
        expect(push["sends"] == 1 and not push["title"].isascii(), f"sent {push['sends']} times: {push['title']}")
        say(f"“{push['title']}” {push['body']}")


async def _wait_for_payment(traveller: Visitor, payment_id: str) -> Json:
    """How a payment stands once it is paid, asked as the app asks. Raises `Unexpected` when it does not come to it."""

    async def look() -> Json | None:
        found = await traveller.get(f"/payments/{payment_id}/status")
        return found if found["status"] == "SUCCEEDED" else None

    return await until(look, f"the payment {payment_id}")


async def _call_for_help(world: World, guest: Guest) -> None:
    traveller = guest.visitor
    with world.teller.step("At Angkor Wat the traveller calls for help") as say:
        words = f"Fell from the stairs ({world.run})"
        body = {"alert_type": "MEDICAL", "message": words, **ANGKOR_WAT}
        alert = await traveller.send("POST", "/emergency/alerts", body, status=201)
        kinds = [contact["kind"] for contact in alert["contacts"]]
        expect(alert["status"] == "OPEN" and alert["province"] == "siem-reap", f"{alert['status']}")
        expect(kinds[:2] == ["AMBULANCE", "HOSPITAL"], f"whom to ring: {kinds}")
        near = alert["contacts"][1]
        say(f"{alert['contacts'][0]['phone']}, then {near['name']}, {near['distance_km']} km away, {near['phone']}")
    with world.teller.step("The desk is told, and looks after it") as say:
        desk = STOREFRONTS[KEY].support_email
        mail = await world.vendors.wait_for_mail(desk, "emergency_alert", about=words)
        admin = await world.sign_in(KEY, Role.ADMIN)
        path = f"/admin/emergency/alerts/{alert['id']}"
        seen = await admin.send("POST", f"{path}/acknowledge")
        expect(seen["status"] == "ACKNOWLEDGED" and seen["escalates_at"] is None, f"{seen['status']}")
        say(f"“{mail['subject']}” to {desk}")
    with world.teller.step("The traveller hears that somebody does") as say:
        event = await traveller.wait_for_event("/events", "emergency.acknowledged")
        expect(event["alert_id"] == alert["id"], f"it heard of {event}")
        ended = await admin.send("POST", f"{path}/resolve", {"note": "Brought to the hospital, nothing broken"})
        shown = await traveller.get(f"/emergency/alerts/{alert['id']}")
        expect(ended["status"] == shown["status"] == "RESOLVED", f"it is {shown['status']}")
        say(f"{event['kind']}, then {shown['status']}")
