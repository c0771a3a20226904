"""Chapter 4: the payment provider repeats, reorders and loses its webhooks."""

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from sojourn.demo.teller import expect
from sojourn.demo.travels import KEY, Booking, find_day, hold, open_payment, wait_for_status
from sojourn.demo.visitor import Visitor
from sojourn.demo.waiting import until
from sojourn.demo.world import World

REPEAT = 3
SUCCEEDED = "payment_intent.succeeded"
FAILED = "payment_intent.payment_failed"

Delivery = Mapping[str, Any]


async def tell(world: World) -> None:
    """However the news of a payment comes, it counts once; and it is found when it does not come."""
    with world.teller.chapter("4. The payment provider repeats, reorders and loses webhooks"):
        with world.teller.step("Two travellers hold a seat each") as say:
            people = [await world.register(KEY, who, name=name) for who, name in (("mony", "Mony"), ("nita", "Nita"))]
            trip = (await people[0].get("/trips/featured", limit=1))[0]
            day, _ = await find_day(people[0], trip["id"], people=len(people))
            bookings = [await hold(visitor, trip["id"], day=day) for visitor in people]
            say(f"{', '.join(booking['booking_ref'] for booking in bookings)}: {trip['title']}, {day}")
        await _repeat_and_reorder(world, people[0], bookings[0])
        await _once_each(world, people[0], bookings[0])
        lost = await _lose(world, people[1], bookings[1])
        await _reconcile(world, people[1], bookings[1])
        await _turn_up_after_all(world, lost)
        await _once_each(world, people[1], bookings[1])
        await _once_each(world, people[0], bookings[0], title="… and still so for the first traveller")


async def _repeat_and_reorder(world: World, visitor: Visitor, booking: Booking) -> None:
    account = world.accounts[KEY]
    before = await world.vendors.last_delivery(account)
    async with world.vendors.switched(account, {"repeat": REPEAT, "reorder": True}):
        with world.teller.step(f"Every event {REPEAT} times, the newest first") as say:
            intent = await open_payment(visitor, booking)
            declined = await world.vendors.pay(intent["payment_intent_id"], "pm_card_chargeDeclined")
            paid = await world.vendors.pay(intent["payment_intent_id"], "pm_card_visa")
            expect(paid == "succeeded", f"the card is {paid}")
            await wait_for_status(visitor, booking, "CONFIRMED")
            rows = await _settled(world, after=before, events=(SUCCEEDED, FAILED), state="delivered")
            answers = [sent["status"] for row in rows for sent in row["sent"]]
            expect(answers == [200] * REPEAT * len(rows), f"the webhooks were answered {answers}")
            order = [row["event_type"] for row in sorted(rows, key=lambda row: float(row["sent"][0]["at"]))]
            expect(order.index(SUCCEEDED) < order.index(FAILED), f"sent in the order {order}")
            say(
                f"{booking['booking_ref']} CONFIRMED; a card declined ({declined}), then one paid, told the other way "
                f"round: {len(answers)} webhooks for {len(rows)} events, all answered 200"
            )


async def _lose(world: World, visitor: Visitor, booking: Booking) -> str:
    account = world.accounts[KEY]
    before = await world.vendors.last_delivery(account)
    async with world.vendors.switched(account, {"drop": True}):
        with world.teller.step("The card is charged, the webhook is lost") as say:
            intent = await open_payment(visitor, booking)
            paid = await world.vendors.pay(intent["payment_intent_id"], "pm_card_visa")
            rows = await _settled(world, after=before, events=(SUCCEEDED,), state="dropped")
            standing = await visitor.get(f"/bookings/{booking['id']}")
            expect(standing["status"] == "RESERVED", f"the booking is {standing['status']}")
            say(f"{intent['payment_intent_id']} {paid}, but {booking['booking_ref']} is still RESERVED")
    return next(str(row["event"]) for row in rows if row["event_type"] == SUCCEEDED)


async def _reconcile(world: World, visitor: Visitor, booking: Booking) -> None:
    with world.teller.step("Reconciliation asks the provider") as say:
        said = await _run_command(world, "reconcile", "--storefront", KEY, "--now")
        confirmed = await visitor.get(f"/bookings/{booking['id']}")
        expect(confirmed["status"] == "CONFIRMED", f"the booking is {confirmed['status']}; it said {said!r}")
        say(f"“{said}”: {confirmed['booking_ref']} CONFIRMED, {confirmed['paid_usd']} USD")


async def _turn_up_after_all(world: World, event_id: str) -> None:
    account = world.accounts[KEY]
    before = await world.vendors.last_delivery(account)
    with world.teller.step("The lost webhook turns up after all") as say:
        await world.vendors.redeliver(event_id)
        rows = await _settled(world, after=before, events=(SUCCEEDED,), state="delivered")
        say(f"{event_id} answered {rows[0]['sent'][-1]['status']}")


async def _once_each(
    world: World, visitor: Visitor, booking: Booking, *, title: str = "One payment, one mail, one points entry"
) -> None:
    with world.teller.step(title) as say:
        await world.vendors.wait_for_mail(visitor.email, "booking_confirmed", about=booking["booking_ref"])
        payments = [(row["status"], row["amount"]) for row in await visitor.get("/payments")]
        expect(payments == [("SUCCEEDED", booking["total_usd"])], f"payments {payments}")
        mails = [mail["tags"]["kind"] for mail in await world.vendors.mails(visitor.email)]
        about_money = [kind for kind in mails if kind != "verify_email"]
        expect(about_money == ["booking_confirmed"], f"mails {about_money}")
        promised = (await visitor.get(f"/bookings/{booking['id']}"))["loyalty_points_earned"]
        entries = [(row["kind"], row["points"]) for row in await visitor.get("/loyalty/history")]
        expect(promised > 0 and entries == [("EARNED", promised)], f"{promised} points, entries {entries}")
        say(f"{booking['booking_ref']}: {' '.join(payments[0])} USD, {about_money[0]}, EARNED {entries[0][1]:+d}")


async def _settled(world: World, *, after: int, events: Sequence[str], state: str) -> list[Delivery]:
    """The webhooks since `after`, once those of `events` are among them and every one has come to `state`."""

    async def look() -> list[Delivery] | None:
        rows: list[Delivery] = [*await world.vendors.deliveries(world.accounts[KEY], after=after)]
        is_complete = set(events) <= {row["event_type"] for row in rows}
        return rows if is_complete and all(row["state"] == state for row in rows) else None

    return await until(look, f"{', '.join(events)} {state}")


async def _run_command(world: World, *arguments: str) -> str:
    """What a command of ours says, given beside the running system. Raises `Unexpected` when it fails."""
    environment = {**os.environ, "SOJOURN_STATE": str(world.state.folder)}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "sojourn.cli", *arguments,
        env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await process.communicate()
    said = output.decode().strip()
    expect(process.returncode == 0, f"sojourn {' '.join(arguments)} ended with {process.returncode}: {said[-500:]}")
    return said
