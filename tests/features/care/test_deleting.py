"""Closing an account: its owner is told, and has a way back."""

import re
from datetime import timedelta

from tests.support.client import PASSWORD, StorefrontClient, read, refusal
from tests.support.mailbox import Mailbox
from tests.support.work import do_jobs

from sojourn.desk.privacy.erasure import forget_the_deleted
from sojourn.people.roles import Role
from sojourn.platform.kit.clock import FrozenClock
from sojourn.platform.kit.ids import new_id
from sojourn.providers.work import Work

LINK = re.compile(r"https://derlg\.com/undo-deletion\?token=([A-Za-z0-9_-]+)")


async def closed(derlg: StorefrontClient, work: Work) -> StorefrontClient:
    guest = await derlg.register(email=f"leaver-{new_id()}@example.com")
    await do_jobs(work)
    read(await guest.delete(f"/users/{guest.user_id}"))
    await do_jobs(work)
    return guest


async def token_of(mailbox: Mailbox, guest: StorefrontClient) -> str:
    found = LINK.search((await mailbox(guest.email))[-1]["text"])
    assert found
    return found[1]


async def sign_in(derlg: StorefrontClient, guest: StorefrontClient) -> int:
    body = {"email": guest.email, "password": PASSWORD}
    return (await derlg.post("/auth/login", json=body)).status_code


async def test_a_closed_account_is_told_what_happens_and_opened_again_by_the_link(
    derlg: StorefrontClient, work: Work, mailbox: Mailbox, clock: FrozenClock
) -> None:
    guest = await closed(derlg, work)
    mail = (await mailbox(guest.email))[-1]
    assert "December 15, 2026" in mail["subject"]
    assert "Invoices" in mail["text"]
    clock.advance(timedelta(days=13))
    token = await token_of(mailbox, guest)
    read(await derlg.post("/auth/undo-deletion", json={"token": token}))
    assert await sign_in(derlg, guest) == 200
    assert refusal(await derlg.post("/auth/undo-deletion", json={"token": token}), 400) == "LINK_INVALID"
    acts = await derlg.rows("SELECT action FROM audit_entries WHERE subject_id = $1 ORDER BY id", guest.user_id)
    assert "account.restored" in [act["action"] for act in acts]
    clock.advance(timedelta(days=20))
    async with derlg.database.unit_of_work() as tx:
        assert await forget_the_deleted(tx, now=clock.now()) == 0


async def test_after_fourteen_days_there_is_no_way_back(
    derlg: StorefrontClient, work: Work, mailbox: Mailbox, clock: FrozenClock
) -> None:
    guest = await closed(derlg, work)
    token = await token_of(mailbox, guest)
    clock.advance(timedelta(days=14))
    assert refusal(await derlg.post("/auth/undo-deletion", json={"token": token}), 400) == "LINK_INVALID"


async def test_a_link_of_an_account_that_was_restored_by_password_is_no_link_any_more(
    derlg: StorefrontClient, work: Work, mailbox: Mailbox
) -> None:
    guest = await closed(derlg, work)
    token = await token_of(mailbox, guest)
    read(await derlg.post("/auth/restore-account", json={"email": guest.email, "password": PASSWORD}))
    assert refusal(await derlg.post("/auth/undo-deletion", json={"token": token}), 400) == "LINK_INVALID"


async def test_a_dismissed_account_that_an_admin_deletes_is_sent_no_way_back(
    derlg: StorefrontClient, work: Work, mailbox: Mailbox
) -> None:
    admin = await derlg.sign_in_as(Role.ADMIN)
    await derlg.sign_in_as(Role.ADMIN)
    guest = await derlg.sign_in_as(email=f"dismissed-{new_id()}@example.com")
    await derlg.rows("UPDATE users SET is_active = false WHERE id = $1", guest.user_id)
    read(await admin.delete(f"/users/{guest.user_id}"))
    await do_jobs(work)
    assert await mailbox(guest.email) == []


async def test_the_link_is_forgotten_once_it_is_sent(derlg: StorefrontClient, work: Work) -> None:
    await closed(derlg, work)
    (row,) = await derlg.rows("SELECT context FROM notifications WHERE kind = 'ACCOUNT_DELETION'")
    assert set(row["context"]) == {"expires_at"}
