"""Everything about me, in one archive, for me alone and for a week."""

import io
import json
import re
from datetime import timedelta
from typing import Any
from zipfile import ZipFile

import pytest
from tests.features.documents.conftest import kept_files
from tests.features.orders.conftest import Shop
from tests.features.privacy.conftest import MARK, buy
from tests.support.client import StorefrontClient, read, refusal
from tests.support.mailbox import Mailbox
from tests.support.selling import hold, put_trip_on_sale
from tests.support.work import do_jobs

from sojourn.care.documents.jobs import remove_files
from sojourn.desk.privacy import archive
from sojourn.platform.kit.clock import FrozenClock
from sojourn.providers.work import Work

LINK = re.compile(r"https?://\S+/users/exports/([A-Za-z0-9_-]+)")


async def unpacked(visitor: StorefrontClient, token: str) -> dict[str, bytes]:
    """What a link opens: every file by its name."""
    answer = await visitor.get(f"/users/exports/{token}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/zip"
    assert int(answer.headers["content-length"]) == len(answer.content)
    with ZipFile(io.BytesIO(answer.content)) as opened:
        assert opened.testzip() is None
        return {name: opened.read(name) for name in opened.namelist()}


def rows(files: dict[str, bytes], name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(files[f"{name}.json"])
    return found


def token_in(text: str) -> str:
    found = LINK.search(text)
    assert found
    return found[1]


async def export_of(guest: StorefrontClient, work: Work) -> dict[str, bytes]:
    read(await guest.post("/users/me/export"), 202)
    await do_jobs(work)
    return await unpacked(guest.visitor(), token_in(read(await guest.get("/users/me/export"))["url"]))


async def test_all_that_is_kept_about_me_comes_by_mail(
    holyone: StorefrontClient, holyone_work: Work, shop: Shop, marked: StorefrontClient, mailbox: Mailbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(archive, "PIECE", 4_000)  # so that there are several
    other = await holyone.register(fullName="Somebody Else")
    await buy(shop, other)
    order = await buy(shop, marked)
    await do_jobs(holyone_work)
    asked = read(await marked.post("/users/me/export"), 202)
    assert (asked["status"], asked["url"]) == ("REQUESTED", None)
    await do_jobs(holyone_work)
    mail = (await mailbox(marked.email))[-1]
    assert "data is ready" in mail["subject"]
    files = await unpacked(holyone, token_in(mail["text"]))  # nobody is signed in

    [profile] = rows(files, "profile")
    assert (profile["name"], profile["email"]) == (f"{MARK} Person", marked.email)
    assert "password_hash" not in profile
    [bought] = rows(files, "orders")
    assert bought["order_number"] == order["orderNumber"]
    assert bought["service_details"]["passport_number"] == "ZQ998877"
    assert any(event["note"] == f"{MARK} was on the phone" for event in rows(files, "order-events"))
    [payment] = rows(files, "payments")
    assert (payment["captured_amount"], payment["card_last4"]) == (299.0, "4242")
    [invoice] = rows(files, "invoices")
    assert files[f"invoices/{invoice['number']}.pdf"].startswith(b"%PDF")
    [document] = rows(files, "documents")
    assert f"{MARK} statement".encode() in files[f"documents/{document['id']}-{document['file_name']}"]
    assert [device["platform"] for device in rows(files, "devices")] == ["android"]
    acts = {entry["action"]: entry for entry in rows(files, "audit")}
    assert acts["account.export_requested"]["was_me"] is True
    everything = b"\n".join(files.values())
    assert other.email.encode() not in everything
    assert b"Somebody Else" not in everything
    assert b"token_hash" not in everything


async def test_one_at_a_time_and_the_newer_takes_the_older_ones_place(
    holyone: StorefrontClient, holyone_work: Work, marked: StorefrontClient, clock: FrozenClock
) -> None:
    assert refusal(await marked.get("/users/me/export"), 404) == "EXPORT_NOT_FOUND"
    read(await marked.post("/users/me/export"), 202)
    assert refusal(await marked.post("/users/me/export"), 409) == "EXPORT_UNDERWAY"
    await do_jobs(holyone_work)
    first = read(await marked.get("/users/me/export"))
    assert first["status"] == "READY"
    clock.advance(timedelta(seconds=1))
    read(await marked.post("/users/me/export"), 202)
    await do_jobs(holyone_work)
    clock.advance(timedelta(seconds=1))
    await remove_files(holyone_work)
    gone = await marked.get(f"/users/exports/{token_in(first['url'])}")
    assert refusal(gone, 404) == "EXPORT_LINK_INVALID"
    await unpacked(holyone, token_in(read(await marked.get("/users/me/export"))["url"]))


async def test_it_is_gone_after_a_week(
    holyone: StorefrontClient, holyone_work: Work, marked: StorefrontClient, clock: FrozenClock, mailbox: Mailbox
) -> None:
    before = kept_files()
    await export_of(marked, holyone_work)
    token = token_in((await mailbox(marked.email))[-1]["text"])
    short = token_in(read(await marked.get("/users/me/export"))["url"])
    assert kept_files() > before
    clock.advance(timedelta(minutes=6))
    assert refusal(await holyone.get(f"/users/exports/{short}"), 410) == "FILE_LINK_EXPIRED"
    clock.advance(timedelta(days=6, hours=23))
    await unpacked(holyone, token)
    clock.advance(timedelta(hours=1))
    assert refusal(await holyone.get(f"/users/exports/{token}"), 410) == "FILE_LINK_EXPIRED"
    await remove_files(holyone_work)
    assert kept_files() == before
    seen = read(await marked.get("/users/me/export"))
    assert (seen["status"], seen["url"]) == ("EXPIRED", None)


async def test_nobody_opens_it_without_the_link(
    holyone: StorefrontClient, holyone_work: Work, marked: StorefrontClient
) -> None:
    await export_of(marked, holyone_work)
    other = await holyone.register()
    assert refusal(await other.get("/users/me/export"), 404) == "EXPORT_NOT_FOUND"
    assert refusal(await holyone.post("/users/me/export"), 401) == "NOT_AUTHENTICATED"
    token = token_in(read(await marked.get("/users/me/export"))["url"])
    forged = ("A" if token[0] != "A" else "B") + token[1:]
    assert refusal(await holyone.get(f"/users/exports/{forged}"), 404) == "FILE_LINK_INVALID"
    opened = await holyone.rows("SELECT count(*) AS times FROM audit_entries WHERE action = 'account.export_opened'")
    assert opened == [{"times": 1}]
    [mail] = await holyone.rows("SELECT context, status FROM notifications WHERE kind = 'DATA_EXPORT'")
    assert (mail["status"], set(mail["context"])) == ("SENT", {"expires_at"})


async def test_one_that_was_never_made_keeps_nobody_waiting(
    holyone: StorefrontClient, marked: StorefrontClient, clock: FrozenClock
) -> None:
    read(await marked.post("/users/me/export"), 202)
    clock.advance(timedelta(hours=24, seconds=1))
    read(await marked.post("/users/me/export"), 202)
    statuses = await holyone.rows("SELECT status FROM account_exports ORDER BY requested_at")
    assert [row["status"] for row in statuses] == ["FAILED", "REQUESTED"]


async def test_prices_are_those_of_my_own_orders(
    holyone: StorefrontClient, holyone_work: Work, shop: Shop, marked: StorefrontClient
) -> None:
    await buy(shop, await holyone.register(fullName="Somebody Else"))
    order = await buy(shop, marked)
    prices = rows(await export_of(marked, holyone_work), "prices")
    assert [(line["purchase_id"], line["amount"]) for line in prices] == [(order["id"], 299.0)]


async def test_prices_are_those_of_my_own_bookings(derlg: StorefrontClient, work: Work) -> None:
    guest, trip_id = await derlg.sign_in_as(), await put_trip_on_sale(derlg)
    await hold(await derlg.sign_in_as(), trip_id)
    mine = [(await hold(guest, trip_id, people=people))["id"] for people in (1, 2)]
    prices = rows(await export_of(guest, work), "prices")
    assert [(line["purchase_id"], line["amount"]) for line in prices] == list(zip(mine, (100.0, 200.0), strict=True))
