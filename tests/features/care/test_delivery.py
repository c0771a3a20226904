"""One mail from its cause to the reader's mailbox: once, whatever happens on the way."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from tests.support.client import StorefrontClient, read, refusal
from tests.support.mailbox import Mailbox
from tests.support.trail import acts_on
from tests.support.work import do_jobs

from sojourn.care.notifications import service
from sojourn.care.notifications.service import DELIVER, deliver, resend_overdue
from sojourn.people.effects import PASSWORD_CHANGED, WELCOME, account_mail
from sojourn.people.roles import Role
from sojourn.platform.jobs.queue import enqueue
from sojourn.platform.kit.clock import FrozenClock
from sojourn.platform.kit.ids import new_id
from sojourn.providers.mail.port import MailUnavailable
from sojourn.providers.work import Work

ROW = "SELECT id, status, attempts, last_error, provider, provider_id, sent_at, context FROM notifications"


def unique_address() -> str:
    """The carrier's mailbox is shared by the tests of a run."""
    return f"reader-{new_id()}@example.com"


async def customer(derlg: StorefrontClient, *, email: str | None = None) -> StorefrontClient:
    return await derlg.sign_in_as(email=email or unique_address())


async def tell(derlg: StorefrontClient, who: StorefrontClient, kind: str = PASSWORD_CHANGED) -> None:
    async with derlg.database.unit_of_work() as tx:
        await enqueue(tx, account_mail(kind, user_id=who.user_id, at=derlg.runtime.clock.now()))


async def keep_only(work: Work) -> UUID:
    """Do the jobs that keep mails, but send none: the id of the mail that waits."""
    await do_jobs(work, ends_before=DELIVER)
    async with work.runtime.db.read() as connection:
        await connection.execute("DELETE FROM pgqueuer WHERE entrypoint = $1", DELIVER)
        kept: UUID = await connection.fetchval("SELECT id FROM notifications WHERE status = 'QUEUED'")
    return kept


async def row(derlg: StorefrontClient) -> dict[str, Any]:
    (found,) = await derlg.rows(ROW)
    return found


async def set_faults(sandbox: str, **mail: int) -> None:
    async with httpx.AsyncClient(base_url=sandbox, timeout=10) as switchboard:
        answer = await switchboard.put("/_sandbox/faults", params={"account": "re_derlg"}, json={"mail": mail})
    answer.raise_for_status()


async def test_a_mail_is_sent_and_marked(derlg: StorefrontClient, work: Work, mailbox: Mailbox) -> None:
    reader = await customer(derlg)
    await tell(derlg, reader)
    assert await do_jobs(work) == [PASSWORD_CHANGED, DELIVER]
    (mail,) = await mailbox(reader.email)
    assert mail["from"].endswith("<bookings@derlg.com>")
    sent = await row(derlg)
    assert (sent["status"], sent["provider"], sent["provider_id"]) == ("SENT", "resend", mail["id"])
    assert sent["sent_at"] == work.runtime.clock.now()
    assert "list-unsubscribe" not in {name.lower() for name in mail["headers"]}


async def test_the_same_cause_twice_is_one_mail(derlg: StorefrontClient, work: Work, mailbox: Mailbox) -> None:
    reader = await customer(derlg)
    for _ in range(2):
        await tell(derlg, reader)
    assert await do_jobs(work) == [PASSWORD_CHANGED, PASSWORD_CHANGED, DELIVER]
    assert len(await mailbox(reader.email)) == 1


async def test_a_crash_between_sending_and_marking_sends_no_second_mail(
    derlg: StorefrontClient, work: Work, mailbox: Mailbox
) -> None:
    reader = await customer(derlg)
    await tell(derlg, reader)
    kept = await keep_only(work)
    await deliver(work, kept)
    # As the row would stand had the worker died before its second unit of work.
    await derlg.rows("UPDATE notifications SET status = 'QUEUED', sent_at = NULL, provider_id = NULL")
    await deliver(work, kept)
    (mail,) = await mailbox(reader.email)
    again = await row(derlg)
    assert (again["status"], again["attempts"], again["provider_id"]) == ("SENT", 2, mail["id"])


async def test_a_carrier_that_is_down_is_tried_again(
    derlg: StorefrontClient, work: Work, mailbox: Mailbox, sandbox: str
) -> None:
    reader = await customer(derlg)
    await tell(derlg, reader)
    kept = await keep_only(work)
    await set_faults(sandbox, fail_next=1, status=503)
    with pytest.raises(MailUnavailable):
        await deliver(work, kept)
    waiting = await row(derlg)
    assert (waiting["status"], waiting["attempts"]) == ("QUEUED", 1)
    assert "503" in waiting["last_error"]
    await deliver(work, kept)
    assert (await row(derlg))["last_error"] is None
    assert len(await mailbox(reader.email)) == 1


async def test_a_refused_mail_fails_once_and_says_why(derlg: StorefrontClient, work: Work) -> None:
    await tell(derlg, await customer(derlg, email="not an address"))
    await do_jobs(work)
    failed = await row(derlg)
    assert (failed["status"], failed["attempts"]) == ("FAILED", 1)
    assert failed["last_error"].startswith("address_invalid")


async def test_it_is_given_up_in_the_end(
    derlg: StorefrontClient, work: Work, mailbox: Mailbox, sandbox: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MAX_ATTEMPTS", 2)
    reader = await customer(derlg)
    await tell(derlg, reader)
    kept = await keep_only(work)
    await set_faults(sandbox, fail_next=2, status=500)
    for _ in range(2):
        with pytest.raises(MailUnavailable):
            await deliver(work, kept)
    await deliver(work, kept)
    assert (await row(derlg))["status"] == "FAILED"
    assert await mailbox(reader.email) == []


async def test_what_lost_its_job_is_queued_again_and_only_that(
    derlg: StorefrontClient, work: Work, clock: FrozenClock
) -> None:
    lost, waiting = await customer(derlg), await customer(derlg)
    await tell(derlg, lost)
    kept = await keep_only(work)
    await resend_overdue(work)
    assert await derlg.rows("SELECT id FROM pgqueuer") == []
    clock.advance(timedelta(minutes=3))
    await tell(derlg, waiting)
    await do_jobs(work, ends_before=DELIVER)
    clock.advance(timedelta(minutes=3))
    for _ in range(2):
        await resend_overdue(work)
    jobs = await derlg.rows("SELECT payload FROM pgqueuer WHERE entrypoint = $1 ORDER BY id", DELIVER)
    assert len(jobs) == 2
    assert json.loads(jobs[1]["payload"])["notification_id"] == str(kept)


async def test_a_greeting_that_is_not_wanted_is_not_kept(derlg: StorefrontClient, work: Work) -> None:
    reader = await customer(derlg)
    await derlg.rows("""UPDATE users SET preferences = '{"is_welcome_mail_wanted": false}'""")
    await tell(derlg, reader, WELCOME)
    assert await do_jobs(work) == [WELCOME]
    assert await derlg.rows(ROW) == []


def way_out(mail: dict[str, Any]) -> str:
    """The path of the List-Unsubscribe header, as a mail program would call it."""
    headers = {name.lower(): value for name, value in mail["headers"].items()}
    assert headers["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
    url: str = headers["list-unsubscribe"].strip("<>")
    assert url in mail["text"]
    return url.partition("/v1")[2]


async def test_one_click_unsubscribes(derlg: StorefrontClient, work: Work, mailbox: Mailbox) -> None:
    reader = await customer(derlg)
    await tell(derlg, reader, WELCOME)
    await do_jobs(work)
    (mail,) = await mailbox(reader.email)
    path = way_out(mail)
    page = await derlg.get(path)
    assert page.status_code == 200
    assert "<form" in page.text
    assert await preferences(derlg) == {}
    body = {"List-Unsubscribe": "One-Click"}
    for _ in range(2):
        assert (await derlg.post(path, data=body)).status_code == 200
    assert await preferences(derlg) == {"is_welcome_mail_wanted": False}
    assert ("notification.unsubscribed", reader.user_id) in await acts_on(derlg, reader.user_id)


async def test_the_way_out_speaks_the_readers_language(derlg: StorefrontClient, work: Work, mailbox: Mailbox) -> None:
    reader = await customer(derlg)
    await tell(derlg, reader, WELCOME)
    await do_jobs(work)
    path = way_out((await mailbox(reader.email))[0])
    await derlg.rows("UPDATE users SET preferred_language = 'km' RETURNING id")
    for page, said in ((await derlg.get(path), "មែនទេ"), (await derlg.post(path), "បានឈប់ទទួលហើយ")):
        assert '<html lang="km">' in page.text
        assert said in page.text
        assert "DerLg" in page.text
        assert "form-action 'self'" in page.headers["content-security-policy"]


async def preferences(derlg: StorefrontClient) -> dict[str, Any]:
    (found,) = await derlg.rows("SELECT preferences FROM users")
    chosen: dict[str, Any] = found["preferences"]
    return chosen


@pytest.mark.parametrize("token", ["x", "AAAA", "é", "%00", "A" * 200, "=" * 5])
async def test_a_forged_way_out_is_refused(derlg: StorefrontClient, token: str) -> None:
    for answer in (
        await derlg.get("/notifications/unsubscribe", params={"token": token}),
        await derlg.post("/notifications/unsubscribe", params={"token": token}),
    ):
        assert refusal(answer, 400) == "UNSUBSCRIBE_LINK_INVALID"


async def test_somebody_elses_way_out_cannot_be_made_of_ones_own(
    derlg: StorefrontClient, work: Work, mailbox: Mailbox
) -> None:
    reader = await customer(derlg)
    await tell(derlg, reader, WELCOME)
    await do_jobs(work)
    path = way_out((await mailbox(reader.email))[0])
    for place in range(len(path) - 40, len(path) - 20):
        other = "A" if path[place] != "A" else "B"
        answer = await derlg.post(path[:place] + other + path[place + 1 :])
        assert refusal(answer, 400) == "UNSUBSCRIBE_LINK_INVALID"


async def test_admins_see_every_mail_and_send_failed_ones_again(
    derlg: StorefrontClient, work: Work, mailbox: Mailbox
) -> None:
    admin, reader = await derlg.sign_in_as(Role.ADMIN), await customer(derlg, email="not an address")
    await tell(derlg, reader)
    await do_jobs(work)
    (listed,) = read(
        await admin.get("/admin/notifications", params={"status": "FAILED", "user_id": str(reader.user_id)})
    )
    assert (listed["kind"], listed["attempts"]) == ("PASSWORD_CHANGED", 1)
    assert "context" not in listed
    address = unique_address()
    await derlg.rows("UPDATE notifications SET recipient = $1", address)
    read(await admin.post(f"/admin/notifications/{listed['id']}/retry"))
    assert await do_jobs(work) == [DELIVER]
    assert len(await mailbox(address)) == 1
    again = await admin.post(f"/admin/notifications/{listed['id']}/retry")
    assert refusal(again, 409) == "NOTIFICATION_NOT_REPEATABLE"
    assert refusal(await admin.post(f"/admin/notifications/{new_id()}/retry"), 404) == "NOTIFICATION_NOT_FOUND"
    assert refusal(await reader.get("/admin/notifications"), 403) == "NOT_ALLOWED"
