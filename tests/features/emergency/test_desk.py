"""What the agency hears of a call for help, how often, and what it does."""

import asyncio
import base64
import hashlib
import hmac
from datetime import timedelta

import pytest
from tests.conftest import StartSystem
from tests.features.emergency.conftest import ANGKOR, SECRET, Receiver, call
from tests.support.client import StorefrontClient, faulty_fields, read, refusal
from tests.support.mailbox import Mailbox
from tests.support.work import do_jobs, work_for

from sojourn.care.emergency.jobs import escalate_due, forget_positions, report_positions
from sojourn.people.roles import Role
from sojourn.people.users.queries import anonymise
from sojourn.platform.kit.clock import FrozenClock
from sojourn.platform.kit.ids import new_id
from sojourn.providers.emergency.port import AlarmUnavailable
from sojourn.providers.work import Work

DESK = "/admin/emergency/alerts"
SENT = """
SELECT channel, recipient, occasion, status, context FROM notifications WHERE kind = 'EMERGENCY_ALERT'
 ORDER BY occasion, channel, recipient
"""


async def sent(derlg: StorefrontClient) -> list[tuple[str, str, str]]:
    return [(row["occasion"], row["channel"], row["recipient"]) for row in await derlg.rows(SENT)]


async def test_support_is_told_by_mail_and_admins_on_their_devices(
    traveler: StorefrontClient, admin: StorefrontClient, derlg: StorefrontClient, work: Work, mailbox: Mailbox
) -> None:
    token = f"admin-{new_id()}"
    device = read(await admin.post("/notifications/devices", json={"token": token, "platform": "ios"}), 201)
    contact = {"phone": "+49 151 234567", "emergency_contact_name": "Jonas Berg", "emergency_contact_phone": "+49 30 1"}
    read(await traveler.patch("/users/me", json=contact))
    message = f"Fell from the stairs {new_id()}"
    alert = await call(traveler, alert_type="MEDICAL", message=message, **ANGKOR)
    await do_jobs(work)
    assert await sent(derlg) == [
        ("1", "MAIL", derlg.storefront.support_email),
        ("1", "PUSH", device["id"]),
    ]
    (mail,) = [mail for mail in await mailbox(derlg.storefront.support_email) if message in mail["text"]]
    assert mail["subject"] == "[DerLg] Medical emergency: Anna Berg calls for help"
    for said in ("+49 151 234567", "Jonas Berg", "Siem Reap", "query=13.412500,103.867000", alert["id"]):
        assert said in mail["text"]
    for row in await derlg.rows(SENT):
        assert row["status"] == "SENT"
        assert "13.4125" not in str(row["context"]), "the place is forgotten with the sending"


async def test_nobody_acknowledges_and_it_is_told_again_once_each_time(
    traveler: StorefrontClient, admin: StorefrontClient, derlg: StorefrontClient, work: Work, clock: FrozenClock
) -> None:
    await call(traveler, **ANGKOR)
    await do_jobs(work)
    clock.advance(timedelta(seconds=119))
    await escalate_due(work)
    await do_jobs(work)
    assert len(await sent(derlg)) == 1
    clock.advance(timedelta(seconds=1))
    await asyncio.gather(*(escalate_due(work) for _ in range(5)))
    await do_jobs(work)
    second = [("2", "MAIL", recipient) for recipient in sorted([admin.email, derlg.storefront.support_email])]
    assert (await sent(derlg))[1:] == second
    clock.advance(timedelta(minutes=5) - timedelta(seconds=1))
    await escalate_due(work)
    await do_jobs(work)
    assert len(await sent(derlg)) == 3
    clock.advance(timedelta(seconds=1))
    await escalate_due(work)
    await do_jobs(work)
    assert {occasion for occasion, _, _ in await sent(derlg)} == {"1", "2", "3"}
    levels = await derlg.rows("SELECT detail FROM audit_entries WHERE action = 'emergency.escalated' ORDER BY at, id")
    assert [row["detail"] for row in levels] == [{"level": 2}, {"level": 3}]


async def test_the_further_contacts_hear_the_second_time(
    start_system: StartSystem, sandbox: str, clock: FrozenClock
) -> None:
    async with start_system(EMERGENCY_ESCALATION_EMAILS="owner@example.com, night@example.com") as system:
        await call(await system.derlg.sign_in_as())
        async with work_for(system.derlg, sandbox) as work:
            await do_jobs(work)
            clock.advance(timedelta(minutes=2))
            await escalate_due(work)
            await do_jobs(work)
        told = [recipient for occasion, _, recipient in await sent(system.derlg) if occasion == "2"]
        assert told == ["night@example.com", "owner@example.com", system.derlg.storefront.support_email]


async def test_the_desk_acknowledges_and_resolves(
    traveler: StorefrontClient, admin: StorefrontClient, derlg: StorefrontClient, work: Work, clock: FrozenClock
) -> None:
    read(await traveler.patch("/users/me", json={"emergency_contact_name": "Jonas Berg"}))
    alert = await call(traveler, **ANGKOR)
    (listed,) = read(await admin.get(DESK, params={"status": "OPEN"}))
    assert (listed["id"], listed["level"], listed["traveler"]["emergency_contact_name"]) == (
        alert["id"], 1, "Jonas Berg",
    )  # fmt: skip
    assert listed["map_url"].endswith("query=13.412500,103.867000")
    assert listed["escalates_at"] == "2026-12-01T03:02:00Z"
    taken = read(await admin.post(f"{DESK}/{alert['id']}/acknowledge"))
    assert (taken["status"], taken["acknowledged_by"], taken["escalates_at"]) == (
        "ACKNOWLEDGED", str(admin.user_id), None,
    )  # fmt: skip
    assert read(await admin.post(f"{DESK}/{alert['id']}/acknowledge")) == taken, "again changes nothing"
    colleague = await derlg.sign_in_as(Role.ADMIN)
    assert refusal(await colleague.post(f"{DESK}/{alert['id']}/acknowledge"), 409) == "ALERT_CLOSED"
    clock.advance(timedelta(minutes=10))
    await escalate_due(work)
    done = await do_jobs(work)
    assert done.count("emergency.tell") == 1, "nobody is told any more"
    resolved = read(await colleague.post(f"{DESK}/{alert['id']}/resolve", json={"note": "Guide is with her"}))
    assert (resolved["status"], resolved["resolution_note"]) == ("RESOLVED", "Guide is with her")
    assert (resolved["acknowledged_by"], resolved["resolved_by"]) == (str(admin.user_id), str(colleague.user_id))
    again = await colleague.post(f"{DESK}/{alert['id']}/resolve", json={"note": "Twice"})
    assert refusal(again, 409) == "ALERT_CLOSED"
    assert faulty_fields(await colleague.post(f"{DESK}/{alert['id']}/resolve", json={"note": " "})) == ["note"]
    events = await derlg.rows("SELECT kind, payload ->> 'status' AS status FROM user_events ORDER BY id")
    assert [(row["kind"], row["status"]) for row in events] == [
        ("emergency.acknowledged", "ACKNOWLEDGED"), ("emergency.resolved", "RESOLVED"),
    ]  # fmt: skip
    acts = await derlg.rows("SELECT action FROM audit_entries WHERE action LIKE 'emergency%' ORDER BY at, id")
    assert [row["action"] for row in acts] == ["emergency.raised", "emergency.acknowledged", "emergency.resolved"]


async def test_of_two_who_acknowledge_at_once_one_is_told(
    traveler: StorefrontClient, admin: StorefrontClient, derlg: StorefrontClient
) -> None:
    alert, colleague = await call(traveler), await derlg.sign_in_as(Role.ADMIN)
    answers = await asyncio.gather(*(who.post(f"{DESK}/{alert['id']}/acknowledge") for who in (admin, colleague)))
    assert sorted(answer.status_code for answer in answers) == [200, 409]


@pytest.mark.parametrize("role", [Role.CUSTOMER, Role.CONSULTANT, Role.GUIDE])
async def test_the_desk_is_the_admins(traveler: StorefrontClient, derlg: StorefrontClient, role: Role) -> None:
    alert, who = await call(traveler), await derlg.sign_in_as(role)
    for method, path in (("GET", ""), ("GET", f"/{alert['id']}"), ("POST", f"/{alert['id']}/acknowledge")):
        assert refusal(await who.request(method, f"{DESK}{path}"), 403) == "NOT_ALLOWED"


async def test_what_does_not_exist_is_not_found(admin: StorefrontClient) -> None:
    for method, path, body in (("GET", "", None), ("POST", "/acknowledge", None), ("POST", "/resolve", {"note": "x"})):
        answer = await admin.request(method, f"{DESK}/{new_id()}{path}", json=body)
        assert refusal(answer, 404) == "ALERT_NOT_FOUND"


async def test_the_desks_list_is_two_statements_however_long(derlg: StorefrontClient, admin: StorefrontClient) -> None:
    for _ in range(3):
        await call(await derlg.sign_in_as())
    await admin.get(DESK)
    async with admin.statements() as statements:
        answer = await admin.get(DESK, params={"per_page": 2})
    assert len(statements) == 2, statements
    assert (len(read(answer)), answer.json()["meta"]["total"]) == (2, 3)


async def test_who_calls_off_is_still_told_of(
    traveler: StorefrontClient, derlg: StorefrontClient, work: Work, clock: FrozenClock
) -> None:
    alert = await call(traveler)
    read(await traveler.post(f"/emergency/alerts/{alert['id']}/cancel"))
    clock.advance(timedelta(minutes=10))
    await escalate_due(work)
    await do_jobs(work)
    assert len(await sent(derlg)) == 1
    (mail,) = await derlg.rows("SELECT context FROM notifications WHERE kind = 'STAFF_ALERT'")
    assert mail["context"]["title"] == "A call for help was called off"


async def test_the_webhook_is_signed_and_tried_again_under_its_id(
    traveler: StorefrontClient, admin: StorefrontClient, derlg: StorefrontClient, receiver: Receiver, sandbox: str
) -> None:
    alert = await call(traveler, **ANGKOR)
    receiver.answers = [500]
    told = {"EMERGENCY_WEBHOOK_URL": receiver.url, "EMERGENCY_WEBHOOK_SECRET": SECRET}
    async with work_for(derlg, sandbox, **told) as work:
        with pytest.raises(AlarmUnavailable, match="500"):
            await do_jobs(work)
        await do_jobs(work)
        read(await admin.post(f"{DESK}/{alert['id']}/acknowledge"))
        await do_jobs(work)
    assert [told["type"] for told in receiver.told] == [
        "emergency.raised", "emergency.raised", "emergency.acknowledged",
    ]  # fmt: skip
    headers, body = receiver.calls[1]
    assert headers["webhook-id"] == receiver.calls[0][0]["webhook-id"] == f"{alert['id']}:emergency.raised:1"
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    data = receiver.told[0]["data"]
    assert (data["id"], data["lat"], data["traveler"]["name"]) == (alert["id"], 13.4125, "Anna Berg")
    assert receiver.told[2]["data"]["status"] == "ACKNOWLEDGED"


async def test_positions_are_forgotten_after_thirty_days(
    traveler: StorefrontClient, derlg: StorefrontClient, work: Work, clock: FrozenClock
) -> None:
    old = await call(traveler, message="At the west gate", **ANGKOR)
    clock.advance(timedelta(days=1))
    await call(traveler, **ANGKOR)
    clock.advance(timedelta(days=29) - timedelta(seconds=1))
    async with derlg.database.read() as connection:
        found = await report_positions(connection, storefront=derlg.storefront, now=clock.now())
        assert (found.due, found.young) == (0, 2)
        clock.advance(timedelta(seconds=1))
        found = await report_positions(connection, storefront=derlg.storefront, now=clock.now())
        assert (found.due, found.young) == (1, 1)
    await forget_positions(work)
    shown = read(await traveler.get(f"/emergency/alerts/{old['id']}"))
    assert (shown["lat"], shown["lng"], shown["accuracy"], shown["positioned_at"]) == (None, None, None, None)
    assert (shown["message"], shown["province"]) == ("At the west gate", "siem-reap")
    rows = await derlg.rows("SELECT count(*) AS kept FROM emergency_alerts WHERE latitude IS NOT NULL")
    assert rows == [{"kept": 1}]


async def test_a_deleted_account_leaves_no_place_behind(traveler: StorefrontClient, derlg: StorefrontClient) -> None:
    await call(traveler, message="I am Anna", **ANGKOR)
    async with derlg.database.unit_of_work() as tx:
        await anonymise(tx, [traveler.user_id], now=derlg.runtime.clock.now())
    (row,) = await derlg.rows("SELECT latitude, longitude, positioned_at, message, province FROM emergency_alerts")
    assert row == {"latitude": None, "longitude": None, "positioned_at": None, "message": None, "province": "siem-reap"}
