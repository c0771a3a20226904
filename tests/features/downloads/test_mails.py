"""What a buyer of a guide is told by mail, and what not."""

import json
from datetime import timedelta

from tests.features.downloads.conftest import Shelf
from tests.support.client import StorefrontClient, read

from sojourn.care.documents.reminders import send_reminders
from sojourn.care.notifications.handlers_invoices import order_confirmed
from sojourn.platform.kit.clock import FrozenClock
from sojourn.providers.work import Work


async def test_the_confirmation_leads_to_the_download(
    shelf: Shelf, buyer: StorefrontClient, holyone_work: Work
) -> None:
    order, letter = await shelf.sold(buyer), await shelf.sold(buyer, "letter")
    for row in await buyer.rows("SELECT payload FROM pgqueuer WHERE entrypoint = 'mail.order_confirmed' ORDER BY id"):
        await order_confirmed(holyone_work, json.loads(row["payload"]))
    kept = await buyer.rows("SELECT context FROM notifications WHERE kind = 'ORDER_CONFIRMATION' ORDER BY id")
    assert [row["context"]["order_url"] for row in kept] == [
        f"https://holyonetravels.com/orders/{order['id']}/downloads",
        f"https://holyonetravels.com/orders/{letter['id']}",
    ]


async def test_nobody_is_reminded_of_what_a_guide_lists(
    shelf: Shelf, buyer: StorefrontClient, holyone_work: Work, clock: FrozenClock
) -> None:
    await shelf.sold(buyer)
    letter = await shelf.sold(buyer, "letter")
    clock.advance(timedelta(days=3))
    await send_reminders(holyone_work)
    kept = await buyer.rows("SELECT subject_id FROM notifications WHERE kind = 'DOCUMENT_REMINDER'")
    assert [str(row["subject_id"]) for row in kept] == [letter["id"]]
    status = read(await buyer.get("/dashboard/documents/status"))
    assert [shown["orderId"] for shown in status["orders"]] == [letter["id"]]
