"""Papers of several customers side by side: each has those of their own money, whatever becomes of the others'."""

from typing import Any

from tests.features.invoices.conftest import payment_of, settle_jobs
from tests.support.client import StorefrontClient, read
from tests.support.selling import hold, hold_and_pay, open_intent, put_trip_on_sale

from sojourn.people.roles import Role
from sojourn.providers.work import Work
from sojourn.sales.invoices.jobs import issue_missing

FAIL = "UPDATE refunds SET status = 'FAILED' WHERE payment_id = $1"


async def papers_of(client: StorefrontClient) -> dict[str, Any]:
    found = read(await client.get("/invoices"))
    papers = {paper["kind"]: paper for paper in found}
    assert len(papers) == len(found), "one of each kind"
    return papers


async def test_each_corrects_its_own(derlg: StorefrontClient, sandbox: str, work: Work) -> None:
    admin, trip_id = await derlg.sign_in_as(Role.ADMIN), await put_trip_on_sale(derlg, seats=40)
    guests = [await derlg.sign_in_as() for _ in range(4)]
    booked = [await hold_and_pay(guest, sandbox, trip_id, people=1) for guest in guests]
    paid = [await payment_of(derlg, booking["id"]) for booking in booked]
    await open_intent(guests[0], booking_id=(await hold(guests[0], trip_id))["id"])
    for payment_id in paid[:3]:
        body = {"amount": "50.00", "reason": "The bus was late"}
        read(await admin.post(f"/payments/{payment_id}/refund", json=body), 202)
    await settle_jobs(work)
    await issue_missing(work)
    both, one = {"INVOICE", "CREDIT_NOTE"}, {"INVOICE"}
    assert [set(await papers_of(guest)) for guest in guests] == [both, both, both, one]

    for turn, guest in enumerate(guests[:2]):
        await derlg.rows(FAIL, paid[turn])
        await issue_missing(work)
        papers = await papers_of(guest)
        assert {kind: paper["corrects_id"] for kind, paper in papers.items()} == {
            "INVOICE": None, "CREDIT_NOTE": papers["INVOICE"]["id"], "DEBIT_NOTE": papers["CREDIT_NOTE"]["id"],
        }  # fmt: skip
        assert {(paper["payment_id"], paper["booking_id"]) for paper in papers.values()} == {
            (str(paid[turn]), booked[turn]["id"])
        }
        others = [set(await papers_of(other)) for other in guests[turn + 1 :]]
        assert others == [both, both, one][turn:]
    await issue_missing(work)
    assert len(await derlg.rows("SELECT id FROM invoices")) == 9
