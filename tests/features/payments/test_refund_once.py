"""A refund that is asked for again because its answer was lost is the same refund."""

from tests.support.client import StorefrontClient, read
from tests.support.selling import hold_and_pay, put_trip_on_sale

from sojourn.people.roles import Role

KEY = {"Idempotency-Key": "after-the-crash"}
PART = {"amount": "60.00", "reason": "Guide was late"}
# As a process leaves the key that dies after its commit and before it has kept the answer.
CUT_OFF = "UPDATE idempotency_keys SET status = NULL, body = NULL, locked_until = created_at - interval '1 second'"


async def test_repeated_after_a_crash_it_is_one(derlg: StorefrontClient, sandbox: str) -> None:
    traveler, admin = await derlg.sign_in_as(), await derlg.sign_in_as(Role.ADMIN)
    booking = await hold_and_pay(traveler, sandbox, await put_trip_on_sale(derlg))
    path = f"/payments/{booking['payment']['id']}/refund"
    first = read(await admin.post(path, json=PART, headers=KEY), 202)
    await derlg.rows(CUT_OFF)
    again = await admin.post(path, json=PART, headers=KEY)
    assert "Idempotent-Replayed" not in again.headers
    assert [refund["id"] for refund in read(again, 202)["refunds"]] == [refund["id"] for refund in first["refunds"]]
    assert len(await derlg.rows("SELECT FROM refunds")) == 1


async def test_another_key_or_another_admin_is_another_refund(derlg: StorefrontClient, sandbox: str) -> None:
    traveler = await derlg.sign_in_as()
    admins = [await derlg.sign_in_as(Role.ADMIN) for _ in range(2)]
    booking = await hold_and_pay(traveler, sandbox, await put_trip_on_sale(derlg))
    path = f"/payments/{booking['payment']['id']}/refund"
    for admin, key in ((admins[0], KEY), (admins[1], KEY), (admins[0], {"Idempotency-Key": "another"})):
        answer = read(await admin.post(path, json=PART, headers=key), 202)
    assert [refund["amount"] for refund in answer["refunds"]] == ["60.00"] * 3
