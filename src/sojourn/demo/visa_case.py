"""Chapter 6: a visa case, from the first question through papers and a consultation to the decision; and a guide."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sojourn.demo import papers
from sojourn.demo.orders import KEY, Order, buy
from sojourn.demo.teller import expect
from sojourn.demo.visitor import Answer, Json, Visitor, expected
from sojourn.demo.world import World
from sojourn.people.roles import Role
from sojourn.storefronts import STOREFRONTS

CUSTOMER = "Keo Bopha"
PACKAGE = "professional"
STATEMENT = "bank_statement"
_SATURDAY = 5
_WEEKDAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY")


@dataclass(frozen=True, slots=True)
class Case:
    """An order under way, whose it is, and who looks after it."""

    customer: Visitor
    consultant: Visitor
    order: Order

    @property
    def number(self) -> str:
        return str(self.order["orderNumber"])

    @property
    def travel_date(self) -> date:
        return date.fromisoformat(self.order["serviceDetails"]["travelDate"])

    async def move(self, stage: str) -> Json:
        """Have the consultant take it to a stage of its service."""
        moved = await self.consultant.send("PATCH", f"/admin/orders/{self.order['id']}/case", {"stage": stage})
        expect(moved["case"]["stage"] == stage, f"the case is at {moved['case']['stage']}")
        return moved

    async def checklist(self) -> Json:
        return await self.customer.get(f"/orders/{self.order['id']}/checklist")


async def tell(world: World) -> None:
    """Ask, buy, be assigned, talk, hand in, repair what is sent back, be lodged, be decided on; fetch a guide."""
    with world.teller.chapter("6. Holyone: a visa case from the first question to the decision"):
        guide = await _ask(world)
        case = await _open(world)
        await _talk(world, case)
        documents = await _hand_in(world, case)
        await _repair(world, case, documents)
        await _complete(world, case)
        await _fetch_guide(world, case.customer, guide)


async def _ask(world: World) -> str:
    """Ask as anybody may. The guide that helps, by its slug."""
    asked, visitor = {"nationality": "KH", "destination": "FR", "purpose": "TOURISM"}, await world.visitor(KEY)
    with world.teller.step("Who needs a visa, and who says so") as say:
        told = await visitor.get("/eligibility", **asked)
        expect(told["outcome"] == "VISA_REQUIRED" and told["isKnown"], f"told {told['outcome']}")
        offered = {service["slug"]: service["type"] for service in told["services"]}
        guide = next((slug for slug, kind in offered.items() if kind == "DIGITAL"), "")
        expect(guide and PACKAGE in offered and told["source"], f"{list(offered)} help, {told['source']} says so")
        say(f"{told['outcome']}, {told['source']['name']}, {told['checkedOn']}; what helps: {', '.join(offered)}")
    with world.teller.step("What is not known is not guessed") as say:
        told = await visitor.get("/eligibility", **{**asked, "destination": "AQ"})
        expect(told["outcome"] == "ASK_A_CONSULTANT" and not told["isKnown"], f"told {told['outcome']}")
        expect(told["services"] and not told["source"], f"{told['source']} says so")
        say(f"{told['outcome']}: {told['services'][0]['displayTitle']}, {told['services'][0]['price']} USD")
    return guide


async def _open(world: World) -> Case:
    today = datetime.now(ZoneInfo(STOREFRONTS[KEY].time_zone)).date()
    with world.teller.step("A package is bought: the case begins") as say:
        customer = await world.register(KEY, "bopha", name=CUSTOMER)
        travel_date = (today + timedelta(days=90)).isoformat()
        order = await buy(world, customer, PACKAGE, {"destination": "France", "travelDate": travel_date})
        stage, promised = order["case"]["stage"], date.fromisoformat(order["case"]["promisedOn"])
        expect(stage == "intake" and not order["case"]["isLate"], f"at {stage}, late: {order['case']['isLate']}")
        expect(promised > today and promised.weekday() < _SATURDAY, f"promised for {promised:%A, %d %B}")
        say(f"{order['orderNumber']} at “{order['case']['title']['en']}”, done by {promised:%A, %d %B}")
    with world.teller.step("A consultant is given the case and begins") as say:
        admin, consultant = await world.sign_in(KEY, Role.ADMIN), await world.sign_in(KEY, Role.CONSULTANT)
        me = await consultant.get("/users/me")
        await admin.send("PATCH", f"/admin/orders/{order['id']}/assign", {"consultantId": me["id"]})
        case = Case(customer, consultant, order)
        moved = await case.move("planning")
        expect(moved["status"] == "IN_PROGRESS", f"the order is {moved['status']}")
        mail = await world.vendors.wait_for_mail(customer.email, "order_status_changed", about=case.number)
        say(f"{moved['consultantName']}; {moved['case']['title']['en']}, “{mail['subject']}”")
    return case


async def _talk(world: World, case: Case) -> None:
    with world.teller.step("The customer sees when there is time") as say:
        await _open_practice(case.consultant)
        slots = await _free_slots(case)
        expect(slots, "no time is free")
        say(f"{len(slots)} times, the first at {slots[0]['localStartsAt']}")
    with world.teller.step("… books one, and it is gone") as say:
        wish = {"orderId": case.order["id"], "startsAt": slots[0]["startsAt"], "note": "My first application"}
        booked = await case.customer.send("POST", "/consultations", wish, status=201)
        expect(booked["status"] == "SCHEDULED" and booked["meetingLink"], f"it is {booked['status']}")
        left = {slot["startsAt"] for slot in await _free_slots(case)}
        expect(booked["scheduledAt"] not in left, "the time is still offered")
        say(f"{booked['duration']} minutes with {booked['consultantName']}, {booked['meetingLink']}")
    with world.teller.step("A mail brings it for the calendar") as say:
        mail = await world.vendors.wait_for_mail(case.customer.email, "consultation_news", about=case.number)
        name, text = await world.vendors.read_calendar(mail)
        starts = f"{datetime.fromisoformat(booked['scheduledAt']):%Y%m%dT%H%M%SZ}"
        expect(f"DTSTART:{starts}" in text, f"{name} does not begin at {starts}")
        say(f"“{mail['subject']}” with {name}, {starts}")
    with world.teller.step("It cannot be called held before it begins") as say:
        refused = await case.consultant.refusal("POST", f"/consultations/{booked['id']}/complete")
        expect(refused.code == "TOO_EARLY", f"refused as {refused}")
        say(str(refused))


async def _open_practice(consultant: Visitor) -> None:
    """Hours for the demo's consultant, unless somebody has set some."""
    hours = await consultant.get("/consultants/me/hours")
    if not hours["weekly"]:
        weekly = {day: [{"starts": "09:00", "ends": "17:00"}] for day in _WEEKDAYS}
        await consultant.send("PUT", "/consultants/me/hours", {"timeZone": hours["timeZone"], "weekly": weekly})


async def _free_slots(case: Case) -> list[Mapping[str, Any]]:
    today = datetime.now(ZoneInfo(STOREFRONTS[KEY].time_zone)).date()
    window = {"from": today.isoformat(), "to": (today + timedelta(days=60)).isoformat()}
    found = await case.customer.get("/consultations/slots", orderId=str(case.order["id"]), **window)
    slots: list[Mapping[str, Any]] = found["items"]
    return slots


async def _hand_in(world: World, case: Case) -> Mapping[str, Json]:
    with world.teller.step("The checklist says what to hand in") as say:
        checklist = await case.checklist()
        needed = [item for item in checklist["items"] if item["isRequired"]]
        expect(checklist["missing"] == len(needed) > 0, f"{checklist['missing']} of {len(needed)} are missing")
        say(f"{len(needed)} papers: " + ", ".join(item["title"]["en"] for item in needed))
    with world.teller.step("A program called passport.pdf is refused") as say:
        refused = await _upload(case, "passport", papers.PROGRAM, name="passport.pdf")
        expect(refused.code == "DOCUMENT_TYPE_REFUSED", f"it was answered {refused}")
        say(str(refused))
    with world.teller.step("All papers are handed in") as say:
        documents = {}
        for item in needed:
            key, words = item["key"], f"{item['title']['en']} of {CUSTOMER}, {case.number}"
            is_photo = item["category"] == "PHOTO"
            content, suffix = (papers.photograph(words), "jpg") if is_photo else (papers.scan(words), "pdf")
            answer = await _upload(case, key, content, name=f"{key}.{suffix}")
            documents[key] = expected(answer, 201, f"handing in {key}")
        checklist = await case.checklist()
        expect(checklist["missing"] == 0, f"{checklist['missing']} are missing")
        say(f"{len(documents)} in, {checklist['missing']} missing")
    await _read_passport(world, case, documents["passport"])
    with world.teller.step("A photograph no longer says where it was") as say:
        link = await case.customer.get(f"/documents/{documents['photo']['id']}/download")
        kept = (await case.customer.download(link["url"])).content
        expect(papers.has_position(papers.photograph(CUSTOMER)), "what was handed in had no position")
        expect(not papers.has_position(kept), "the kept picture has a position")
        say(f"{link['fileName']} drawn anew, {len(kept) / 1024:.0f} kB, link good until {link['expiresAt'][11:16]} UTC")
    return documents


async def _read_passport(world: World, case: Case, document: Json) -> None:
    with world.teller.step("The passport is read: it ends too soon") as say:
        path, ends = f"/documents/{document['id']}/passport", case.travel_date + timedelta(days=150)
        lines = papers.passport_lines("KEO", "BOPHA", number="N01234567", born=date(1994, 4, 14), expires=ends)
        right = await case.customer.send("POST", path, {"mrz": lines})
        expect(right["failedChecks"] == [] and right["expiresOn"] == ends.isoformat(), f"{right['failedChecks']}")
        expect(right["warnings"] == ["EXPIRES_WITHIN_SIX_MONTHS_OF_TRAVEL"], f"{right['warnings']}")
        wrong = await case.customer.send("POST", path, {"mrz": lines.replace("N01234567", "N01234568")})
        expect("DOCUMENT_NUMBER" in wrong["failedChecks"], f"a wrong digit fails {wrong['failedChecks']}")
        say(f"{right['documentNumber']} until {right['expiresOn']}: {right['warnings'][0]}; a digit is wrong: "
            f"{', '.join(wrong['failedChecks'])}")  # fmt: skip


async def _upload(case: Case, key: str, content: bytes, *, name: str) -> Answer:
    fields = {"orderId": str(case.order["id"]), "checklistKey": key}
    return await case.customer.hand_in("/documents/upload", content, name=name, fields=fields)


async def _repair(world: World, case: Case, documents: Mapping[str, Json]) -> None:
    with world.teller.step("The bank statement is sent back") as say:
        reason = "The last three months are missing. Ask your bank for six months, with its stamp."
        for key, document in documents.items():
            said = {"status": "REJECTED", "reason": reason} if key == STATEMENT else {"status": "VERIFIED"}
            await case.consultant.send("PATCH", f"/documents/{document['id']}/verify", said)
        await case.move("missing_information")
        mail = await world.vendors.wait_for_mail(case.customer.email, "document_rejected", about=reason)
        state = await _states(case)
        expect(state.pop(STATEMENT) == "REJECTED" and set(state.values()) == {"VERIFIED"}, f"{state}")
        say(f"{len(state)} verified; “{mail['subject']}”: {reason}")
    with world.teller.step("It is repaired by a link, without a login") as say:
        path = f"/admin/orders/{case.order['id']}/upload-link"
        link = await case.consultant.send("POST", path, status=201)
        family = await world.visitor(KEY)
        page = await family.get(f"/uploads/{link['token']}")
        content = papers.scan(f"Six months, stamped, {case.number}")
        name, fields = "six-months.pdf", {"checklistKey": STATEMENT}
        answer = await family.hand_in(f"/uploads/{link['token']}", content, name=name, fields=fields)
        repaired = expected(answer, 201, "handing in the repaired statement")
        expect(page["orderNumber"] == case.number and repaired["status"] == "PENDING", f"it is {repaired['status']}")
        say(f"{repaired['fileName']} for {page['orderNumber']} at {page['agency']}")
    with world.teller.step("… and verified: nothing is missing") as say:
        await case.consultant.send("PATCH", f"/documents/{repaired['id']}/verify", {"status": "VERIFIED"})
        state = await _states(case)
        expect(set(state.values()) == {"VERIFIED"}, f"{state}")
        moved = await case.move("preparation")
        say(f"{len(state)} verified; {moved['case']['title']['en']}, done by {moved['case']['promisedOn']}")


async def _states(case: Case) -> dict[str, str]:
    """How far each required item of the checklist is."""
    return {item["key"]: item["status"] for item in (await case.checklist())["items"] if item["isRequired"]}


async def _complete(world: World, case: Case) -> None:
    path = f"/orders/{case.order['id']}"
    with world.teller.step("It is lodged: no refund from then on") as say:
        before = await case.customer.get(f"{path}/cancellation-preview")
        await case.move("customer_approval")
        await case.move("lodged")
        after = await case.customer.get(f"{path}/cancellation-preview")
        percents = [before["refundPercent"], after["refundPercent"]]
        expect(percents == [90, 0], f"{percents} % would come back")
        say(f"cancelling would bring {before['refundAmount']} USD before, {after['refundAmount']} USD now")
    with world.teller.step("The consultant cannot take it back") as say:
        refused = await case.consultant.refusal("PATCH", f"/admin{path}/case", {"stage": "preparation"})
        expect(refused.code == "CASE_STAGE_NOT_ALLOWED", f"refused as {refused}")
        say(str(refused))
    with world.teller.step("The decision completes the order") as say:
        done = await case.move("decision")
        expect(done["status"] == "COMPLETED", f"the order is {done['status']}")
        about = f"{case.number}: Completed"
        mail = await world.vendors.wait_for_mail(case.customer.email, "order_status_changed", about=about)
        seen = await case.customer.get(path)
        stages = [event["toStatus"] for event in seen["events"] if event["kind"] == "CASE"]
        expect(stages[-2:] == ["lodged", "decision"], f"the customer sees {stages}")
        say(f"“{mail['subject']}”; the way: {', '.join(stages)}")


async def _fetch_guide(world: World, customer: Visitor, guide: str) -> None:
    with world.teller.step("The guide that helps is bought and fetched") as say:
        order = await buy(world, customer, guide)
        path = f"/orders/{order['id']}/downloads"
        item = (await customer.get(path))["items"][0]
        link = await customer.send("POST", f"{path}/{item['fileId']}", status=201)
        first, again = await customer.download(link["url"]), await customer.download(link["url"])
        expect(first.content.startswith(b"%PDF-") and first.content == again.content, "no PDF, or another one")
        say(f"{order['title']}, {order['totalAmount']} USD: {link['fileName']}, {len(first.content) // 1024} kB")
    with world.teller.step("Opened twice, it counts once") as say:
        counted = (await customer.get(path))["items"][0]
        seen = await customer.get(f"/orders/{order['id']}")
        expect(counted["used"] == 1 and seen["status"] == "COMPLETED", f"{counted['used']}, {seen['status']}")
        say(f"{counted['used']} used, {counted['remaining']} left; {seen['orderNumber']} {seen['status']}")
