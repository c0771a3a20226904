"""What a customer's own page says of consultations."""

from datetime import timedelta

from tests.features.consultations.conftest import THURSDAY, Practice
from tests.support.client import StorefrontClient, read

from sojourn.platform.kit.clock import FrozenClock


async def test_the_page_shows_what_is_ahead_soonest_first(
    practice: Practice, holyone: StorefrontClient, clock: FrozenClock
) -> None:
    await practice.hours()
    customer, other = await holyone.sign_in_as(), await holyone.sign_in_as()
    order = await practice.order(customer, sessions=3)
    later = await practice.book(customer, order, THURSDAY + timedelta(hours=2))
    sooner = await practice.book(customer, order)
    dropped = await practice.book(customer, order, THURSDAY + timedelta(hours=4))
    read(await customer.post(f"/consultations/{dropped['id']}/cancel", json={}))
    await practice.book(other, await practice.order(other), THURSDAY + timedelta(hours=5))

    async def ahead() -> list[str]:
        shown = read(await customer.get("/dashboard/overview"))["upcomingConsultations"]
        assert all(one["customerName"] == "Sok Dara" and one["movesLeft"] == 2 for one in shown)
        return [one["id"] for one in shown]

    assert await ahead() == [sooner["id"], later["id"]]
    clock.advance(THURSDAY + timedelta(minutes=30) - clock.now())
    assert await ahead() == [later["id"]], "the first one is over"
