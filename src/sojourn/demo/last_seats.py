"""Chapter 3: twenty travellers at once, three seats, and nobody but the database to keep order."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import psutil

from sojourn.demo.processes import second_api, still_worker
from sojourn.demo.teller import Unexpected, expect
from sojourn.demo.travels import KEY, PICKUP, Booking, days_ahead, hold, open_payment, wait_for_status
from sojourn.demo.visitor import Answer, Visitor
from sojourn.demo.waiting import until
from sojourn.demo.world import World
from sojourn.people.roles import Role

SEATS = 3
TRAVELLERS = 20
# Long enough for two of them to pay on a slow machine, short enough to watch the third one's hold lapse.
HOLD_SECONDS = 6
_PRICE = "45.00"

Trip = dict[str, Any]


async def tell(world: World) -> None:
    """Three seats for twenty; two are paid, one is left to lapse and sells again while the worker stands still."""
    with world.teller.chapter(f"3. {TRAVELLERS} travellers want the last {SEATS} seats at once"):
        async with _small_trip(world) as trip:
            crowd = await _gather(world)
            await _sell(world, trip, crowd)


@asynccontextmanager
async def _small_trip(world: World) -> AsyncIterator[Trip]:
    with world.teller.step(f"The admin offers a trip with {SEATS} seats") as say:
        admin = await world.sign_in(KEY, Role.ADMIN)
        body = {
            "slug": f"demo-sunrise-boat-{world.run}", "title": "Sunrise by boat on the Tonle Sap",
            "destination": "Chong Khneas", "province": "Siem Reap", "duration_days": 1, "price_per_person_usd": _PRICE,
            "environment": "CITY", "max_people": SEATS, "capacity_per_departure": SEATS,
        }  # fmt: skip
        trip: Trip = await admin.send("POST", "/trips", body, status=201)
        trip["day"] = days_ahead(45)
        expect(await _free_seats(admin, trip) == SEATS, "its seats are not all free")
        say(f"{trip['title']}, {trip['day']}, {trip['capacity_per_departure']} seats at {_PRICE} USD")
    try:
        yield trip
    finally:
        with world.teller.step("The trip leaves the shelf") as say:
            await admin.send("DELETE", f"/trips/{trip['id']}")
            gone = await admin.ask("GET", f"/trips/{trip['id']}")
            expect(gone.code == "TRIP_NOT_FOUND", f"a visitor is told {gone}")
            say(f"a visitor is told {gone}")


async def _gather(world: World) -> Sequence[Visitor]:
    with world.teller.step(f"{TRAVELLERS} travellers register") as say:
        names = range(1, TRAVELLERS + 1)
        crowd = await asyncio.gather(*(world.register(KEY, f"crowd{n:02}", name=f"Traveller {n}") for n in names))

        async def everyone_has_mail() -> int | None:
            # Whoever has a mail of theirs leaves the worker nothing to do.
            found = {mail["to"][0] for mail in await world.vendors.mails(world.run) if "crowd" in mail["to"][0]}
            return len(found) if len(found) == TRAVELLERS else None

        await until(everyone_has_mail, "a mail for every one of them", seconds=30)
        say(f"{TRAVELLERS} accounts, each on a connection of its own")
    return crowd


async def _sell(world: World, trip: Trip, crowd: Sequence[Visitor]) -> None:
    async with AsyncExitStack() as stack:
        with world.teller.step("A second API process; the worker is stopped") as say:
            hold_seconds = {f"{KEY.upper()}_HOLD_SECONDS": str(HOLD_SECONDS)}
            origin = await stack.enter_async_context(second_api(world, hold_seconds))
            worker = stack.enter_context(still_worker(world))
            say(f"{origin} on the same database, where a hold lasts {HOLD_SECONDS} s; worker {worker.pid} stopped")
        winners, losers = await _rush(world, trip, crowd, origin)
        paid = await _pay_for_two(world, winners)
        await _resell(world, trip, winners[-1], losers, worker)
    await _let_worker_catch_up(world, paid)


async def _rush(
    world: World, trip: Trip, crowd: Sequence[Visitor], origin: str
) -> tuple[list[tuple[Visitor, Booking]], list[Visitor]]:
    with world.teller.step(f"All {TRAVELLERS} ask for a seat at the same moment") as say:
        answers = await asyncio.gather(*(_ask_for_seat(visitor.at(origin), trip) for visitor in crowd))
        count = Counter(answer.code or answer.data["status"] for answer in answers)
        expect(count == {"RESERVED": SEATS, "SOLD_OUT": TRAVELLERS - SEATS}, f"they were told {dict(count)}")
        expect(await _free_seats(crowd[0], trip) == 0, "a seat is still shown as free")
        asked = list(zip(crowd, answers, strict=True))
        winners = [(visitor, answer.data) for visitor, answer in asked if answer.code is None]
        losers = [visitor for visitor, answer in asked if answer.code is not None]
        say(f"{count['RESERVED']} RESERVED, {count['SOLD_OUT']} SOLD_OUT, 0 seats left")
    return winners, losers


async def _pay_for_two(world: World, winners: Sequence[tuple[Visitor, Booking]]) -> list[tuple[Visitor, Booking]]:
    with world.teller.step("Two of the three pay, the third wanders off") as say:

        async def pay(visitor: Visitor, booking: Booking) -> Booking:
            intent = await open_payment(visitor, booking)
            await world.vendors.pay(intent["payment_intent_id"], "pm_card_visa")
            return await wait_for_status(visitor, booking, "CONFIRMED")

        bookings = await asyncio.gather(*(pay(visitor, booking) for visitor, booking in winners[:-1]))
        say(", ".join(f"{booking['booking_ref']} {booking['status']}" for booking in bookings))
    return [(visitor, booking) for (visitor, _), booking in zip(winners[:-1], bookings, strict=True)]


async def _resell(
    world: World, trip: Trip, left: tuple[Visitor, Booking], losers: Sequence[Visitor], worker: psutil.Process
) -> None:
    visitor, booking = left
    with world.teller.step("The third hold lapses") as say:

        async def is_free() -> bool | None:
            return True if await _free_seats(visitor, trip) == 1 else None

        await until(is_free, "the seat becoming free", seconds=HOLD_SECONDS + 5)
        lapsed = await visitor.get(f"/bookings/{booking['id']}")
        told = (lapsed["status"], lapsed["cancellation_reason"])
        expect(told == ("CANCELLED", "HOLD_EXPIRED"), f"its owner is told {told}")
        say(f"{lapsed['booking_ref']} {' '.join(told)}, 1 seat free")
    with world.teller.step("Its seat sells again, once") as say:
        again = await hold(losers[0], trip["id"], day=trip["day"])
        late = await _ask_for_seat(losers[1], trip)
        expect(late.code == "SOLD_OUT", f"the next one is told {late}")
        expect(worker.status() == psutil.STATUS_STOPPED, f"the worker was {worker.status()} meanwhile")
        say(
            f"{again['booking_ref']} RESERVED, the next one {late}; worker {worker.pid} {worker.status()} all the while"
        )


async def _let_worker_catch_up(world: World, paid: Sequence[tuple[Visitor, Booking]]) -> None:
    with world.teller.step("The worker goes on, and the mails come") as say:
        mails = [
            await world.vendors.wait_for_mail(visitor.email, "booking_confirmed", about=booking["booking_ref"])
            for visitor, booking in paid
        ]
        say("; ".join(f"“{mail['subject']}”" for mail in mails))


async def _ask_for_seat(visitor: Visitor, trip: Trip) -> Answer:
    asked = {"trip_id": trip["id"], "travel_date": trip["day"], "people_count": 1, "pickup_location": PICKUP}
    return await visitor.ask("POST", "/bookings", json=asked)


async def _free_seats(visitor: Visitor, trip: Trip) -> int:
    days = await visitor.get(f"/trips/{trip['id']}/availability", **{"from": trip["day"], "to": trip["day"]})
    if [day["day"] for day in days] != [trip["day"]]:
        raise Unexpected(f"availability of {trip['day']} answered {days}")
    return int(days[0]["available"])
