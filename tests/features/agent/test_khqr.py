"""A KHQR code from the agent, and the student's price."""

from tests.features.agent.conftest import use
from tests.support.client import StorefrontClient, read, refusal
from tests.support.selling import MORE, TRAVEL_DATE, put_trip_on_sale


async def test_a_code_for_a_held_booking(agent: StorefrontClient, derlg: StorefrontClient) -> None:
    trip_id = await put_trip_on_sale(derlg, seats=4)
    wish = {"trip_id": str(trip_id), "travel_date": TRAVEL_DATE.isoformat(), "people_count": 2, **MORE}
    held = read(await use(agent, "create_booking", **wish))
    code = read(await use(agent, "generate_qr", booking_id=held["booking_ref"]))
    assert code["qr_string"].startswith("000201")
    assert (code["amount"], code["currency"], code["amount_usd"]) == ("200.00", "USD", "200.00")
    again = read(await use(agent, "generate_qr", booking_id=held["id"]))
    assert again["payment_id"] == code["payment_id"]
    riel = read(await use(agent, "generate_qr", booking_id=held["id"], currency="KHR"))
    assert (riel["currency"], riel["amount_usd"]) == ("KHR", "200.00")
    assert refusal(await use(agent, "generate_qr", booking_id="DL-NOTHING8"), 404) == "BOOKING_NOT_FOUND"
    assert read(await use(agent, "get_payment_status", booking_id=held["id"]))["is_paid"] is False


async def test_whether_the_customer_is_a_student(agent: StorefrontClient) -> None:
    status = read(await use(agent, "get_student_status"))
    assert (status["is_student"], status["discount_percent"], status["verification"]) == (False, 10, None)
