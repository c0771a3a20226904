"""Codes to pay by: what is asked for, how often a new one is made, who may see it."""

from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import md5
from io import BytesIO

import httpx
import pytest
from PIL import Image
from tests.conftest import StartSystem
from tests.support.client import StorefrontClient, faulty_fields, read, refusal
from tests.support.khqr import open_qr
from tests.support.selling import hold, hold_and_pay, open_intent, put_trip_on_sale

from sojourn.people.roles import Role
from sojourn.platform.kit.clock import FrozenClock


def fields(text: str) -> dict[str, str]:
    found = {}
    while text:
        found[text[:2]] = text[4 : 4 + int(text[2:4])]
        text = text[4 + int(text[2:4]) :]
    return found


async def held(derlg: StorefrontClient) -> tuple[StorefrontClient, str]:
    traveler = await derlg.sign_in_as()
    return traveler, (await hold(traveler, await put_trip_on_sale(derlg, price="100.40")))["id"]


async def test_asks_for_exactly_what_is_due_until_the_hold_ends(derlg: StorefrontClient, clock: FrozenClock) -> None:
    traveler, booking_id = await held(derlg)
    booking = read(await traveler.get(f"/bookings/{booking_id}"))
    code = await open_qr(traveler, booking_id=booking_id)
    asked = fields(code["qr_string"])
    assert (asked["01"], asked["53"], asked["54"], asked["58"]) == ("12", "840", "200.80", "KH")
    assert fields(asked["29"])["00"] == "derlg@devb"
    assert fields(asked["62"])["01"] == booking["booking_ref"]
    life = {tag: int(ms) / 1000 for tag, ms in fields(asked["99"]).items()}
    ends = datetime.fromisoformat(booking["reserved_until"]).timestamp()
    assert life == {"00": clock.now().timestamp(), "01": ends}
    assert code["md5"] == md5(code["qr_string"].encode(), usedforsecurity=False).hexdigest()
    assert (code["amount"], code["currency"], code["amount_usd"]) == ("200.80", "USD", "200.80")
    assert datetime.fromisoformat(code["expires_at"]).timestamp() == ends
    assert (code["status"], code["exchange_rate"]) == ("PENDING", None)
    payment = read(await traveler.get(f"/payments/{code['payment_id']}"))
    assert (payment["payment_method"], payment["qr_code_url"]) == ("BAKONG_QR", code["qr_code_url"])
    assert payment["stripe_payment_intent_id"] is None
    shown = read(await traveler.get(f"/bookings/{booking_id}"))["payment"]
    assert (shown["stripe_payment_intent_id"], shown["amount_usd"]) == (None, "200.80")
    assert read(await traveler.get("/payments"))[0]["qr_code_url"] == code["qr_code_url"]


async def test_the_same_code_is_answered_again(derlg: StorefrontClient, clock: FrozenClock) -> None:
    traveler, booking_id = await held(derlg)
    first = await open_qr(traveler, booking_id=booking_id)
    clock.advance(timedelta(minutes=10))
    assert await open_qr(traveler, booking_id=booking_id) == first
    assert len(await derlg.rows("SELECT id FROM payments")) == 1


async def test_a_longer_hold_or_another_price_needs_another_code(derlg: StorefrontClient) -> None:
    traveler, booking_id = await held(derlg)
    first = await open_qr(traveler, booking_id=booking_id)
    read(await traveler.post(f"/bookings/{booking_id}/extend"))
    longer = await open_qr(traveler, booking_id=booking_id)
    assert longer["expires_at"] > first["expires_at"]
    read(await traveler.patch(f"/bookings/{booking_id}", json={"people_count": 1}))
    cheaper = await open_qr(traveler, booking_id=booking_id)
    assert cheaper["amount"] == "100.40"
    rows = await derlg.rows("SELECT failure_code FROM payments ORDER BY created_at, id")
    assert [row["failure_code"] for row in rows] == ["superseded", "superseded", None]


async def test_a_code_and_a_card_take_each_others_place(derlg: StorefrontClient) -> None:
    traveler, booking_id = await held(derlg)
    by_code = await open_qr(traveler, booking_id=booking_id)
    by_card = await open_intent(traveler, booking_id=booking_id)
    again = await open_qr(traveler, booking_id=booking_id)
    assert len({by_code["payment_id"], by_card["payment_id"], again["payment_id"]}) == 3
    # Made in the same instant for the same sum, and yet two: each is asked about by its own digest.
    assert again["md5"] != by_code["md5"]
    assert await derlg.rows("SELECT count(*) FROM payments WHERE closed_at IS NULL") == [{"count": 1}]
    kinds = await derlg.rows("SELECT count(*) FROM pgqueuer WHERE entrypoint = 'payments.cancel_intent'")
    assert kinds == [{"count": 2}]


async def test_riel_are_rounded_up_to_a_hundred_and_their_rate_is_kept(derlg: StorefrontClient) -> None:
    traveler, booking_id = await held(derlg)
    code = await open_qr(traveler, booking_id=booking_id, currency="KHR")
    rate = Decimal(code["exchange_rate"])
    amount = Decimal(code["amount"])
    assert (code["currency"], code["amount_usd"]) == ("KHR", "200.80")
    assert amount % 100 == 0
    assert Decimal("200.80") * rate <= amount < Decimal("200.80") * rate + 100
    assert code["rate_as_of"] is not None
    asked = fields(code["qr_string"])
    assert (asked["53"], asked["54"]) == ("116", f"{amount:.0f}")
    payment = read(await traveler.get(f"/payments/{code['payment_id']}"))
    assert (payment["currency"], payment["amount"], payment["amount_usd"]) == ("KHR", code["amount"], "200.80")
    assert Decimal(payment["exchange_rate"]) == rate
    assert await open_qr(traveler, booking_id=booking_id, currency="KHR") == code
    in_dollars = await open_qr(traveler, booking_id=booking_id)
    assert (in_dollars["currency"], in_dollars["exchange_rate"]) == ("USD", None)


async def test_refuses_what_cannot_be_paid(derlg: StorefrontClient, bank: str, clock: FrozenClock) -> None:
    trip_id = await put_trip_on_sale(derlg)
    traveler, other = await derlg.sign_in_as(), await derlg.sign_in_as()
    waiting, gone = await hold(traveler, trip_id), await hold(traveler, trip_id)
    paid = await hold_and_pay(traveler, bank, trip_id)
    read(await traveler.delete(f"/bookings/{gone['id']}"))

    async def code(client: StorefrontClient, booking_id: str, status: int) -> str:
        return refusal(await client.post("/payments/qr", json={"booking_id": booking_id}), status)

    assert await code(traveler, paid["id"], 409) == "ALREADY_PAID"
    assert await code(traveler, gone["id"], 409) == "PURCHASE_CANCELLED"
    assert await code(other, waiting["id"], 404) == "PURCHASE_NOT_FOUND"
    clock.advance(timedelta(minutes=15))
    assert await code(traveler, waiting["id"], 409) == "HOLD_EXPIRED"
    assert faulty_fields(await traveler.post("/payments/qr", json={"booking_id": waiting["id"], "currency": "THB"}))
    assert faulty_fields(await traveler.post("/payments/qr", json={})) == ["booking_id"]


async def test_a_price_in_another_currency_is_not_paid_by_code(derlg: StorefrontClient) -> None:
    traveler, booking_id = await held(derlg)
    await derlg.rows("UPDATE bookings SET currency = 'EUR'")
    answer = await traveler.post("/payments/qr", json={"booking_id": booking_id})
    assert faulty_fields(answer) == ["currency"]


async def test_a_price_that_no_code_can_carry_is_refused(derlg: StorefrontClient) -> None:
    traveler, booking_id = await held(derlg)
    await derlg.rows("UPDATE bookings SET booking_ref = 'DL-\u0007'")
    answer = await traveler.post("/payments/qr", json={"booking_id": booking_id})
    assert refusal(answer, 422) == "PAYMENT_PROVIDER_REFUSED"
    assert await derlg.rows("SELECT id FROM payments") == []


async def test_no_rate_no_riel(start_system: StartSystem) -> None:
    async with start_system(DERLG_EXCHANGE_RATE_API_KEY="", EXCHANGE_RATE_API_KEY="") as system:
        traveler, booking_id = await held(system.derlg)
        answer = await traveler.post("/payments/qr", json={"booking_id": booking_id, "currency": "KHR"})
        assert refusal(answer, 503) == "EXCHANGE_RATE_UNAVAILABLE"
        assert (await open_qr(traveler, booking_id=booking_id))["currency"] == "USD"


async def test_no_token_no_codes(start_system: StartSystem) -> None:
    async with start_system(DERLG_BAKONG_TOKEN="") as system:
        traveler, booking_id = await held(system.derlg)
        answer = await traveler.post("/payments/qr", json={"booking_id": booking_id})
        assert refusal(answer, 503) == "QR_NOT_AVAILABLE"
        intent = await open_intent(traveler, booking_id=booking_id)
        status = read(await traveler.get(f"/payments/{intent['payment_id']}/status"))
        assert (status["status"], status["expires_at"]) == ("PENDING", None)


class TestPictures:
    async def test_are_drawn_for_the_owner_only(self, derlg: StorefrontClient) -> None:
        traveler, booking_id = await held(derlg)
        code = await open_qr(traveler, booking_id=booking_id)
        path = f"/payments/{code['payment_id']}/qr"
        for ending, url in (("png", code["qr_code_url"]), ("svg", code["qr_svg_url"])):
            there, key = url.split("?key=")
            assert there.endswith(f"/v1{path}.{ending}")
            shown = await derlg.visitor().get(f"{path}.{ending}", params={"key": key})  # as an <img> asks
            assert shown.content == (await picture(traveler, code, ending)).content
            for wrong in (key[:-1], key[::-1], "", "é" * 32):
                answer = await derlg.visitor().get(f"{path}.{ending}", params={"key": wrong})
                assert refusal(answer, 401) == "NOT_AUTHENTICATED"
        for who in (await derlg.sign_in_as(), await derlg.sign_in_as(Role.ADMIN)):
            assert refusal(await who.get(f"{path}.png"), 404) == "PAYMENT_NOT_FOUND"
            assert refusal(await who.get(f"{path}.svg"), 404) == "PAYMENT_NOT_FOUND"
        assert refusal(await derlg.get(f"{path}.png"), 401) == "NOT_AUTHENTICATED"

    async def test_show_the_code(self, derlg: StorefrontClient) -> None:
        traveler, booking_id = await held(derlg)
        code = await open_qr(traveler, booking_id=booking_id)
        png = await picture(traveler, code, "png")
        svg = await picture(traveler, code, "svg")
        assert (png.headers["content-type"], svg.headers["content-type"]) == ("image/png", "image/svg+xml")
        assert png.headers["cache-control"] == "private, no-store"
        drawn = Image.open(BytesIO(png.content)).convert("1")
        side = drawn.width
        assert drawn.height == side
        assert 300 < side < 700
        assert drawn.getpixel((0, 0)) == 255  # the quiet border
        assert drawn.getpixel((4 * 8, 4 * 8)) == 0  # the first corner mark
        assert "<path" in svg.text
        assert "<script" not in svg.text

    async def test_a_card_has_none(self, derlg: StorefrontClient) -> None:
        traveler, booking_id = await held(derlg)
        intent = await open_intent(traveler, booking_id=booking_id)
        answer = await traveler.get(f"/payments/{intent['payment_id']}/qr.png")
        assert refusal(answer, 404) == "PAYMENT_NOT_FOUND"


async def picture(client: StorefrontClient, code: dict[str, str], ending: str) -> httpx.Response:
    answer = await client.get(f"/payments/{code['payment_id']}/qr.{ending}")
    assert answer.status_code == 200
    return answer


@pytest.mark.parametrize("wrong", ["nobank", "x" * 40 + "@devb"])
async def test_an_account_that_cannot_be_paid_stops_the_start(start_system: StartSystem, wrong: str) -> None:
    with pytest.raises(Exception, match="BAKONG"):
        async with start_system(DERLG_BAKONG_ACCOUNT_ID=wrong):
            pass
