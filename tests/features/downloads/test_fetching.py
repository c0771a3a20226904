"""What a buyer of a guide gets, how often, and what the first time ends."""

from datetime import timedelta
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
from pypdf import PdfReader
from tests.features.downloads.conftest import Shelf, downloads_of, fetch, link_to, pdf
from tests.features.orders.conftest import points_of
from tests.support.client import StorefrontClient, read, refusal

from sojourn.people.roles import Role
from sojourn.platform.kit.clock import FrozenClock
from sojourn.platform.kit.ids import new_id


def text_of(content: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(BytesIO(content)).pages)


async def test_without_files_a_guide_is_composed_in_the_buyers_name(shelf: Shelf, buyer: StorefrontClient) -> None:
    order = await shelf.sold(buyer)
    shown = await downloads_of(buyer, order)
    assert shown == {
        "orderId": order["id"], "orderNumber": order["orderNumber"], "isAvailable": True,
        "items": [{
            "fileId": shelf.services["guide"], "fileName": "guide.pdf", "mimeType": "application/pdf",
            "fileSize": None, "version": 1, "used": 0, "remaining": 5, "lastDownloadedAt": None,
        }],
    }  # fmt: skip
    answer = await fetch(buyer, await link_to(buyer, order))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-length"] == str(len(answer.content))
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["content-disposition"].startswith('attachment; filename="guide.pdf"')
    printed = text_of(answer.content)
    for part in ("Japan visa guide", "Edition 2026", "Counter or online", "Apply at the embassy.", "Six months valid.",
                 "Please note", order["orderNumber"], "buyer@example.com"):  # fmt: skip
        assert part in printed, part
    again = await fetch(buyer, await link_to(buyer, order))
    assert again.content == answer.content


async def test_a_guide_speaks_the_language_of_the_purchase(shelf: Shelf, buyer: StorefrontClient) -> None:
    order = await shelf.sold(buyer, language="zh")
    printed = text_of((await fetch(buyer, await link_to(buyer, order))).content)
    assert "日本签证指南" in printed
    assert "向使馆申请。" in printed
    assert "护照" in printed


async def test_the_first_download_completes_the_order_and_ends_the_refund(
    shelf: Shelf, buyer: StorefrontClient
) -> None:
    order = await shelf.sold(buyer)
    path = await link_to(buyer, order)
    assert read(await buyer.get(f"/orders/{order['id']}"))["status"] == "CONFIRMED"
    assert read(await buyer.get(f"/orders/{order['id']}/cancellation-preview"))["refundAmount"] == "12.00"
    assert (await fetch(buyer, path)).status_code == 200
    done = read(await buyer.get(f"/orders/{order['id']}"))
    assert (done["status"], done["refundStage"], done["completedAt"]) == (
        "COMPLETED", "COMPLETED", "2026-12-01T03:00:00Z",
    )  # fmt: skip
    assert [(e["kind"], e["toStatus"]) for e in done["events"]][-2:] == [
        ("STAGE", "COMPLETED"),
        ("STATUS", "COMPLETED"),
    ]
    assert refusal(await buyer.patch(f"/orders/{order['id']}/cancel"), 409) == "TRANSITION_NOT_ALLOWED"
    assert await points_of(buyer) == (12, 0)
    trail = await buyer.rows(
        "SELECT action, actor_id, detail FROM audit_entries WHERE subject_id = $1 ORDER BY id", done["id"]
    )
    told = {row["action"]: row for row in trail}
    assert told["download.delivered"]["actor_id"] == told["order.delivered"]["actor_id"] == buyer.user_id
    assert told["download.delivered"]["detail"]["used"] == 1
    mails = await buyer.rows("SELECT 1 FROM pgqueuer WHERE entrypoint = 'mail.order_status_changed'")
    assert len(mails) == 1


async def test_five_times_and_then_the_desk_is_asked(shelf: Shelf, buyer: StorefrontClient, clock: FrozenClock) -> None:
    order = await shelf.sold(buyer)
    spare = await link_to(buyer, order)
    for _ in range(5):
        assert (await fetch(buyer, await link_to(buyer, order))).status_code == 200
    assert refusal(await fetch(buyer, spare), 409) == "DOWNLOAD_LIMIT_REACHED"
    [item] = (await downloads_of(buyer, order))["items"]
    assert (item["used"], item["remaining"], item["lastDownloadedAt"]) == (5, 0, "2026-12-01T03:00:00Z")
    path = f"/orders/{order['id']}/downloads/{item['fileId']}"
    assert refusal(await buyer.post(path), 409) == "DOWNLOAD_LIMIT_REACHED"
    assert refusal(await buyer.post(f"/admin{path}/reset"), 403) == "NOT_ALLOWED"
    [opened] = read(await shelf.office.post(f"/admin{path}/reset"))["items"]
    assert (opened["used"], opened["remaining"]) == (0, 5)
    assert (await fetch(buyer, spare)).status_code == 200
    [row] = await buyer.rows("SELECT detail FROM audit_entries WHERE action = 'download.forgiven'")
    assert row["detail"]["downloads"] == 5


async def test_a_link_that_is_opened_again_is_one_download(
    shelf: Shelf, buyer: StorefrontClient, clock: FrozenClock
) -> None:
    await shelf.put_file(pdf("one"))
    order = await shelf.sold(buyer)
    path = await link_to(buyer, order)
    content, gathered = pdf("one"), b""
    for first in range(0, len(content), 10_000):
        answer = await fetch(buyer, path, Range=f"bytes={first}-{first + 9_999}", **{"Accept-Encoding": "gzip"})
        assert answer.status_code == 206
        last = min(first + 9_999, len(content) - 1)
        assert answer.headers["content-range"] == f"bytes {first}-{last}/{len(content)}"
        assert answer.headers["content-length"] == str(len(answer.content))
        gathered += answer.content
    assert gathered == content
    assert (await downloads_of(buyer, order))["items"][0]["used"] == 1
    outside = await fetch(buyer, path, Range=f"bytes={len(content)}-")
    assert refusal(outside, 416) == "RANGE_NOT_SATISFIABLE"
    assert outside.headers["content-range"] == f"bytes */{len(content)}"
    clock.advance(timedelta(minutes=5))
    assert refusal(await fetch(buyer, path), 410) == "FILE_LINK_EXPIRED"


async def test_a_part_of_the_edition_before_is_not_sewn_onto_the_next(shelf: Shelf, buyer: StorefrontClient) -> None:
    files = await shelf.put_file(pdf("one"))
    order = await shelf.sold(buyer)
    path = await link_to(buyer, order)
    tag = (await fetch(buyer, path, Range="bytes=0-9")).headers["etag"]
    assert (await fetch(buyer, path, **{"Range": "bytes=10-19", "If-Range": tag})).status_code == 206
    await shelf.put_file(pdf("two"), in_place_of=files["items"][0]["id"])
    answer = await fetch(buyer, path, **{"Range": "bytes=10-19", "If-Range": tag})
    assert (answer.status_code, answer.content) == (200, pdf("two"))


async def test_what_is_not_paid_for_or_paid_back_is_not_delivered(shelf: Shelf, buyer: StorefrontClient) -> None:
    unpaid = await shelf.order(buyer)
    assert (await downloads_of(buyer, unpaid))["isAvailable"] is False
    link = f"/orders/{unpaid['id']}/downloads/{shelf.services['guide']}"
    assert refusal(await buyer.post(link), 409) == "DOWNLOADS_NOT_AVAILABLE"

    cancelled = await shelf.sold(buyer)
    path = await link_to(buyer, cancelled)
    read(await buyer.patch(f"/orders/{cancelled['id']}/cancel"))
    assert refusal(await fetch(buyer, path), 409) == "DOWNLOADS_NOT_AVAILABLE"
    assert await buyer.rows("SELECT 1 FROM downloads") == []

    refunded = await shelf.sold(buyer)
    path = await link_to(buyer, refunded)
    assert (await fetch(buyer, path)).status_code == 200
    payment = read(await buyer.get(f"/orders/{refunded['id']}"))["payment"]
    await shelf.office.post(f"/payments/{payment['id']}/refund", json={"reason": "Goodwill"})
    assert await buyer.rows("SELECT 1 FROM refunds WHERE payment_id = $1 AND status = 'PENDING'", UUID(payment["id"]))
    assert refusal(await fetch(buyer, path), 409) == "DOWNLOADS_NOT_AVAILABLE"


async def test_who_may_fetch(shelf: Shelf, buyer: StorefrontClient, holyone: StorefrontClient) -> None:
    order = await shelf.sold(buyer)
    path = f"/orders/{order['id']}/downloads"
    stranger, consultant = await holyone.sign_in_as(), await holyone.sign_in_as(Role.CONSULTANT)
    for other in (stranger, consultant):
        assert refusal(await other.get(path), 404) == "ORDER_NOT_FOUND"
        assert refusal(await other.post(f"{path}/{shelf.services['guide']}"), 404) == "ORDER_NOT_FOUND"
    assert read(await shelf.office.get(path))["orderNumber"] == order["orderNumber"]
    assert refusal(await shelf.office.post(f"{path}/{shelf.services['guide']}"), 403) == "NOT_ALLOWED"
    assert refusal(await holyone.get(path), 401) == "NOT_AUTHENTICATED"
    assert refusal(await buyer.post(f"{path}/{new_id()}"), 404) == "DOWNLOAD_NOT_FOUND"
    work = await shelf.order(buyer, "letter")
    assert refusal(await buyer.get(f"/orders/{work['id']}/downloads"), 404) == "DOWNLOAD_NOT_FOUND"


async def test_links_that_are_none(shelf: Shelf, buyer: StorefrontClient) -> None:
    order = await shelf.sold(buyer)
    path = await link_to(buyer, order)
    forged = path[:-2] + ("AA" if not path.endswith("AA") else "BB")
    assert refusal(await fetch(buyer, forged), 404) == "FILE_LINK_INVALID"
    token = path.rpartition("/")[2]
    assert refusal(await fetch(buyer, f"/documents/files/{token}"), 404) == "FILE_LINK_INVALID"
    async with buyer.database.read() as connection:
        await connection.execute("UPDATE users SET is_active = false WHERE id = $1", buyer.user_id)
    assert refusal(await fetch(buyer, path), 404) == "FILE_LINK_INVALID"


async def test_the_list_is_a_handful_of_statements(shelf: Shelf, buyer: StorefrontClient) -> None:
    order = await shelf.sold(buyer)
    counts = []
    for number in range(3):
        await shelf.put_file(pdf(str(number)), f"part-{number}.pdf")
        await downloads_of(buyer, order)
        async with buyer.statements() as said:
            assert len((await downloads_of(buyer, order))["items"]) == number + 1
        counts.append(len(said))
    assert counts[0] == counts[2] <= 4


@pytest.mark.parametrize("allowed", [1, 2])
async def test_how_often_is_a_setting(start_system: Any, sandbox: str, allowed: int) -> None:
    async with start_system(DOWNLOADS_PER_FILE=str(allowed)) as system:
        shelf = Shelf(await system.holyone.sign_in_as(Role.ADMIN), sandbox)
        await shelf.sell("guide", "DIGITAL")
        buyer = await system.holyone.sign_in_as()
        order = await shelf.sold(buyer)
        [item] = (await downloads_of(buyer, order))["items"]
        assert item["remaining"] == allowed
