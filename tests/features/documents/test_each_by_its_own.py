"""When documents go and when customers are reminded: each by its own order and its own owner."""

from datetime import timedelta

from tests.features.documents.conftest import Office, handed_in, pdf
from tests.support.client import StorefrontClient

from sojourn.care.documents import retention
from sojourn.care.documents.reminders import send_reminders
from sojourn.platform.kit.clock import FrozenClock
from sojourn.providers.work import Work

_ERASE = "UPDATE users SET deleted_at = now() WHERE id = $1"
_REMINDED = (
    "SELECT subject_id::text AS order_id, count(*) FROM notifications WHERE kind = 'DOCUMENT_REMINDER' GROUP BY 1"
)


async def test_documents_go_by_their_own_case(
    office: Office, customer: StorefrontClient, holyone: StorefrontClient, clock: FrozenClock, holyone_work: Work
) -> None:
    erased, now = await holyone.sign_in_as(), clock.now()
    kept: dict[str, str] = {}
    for who, status in ((customer, "COMPLETED"), (customer, "CANCELLED"), (customer, "CONFIRMED"), (erased, "PENDING")):
        order = await office.order(who)
        document = await handed_in(who, pdf(), orderId=order["id"], category="PASSPORT")
        ended = "completed_at" if status == "COMPLETED" else "cancelled_at"
        moment = None if status in ("CONFIRMED", "PENDING") else now
        await holyone.rows(f"UPDATE orders SET status = $2, {ended} = $3 WHERE id = $1", order["id"], status, moment)
        kept[status] = document["id"]
    await holyone.rows(_ERASE, erased.user_id)
    clock.advance(timedelta(days=90))
    young = await handed_in(customer, pdf("young"), category="OTHER")
    async with holyone.database.read() as connection:
        told = [
            (line.reason, line.goes, line.documents) for line in await retention.report(connection, now=clock.now())
        ]
    assert told == [
        ("ACCOUNT_ERASED", True, 1), ("CASE_CLOSED", True, 2), ("ORDER_OPEN", False, 1), ("YOUNG", False, 1),
    ]  # fmt: skip
    assert await retention.delete_due(holyone_work) == 3
    left = await holyone.rows("SELECT id::text FROM documents")
    assert {row["id"] for row in left} == {kept["CONFIRMED"], young["id"]}
    trail = await holyone.rows(
        "SELECT subject_id::text AS id, detail FROM audit_entries WHERE action = 'document.expired'"
    )
    assert {row["id"]: row["detail"]["reason"] for row in trail} == {
        kept["COMPLETED"]: "CASE_CLOSED", kept["CANCELLED"]: "CASE_CLOSED", kept["PENDING"]: "ACCOUNT_ERASED",
    }  # fmt: skip


async def test_customers_are_reminded_by_their_own_order(
    office: Office, customer: StorefrontClient, holyone: StorefrontClient, clock: FrozenClock, holyone_work: Work
) -> None:
    erased = await holyone.sign_in_as()
    orders = {}
    for who, status, kind in (
        (customer, "CONFIRMED", "MAIN"), (customer, "IN_PROGRESS", "MAIN"), (await holyone.sign_in_as(), "CONFIRMED",
        "MICRO"), (customer, "CONFIRMED", "DIGITAL"), (customer, "CANCELLED", "MAIN"), (erased, "CONFIRMED", "MAIN"),
    ):  # fmt: skip
        order = await office.order(who)
        change = "UPDATE orders SET status = $2, service_type = $3 WHERE id = $1"
        await holyone.rows(change, order["id"], status, kind)
        orders[order["id"]] = who is not erased and kind != "DIGITAL" and status != "CANCELLED"
    await holyone.rows(_ERASE, erased.user_id)
    later, hour = await office.order(customer), timedelta(hours=1)
    await holyone.rows("UPDATE orders SET confirmed_at = confirmed_at + $2 WHERE id = $1", later["id"], hour)
    for days, times in ((3, 1), (4, 2), (7, 3)):  # after 3, 7 and 14 days in all, at the very moment
        clock.advance(timedelta(days=days, microseconds=-1) - (hour if times > 1 else timedelta(0)))
        await send_reminders(holyone_work)
        clock.advance(timedelta(microseconds=1))
        for _ in range(2):
            await send_reminders(holyone_work)
        reminded = {row["order_id"]: row["count"] for row in await holyone.rows(_REMINDED)}
        assert reminded.pop(later["id"], 0) == times - 1
        assert reminded == {order_id: times for order_id, is_due in orders.items() if is_due}
        clock.advance(hour)
        await send_reminders(holyone_work)
        assert {row["order_id"]: row["count"] for row in await holyone.rows(_REMINDED)}[later["id"]] == times
