"""Mails about accounts, from the front door to the link that works."""

import re
from datetime import timedelta

import pytest
from tests.support.client import StorefrontClient, read
from tests.support.mailbox import Mailbox
from tests.support.work import do_jobs

from sojourn.people.effects import VERIFY_EMAIL, WELCOME
from sojourn.people.roles import Role
from sojourn.platform.jobs.queue import enqueue
from sojourn.platform.kit.clock import FrozenClock
from sojourn.platform.kit.ids import new_id
from sojourn.providers.work import Work
from sojourn.sales.effects import POINTS_EXPIRING, effect, staff_alert

LINK = re.compile(r"https://derlg\.com(/[a-z-]+)\?token=([A-Za-z0-9_-]+)")


def unique_address(name: str = "reader") -> str:
    return f"{name}-{new_id()}@example.com"


def link_in(text: str) -> tuple[str, str]:
    found = LINK.search(text)
    assert found, text
    return found[1], found[2]


async def test_registration_confirms_the_address_and_greets_once(
    derlg: StorefrontClient, work: Work, mailbox: Mailbox
) -> None:
    guest = await derlg.register(email=unique_address())
    await do_jobs(work, due_only=True)
    (mail,) = await mailbox(guest.email)
    path, token = link_in(mail["text"])
    assert path == "/verify-email"
    assert f"{path}?token={token}" in mail["html"]
    read(await derlg.post("/auth/verify-email", json={"token": token}))
    assert sorted(await do_jobs(work)) == [WELCOME, WELCOME, "notifications.deliver"]
    assert [mail["subject"] for mail in await mailbox(guest.email)][1].startswith("Welcome")


async def test_the_secret_of_a_link_is_forgotten_once_it_is_sent(derlg: StorefrontClient, work: Work) -> None:
    await derlg.register(email=unique_address())
    await do_jobs(work)
    kept = await derlg.rows("SELECT context FROM notifications WHERE kind = 'VERIFY_EMAIL'")
    assert [set(row["context"]) for row in kept] == [{"expires_at"}]


async def test_a_link_that_was_used_meanwhile_is_not_sent(
    derlg: StorefrontClient, work: Work, mailbox: Mailbox
) -> None:
    guest = await derlg.register(email=unique_address())
    await derlg.rows("UPDATE account_links SET used_at = now()")
    await do_jobs(work, due_only=True)
    assert await mailbox(guest.email) == []


async def test_a_link_that_expired_while_it_waited_is_not_sent(
    derlg: StorefrontClient, work: Work, mailbox: Mailbox, clock: FrozenClock
) -> None:
    guest = await derlg.register(email=unique_address())
    await derlg.rows("DELETE FROM pgqueuer WHERE entrypoint = $1", WELCOME)
    await do_jobs(work, ends_before="notifications.deliver")
    clock.advance(timedelta(hours=25))
    await do_jobs(work)
    assert await mailbox(guest.email) == []
    (failed,) = await derlg.rows("SELECT status, last_error, context FROM notifications")
    assert failed["status"] == "FAILED"
    assert "expired" in failed["last_error"]
    assert "link" not in failed["context"]


async def test_a_forgotten_password_is_chosen_anew(derlg: StorefrontClient, work: Work, mailbox: Mailbox) -> None:
    guest = await derlg.register(email=unique_address())
    await do_jobs(work)
    await derlg.post("/auth/forgot-password", json={"email": guest.email})
    await do_jobs(work)
    mail = (await mailbox(guest.email))[-1]
    path, token = link_in(mail["text"])
    assert path == "/reset-password"
    body = {"token": token, "password": "another long pass phrase"}
    assert (await derlg.post("/auth/reset-password", json=body)).is_success
    await do_jobs(work)
    subjects = [mail["subject"] for mail in await mailbox(guest.email)]
    assert "password" in subjects[-1].lower()
    assert subjects[-1] != mail["subject"]


async def test_who_registers_again_is_told_at_the_known_address_once_a_day(
    derlg: StorefrontClient, work: Work, mailbox: Mailbox
) -> None:
    guest = await derlg.register(email=unique_address())
    await do_jobs(work)
    before = len(await mailbox(guest.email))
    for _ in range(2):
        body = {"email": guest.email, "password": "some other pass phrase", "name": "Mallory"}
        assert (await derlg.post("/auth/register", json=body)).status_code == 409
        await do_jobs(work)
    mails = (await mailbox(guest.email))[before:]
    assert len(mails) == 1
    assert "https://derlg.com/forgot-password" in mails[0]["text"]


async def test_invited_staff_get_a_link_that_works(derlg: StorefrontClient, work: Work, mailbox: Mailbox) -> None:
    admin = await derlg.sign_in_as(Role.ADMIN, name="Bopha")
    email = unique_address("consultant")
    body = {"email": email, "name": "Sophea Chan", "role": "CONSULTANT"}
    assert (await admin.post("/admin/staff/invitations", json=body)).is_success
    await do_jobs(work)
    (mail,) = await mailbox(email)
    assert "Bopha" in mail["text"]
    path, token = link_in(mail["text"])
    assert path == "/accept-invitation"
    body = {"token": token, "password": "a long and unusual pass phrase"}
    assert (await derlg.post("/auth/accept-invitation", json=body)).is_success


@pytest.mark.parametrize(("language", "script"), [("km", "ក-៹"), ("zh", "一-鿿")])
async def test_accounts_are_written_to_in_their_own_language(
    derlg: StorefrontClient, work: Work, mailbox: Mailbox, language: str, script: str
) -> None:
    guest = await derlg.register(email=unique_address(), language=language)
    await do_jobs(work, due_only=True)
    (mail,) = await mailbox(guest.email)
    assert re.search(f"[{script}]", mail["subject"])
    assert re.search(f"[{script}]", mail["html"])


async def test_a_deleted_account_gets_no_mail(derlg: StorefrontClient, work: Work, mailbox: Mailbox) -> None:
    guest = await derlg.register(email=unique_address())
    await derlg.rows("UPDATE users SET deleted_at = now()")
    assert await do_jobs(work) == [VERIFY_EMAIL, WELCOME]
    assert await mailbox(guest.email) == []


async def test_points_that_end_are_announced(derlg: StorefrontClient, work: Work, mailbox: Mailbox) -> None:
    owner = await derlg.sign_in_as(email=unique_address())
    for _ in range(2):
        async with derlg.database.unit_of_work() as tx:
            await enqueue(tx, effect(POINTS_EXPIRING, user_id=owner.user_id, points=1200, expires_on="2026-12-31"))
    await do_jobs(work)
    (mail,) = await mailbox(owner.email)
    assert "1,200" in mail["text"]
    assert "List-Unsubscribe" in mail["headers"]


async def test_the_desk_is_told_of_each_thing_once(derlg: StorefrontClient, work: Work, mailbox: Mailbox) -> None:
    subject = new_id()
    async with derlg.database.unit_of_work() as tx:
        for title in ("A refund has failed", "A refund has failed", "A payment is disputed"):
            await enqueue(tx, staff_alert(title, subject_id=subject, details={"reference": f"DL-{subject}"}))
    await do_jobs(work)
    mails = [m for m in await mailbox(work.runtime.storefront.support_email) if f"DL-{subject}" in m["text"]]
    assert len(mails) == 2
    assert "A payment is disputed" in mails[1]["subject"]
