"""An account with something open stays open."""

from datetime import timedelta

from tests.support.client import StorefrontClient, refusal
from tests.support.selling import hold, hold_and_pay, put_trip_on_sale

from sojourn.platform.kit.clock import FrozenClock


async def test_a_confirmed_booking_keeps_the_account(derlg: StorefrontClient, sandbox: str) -> None:
    traveler = await derlg.sign_in_as()
    booking = await hold_and_pay(traveler, sandbox, await put_trip_on_sale(derlg))
    answer = await traveler.delete(f"/users/{traveler.user_id}")
    assert refusal(answer, 409) == "ACCOUNT_IN_USE"
    assert answer.json()["error"]["details"] == {"references": [booking["booking_ref"]]}
    assert (await traveler.get("/auth/me")).status_code == 200


async def test_a_lapsed_hold_does_not(derlg: StorefrontClient, clock: FrozenClock) -> None:
    traveler = await derlg.sign_in_as()
    await hold(traveler, await put_trip_on_sale(derlg))
    assert refusal(await traveler.delete(f"/users/{traveler.user_id}"), 409) == "ACCOUNT_IN_USE"
    clock.advance(timedelta(minutes=15))
    assert (await traveler.delete(f"/users/{traveler.user_id}")).status_code == 200
