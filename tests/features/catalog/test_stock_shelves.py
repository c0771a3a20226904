"""Hotels, vehicles and guides: the public shelf with what is free, the calendars, and the admin's side."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from pydantic.alias_generators import to_camel
from tests.features.catalog.samples import guide, hotel, room, vehicle
from tests.support.client import StorefrontClient, faulty_fields, read, refusal
from tests.support.system import System

from sojourn.catalog.guides.models import GuideOut
from sojourn.catalog.hotels.models import HotelOut
from sojourn.catalog.transportation.models import VehicleOut
from sojourn.people.roles import Role
from sojourn.platform.kit.wire import Wire
from sojourn.platform.storefront import Module
from sojourn.storefronts import STOREFRONTS

DAY = date(2027, 1, 20)
SAMPLES = {"hotels": hotel, "transportation": vehicle, "guides": guide}
MODELS: dict[str, type[Wire]] = {"hotels": HotelOut, "transportation": VehicleOut, "guides": GuideOut}
NAMES = {"hotels": "HOTEL", "transportation": "VEHICLE", "guides": "GUIDE"}
CLAIM = """
INSERT INTO claims (resource_id, day, quantity, purchase_kind, purchase_id, expires_at, released_at, created_at)
SELECT id, $2, $3, 'BOOKING', gen_random_uuid(), $4, NULL, $5 FROM resources WHERE owner_id = $1::uuid
"""


def in_days(days: int) -> str:
    return (DAY + timedelta(days=days)).isoformat()


async def add(agency: StorefrontClient, shelf: str, slug: str, **changes: Any) -> Any:
    return read(await agency.post(f"/{shelf}", json=SAMPLES[shelf](slug, **changes)), 201)


async def take(
    client: StorefrontClient, owner_id: str, *, day: int, quantity: int = 1, minutes: int | None = None
) -> None:
    """A claim; one that lapses in `minutes`, if said."""
    now = client.runtime.clock.now()
    until = None if minutes is None else now + timedelta(minutes=minutes)
    async with client.database.read() as connection:
        await connection.execute(CLAIM, owner_id, DAY + timedelta(days=day), quantity, until, now)


async def slugs(client: StorefrontClient, path: str, **asked: str | int) -> list[str]:
    return [entry["slug"] for entry in read(await client.get(path, params=asked))]


@pytest.mark.parametrize("shelf", SAMPLES)
class TestEveryShelf:
    async def test_what_was_sent_is_shown_by_id_and_slug(
        self, derlg: StorefrontClient, agency: StorefrontClient, shelf: str
    ) -> None:
        made = await add(agency, shelf, "first")
        MODELS[shelf].model_validate(made)
        sent = SAMPLES[shelf]("first")
        assert made["cancellation_policy"]["name"] == sent["cancellation_policy"]
        plain = {k: v for k, v in sent.items() if k not in {"cancellation_policy", "rooms"}}
        assert {name: made[name] for name in plain} == plain
        for name in (made["id"], "first"):
            assert read(await derlg.get(f"/{shelf}/{name}")) == made
        assert await slugs(derlg, f"/{shelf}") == ["first"]

    async def test_one_statement_a_list(self, derlg: StorefrontClient, agency: StorefrontClient, shelf: str) -> None:
        await add(agency, shelf, "first")
        await slugs(derlg, f"/{shelf}", per_page=7)
        async with derlg.statements() as said:
            assert await slugs(derlg, f"/{shelf}", per_page=8) == ["first"]
        assert len(said) == 1

    async def test_changes_are_seen_at_once_and_never_lost(
        self, derlg: StorefrontClient, agency: StorefrontClient, shelf: str
    ) -> None:
        made = await add(agency, shelf, "first")
        assert await slugs(derlg, f"/{shelf}") == ["first"]
        path = f"/{shelf}/{made['id']}"
        changed = read(await agency.patch(path, json={"version": 1, "slug": "second"}))
        assert {name for name in made if made[name] != changed[name]} <= {"slug", "version", "updated_at"}
        assert await slugs(derlg, f"/{shelf}") == ["second"]
        assert refusal(await agency.patch(path, json={"version": 1, "slug": "third"}), 409) == "VERSION_CONFLICT"
        assert refusal(await agency.post(f"/{shelf}", json=SAMPLES[shelf]("second")), 409) == "SLUG_TAKEN"
        acts = await derlg.rows("SELECT action FROM audit_entries WHERE subject_id = $1", made["id"])
        noun = NAMES[shelf].lower()
        assert {act["action"] for act in acts} == {f"{noun}.created", f"{noun}.changed"}

    async def test_retiring_takes_it_and_its_stock_off_sale(
        self, derlg: StorefrontClient, agency: StorefrontClient, shelf: str
    ) -> None:
        made = await add(agency, shelf, "first")
        path = f"/{shelf}/{made['id']}"
        read(await agency.delete(path))
        assert refusal(await derlg.get(path), 404) == f"{NAMES[shelf]}_NOT_FOUND"
        assert await slugs(derlg, f"/{shelf}") == []
        assert await slugs(agency, f"/admin/{shelf}", is_active=False) == ["first"]
        assert await derlg.rows("SELECT 1 FROM resources WHERE is_active") == []
        read(await agency.patch(path, json={"is_active": True}))
        assert await slugs(derlg, f"/{shelf}") == ["first"]

    async def test_only_admins_write(self, derlg: StorefrontClient, shelf: str) -> None:
        body, path = SAMPLES[shelf](), f"/{shelf}/{uuid4()}"
        traveler = await derlg.sign_in_as()
        for client, status in ((derlg, 401), (traveler, 403)):
            refusal(await client.post(f"/{shelf}", json=body), status)
            refusal(await client.patch(path, json={}), status)
            refusal(await client.delete(path), status)
            refusal(await client.get(f"/admin/{shelf}"), status)

    async def test_what_is_not_there(self, derlg: StorefrontClient, agency: StorefrontClient, shelf: str) -> None:
        code = f"{NAMES[shelf]}_NOT_FOUND"
        for name in ("nowhere", str(uuid4())):
            assert refusal(await derlg.get(f"/{shelf}/{name}"), 404) == code
            asked = {"from": in_days(0), "to": in_days(1)}
            assert refusal(await derlg.get(f"/{shelf}/{name}/availability", params=asked), 404) == code
        assert refusal(await agency.patch(f"/{shelf}/{uuid4()}", json={"slug": "x"}), 404) == code
        assert refusal(await agency.delete(f"/{shelf}/{uuid4()}"), 404) == code

    async def test_a_calendar_is_at_most_92_days(self, derlg: StorefrontClient, shelf: str) -> None:
        for last in (-1, 92):
            asked = {"from": in_days(0), "to": in_days(last)}
            assert faulty_fields(await derlg.get(f"/{shelf}/any/availability", params=asked)) == ["to"]


class TestHotels:
    async def test_only_with_a_room_free_every_night(self, derlg: StorefrontClient, agency: StorefrontClient) -> None:
        made = await add(agency, "hotels", "full", rooms=[room(count=2)])
        await add(agency, "hotels", "open", stars=3, rooms=[room(count=2)])
        await take(derlg, made["rooms"][0]["id"], day=1, quantity=2)
        nights = {"check_in": in_days(0), "check_out": in_days(2)}
        assert await slugs(derlg, "/hotels", **nights) == ["open"]
        assert await slugs(derlg, "/hotels", check_in=in_days(0), check_out=in_days(1)) == ["full", "open"]
        assert await slugs(derlg, "/hotels", check_in=in_days(2), check_out=in_days(4), rooms=2) == ["full", "open"]
        assert await slugs(derlg, "/hotels", **nights, rooms=3) == []

    async def test_says_how_many_are_left_and_is_never_kept(
        self, derlg: StorefrontClient, agency: StorefrontClient
    ) -> None:
        made = await add(agency, "hotels", "first")
        nights = {"check_in": in_days(0), "check_out": in_days(2)}
        for taken in (0, 1):
            (shown,) = read(await derlg.get("/hotels", params=nights))
            assert [(r["key"], r["available"]) for r in shown["rooms"]] == [("double", 3 - taken), ("family", 1)]
            await take(derlg, made["rooms"][0]["id"], day=1)
        assert read(await derlg.get("/hotels"))[0]["rooms"][0]["available"] is None

    async def test_filters(self, derlg: StorefrontClient, agency: StorefrontClient) -> None:
        await add(agency, "hotels", "river")
        inn = [room(max_guests=1, nightly_rate_usd="20.00")]
        await add(agency, "hotels", "inn", name_zh="客栈", province="Kep", stars=2, rooms=inn)
        for asked, found in (
            ({"province": "siem-reap"}, ["river"]), ({"province": "Kep"}, ["inn"]), ({"stars": 4}, ["river"]),
            ({"min_stars": 2}, ["river", "inn"]), ({"max_price": "30"}, ["inn"]), ({"min_price": "95"}, ["river"]),
            ({"guests": 4}, ["river"]), ({"guests": 2, "rooms": 2}, ["river", "inn"]), ({"q": "客栈"}, ["inn"]),
            ({"max_price": "60", "guests": 4}, []), ({"sort": "price_asc"}, ["inn", "river"]),
            ({"sort": "price_desc"}, ["river", "inn"]),
        ):  # fmt: skip
            assert await slugs(derlg, "/hotels", **asked) == found, asked
        assert faulty_fields(await derlg.get("/hotels", params={"check_in": in_days(0)})) == ["check_out"]
        same = {"check_in": in_days(0), "check_out": in_days(0)}
        assert faulty_fields(await derlg.get("/hotels", params=same)) == ["check_out"]

    async def test_three_languages(self, derlg: StorefrontClient, agency: StorefrontClient) -> None:
        await add(agency, "hotels", "first")
        shown = read(await derlg.get("/hotels/first?language=kh"))
        assert (shown["display_name"], shown["rooms"][0]["display_name"]) == ("សួនមាត់ទន្លេ", "បន្ទប់គ្រែធំ")
        chinese = read(await derlg.get("/hotels/first", headers={"Accept-Language": "zh-CN"}))
        assert (chinese["display_name"], chinese["display_description"]) == ("河畔花园", "Quiet rooms by the river.")

    async def test_a_room_left_out_is_retired_and_comes_back_as_the_same(
        self, derlg: StorefrontClient, agency: StorefrontClient
    ) -> None:
        made = await add(agency, "hotels", "first")
        path = f"/hotels/{made['id']}"
        fewer = read(await agency.patch(path, json={"rooms": [room("family", count=5)]}))
        assert [(r["id"], r["count"]) for r in fewer["rooms"]] == [(made["rooms"][1]["id"], 5)]
        stock = await derlg.rows("SELECT capacity, is_active FROM resources ORDER BY capacity")
        assert [(row["capacity"], row["is_active"]) for row in stock] == [(3, False), (5, True)]
        back = read(await agency.patch(path, json={"rooms": [room("double"), room("family")]}))
        assert [r["id"] for r in back["rooms"]] == [r["id"] for r in made["rooms"]]

    async def test_calendar_of_nights(self, derlg: StorefrontClient, agency: StorefrontClient) -> None:
        made = await add(agency, "hotels", "first")
        await take(derlg, made["rooms"][0]["id"], day=0, quantity=2)
        await take(derlg, made["rooms"][0]["id"], day=1, minutes=5)
        await take(derlg, made["rooms"][1]["id"], day=1, minutes=-5)
        asked = {"from": in_days(0), "to": in_days(1)}
        double, family = read(await derlg.get("/hotels/first/availability", params=asked))
        assert (double["hotel_room_id"], double["key"]) == (made["rooms"][0]["id"], "double")
        assert [(day["day"], day["capacity"], day["available"]) for day in double["days"]] == [
            (in_days(0), 3, 1), (in_days(1), 3, 2),
        ]  # fmt: skip
        assert [day["available"] for day in family["days"]] == [1, 1]

    async def test_refuses_what_does_not_fit(self, agency: StorefrontClient) -> None:
        for wrong, field in (
            ({"rooms": []}, "rooms"), ({"rooms": [room(), room()]}, "rooms"), ({"latitude": None}, "latitude"),
            ({"check_in_time": "25:00"}, "check_in_time"), ({"stars": 0}, "stars"), ({"colour": "red"}, "colour"),
        ):  # fmt: skip
            assert faulty_fields(await agency.post("/hotels", json=hotel(**wrong))) == [field]


class TestVehicles:
    async def test_only_what_is_free_that_day(self, derlg: StorefrontClient, agency: StorefrontClient) -> None:
        made = await add(agency, "transportation", "busy", fleet_count=2)
        await add(agency, "transportation", "idle", daily_rate_usd="99.00")
        await take(derlg, made["id"], day=1, quantity=2)
        await take(derlg, made["id"], day=3, quantity=2, minutes=-1)
        path = "/transportation"
        for first, last, found in (
            (0, None, ["busy", "idle"]), (1, None, ["idle"]), (3, None, ["busy", "idle"]), (0, 1, ["idle"]),
            (2, 4, ["busy", "idle"]),
        ):  # fmt: skip
            asked = {"travel_date": in_days(first)} | ({} if last is None else {"end_date": in_days(last)})
            assert await slugs(derlg, path, **asked) == found
        assert faulty_fields(await derlg.get(path, params={"end_date": in_days(0)})) == ["travel_date"]
        crossed = {"travel_date": in_days(1), "end_date": in_days(0)}
        assert faulty_fields(await derlg.get(path, params=crossed)) == ["end_date"]

    async def test_filters(self, derlg: StorefrontClient, agency: StorefrontClient) -> None:
        await add(agency, "transportation", "van")
        await add(
            agency, "transportation", "tuk-tuk", category="TUK_TUK", capacity=4, daily_rate_usd="18", province="Kep"
        )
        for asked, found in (
            ({"category": "VAN"}, ["van"]), ({"min_capacity": 5}, ["van"]), ({"province": "kep"}, ["tuk-tuk"]),
            ({"max_price": "20"}, ["tuk-tuk"]), ({"q": "面包"}, ["tuk-tuk", "van"]),
            ({"sort": "capacity"}, ["tuk-tuk", "van"]),
        ):  # fmt: skip
            assert await slugs(derlg, "/transportation", **asked) == found, asked
        assert faulty_fields(await derlg.get("/transportation?category=PLANE")) == ["category"]

    async def test_refuses_the_same_transfer_twice(self, agency: StorefrontClient) -> None:
        ride = {"from_place": "A", "to_place": "B", "price_usd": "10.00"}
        body = vehicle(transfers=[ride, {**ride, "price_usd": "11.00"}])
        assert faulty_fields(await agency.post("/transportation", json=body)) == ["transfers"]


class TestGuides:
    async def test_by_language_province_and_date(self, derlg: StorefrontClient, agency: StorefrontClient) -> None:
        chinese = await add(agency, "guides", "chinese", languages=["ZH", "KH"])
        await add(agency, "guides", "french", languages=["fr"], provinces=["Kep", "Kampot"], years_experience=2)
        await take(derlg, chinese["id"], day=1)
        for asked, found in (
            ({"language": "zh"}, ["chinese"]), ({"language": "FR"}, ["french"]), ({"language": "ko"}, []),
            ({"language": "km"}, ["chinese"]), ({"language": "KH"}, ["chinese"]), ({"language": "km-KH"}, ["chinese"]),
            ({"province": "kampot"}, ["french"]), ({"available_date": in_days(0)}, ["chinese", "french"]),
            ({"available_date": in_days(1)}, ["french"]), ({"available_date": in_days(1), "language": "zh"}, []),
            ({"people": 12}, ["chinese", "french"]), ({"people": 13}, []), ({"max_price": "54.99"}, []),
        ):  # fmt: skip
            assert await slugs(derlg, "/guides", **asked) == found, asked
        repeated = await agency.post("/guides", json=guide("third", languages=["km", "KH"]))
        assert faulty_fields(repeated) == ["languages"]
        (shown,) = read(await derlg.get("/guides?language=zh&display_language=zh"))
        assert shown["display_bio"] == "把巴戎寺浮雕讲成故事书。"
        days = read(await derlg.get("/guides/chinese/availability", params={"from": in_days(0), "to": in_days(2)}))
        assert [day["available"] for day in days] == [1, 0, 1]


async def test_switched_on_in_holyone_they_answer_in_its_casing(
    start_system: Callable[..., AbstractAsyncContextManager[System]], monkeypatch: pytest.MonkeyPatch
) -> None:
    modules = STOREFRONTS["holyone"].modules | {Module.HOTELS, Module.TRANSPORTATION, Module.GUIDES}
    monkeypatch.setitem(STOREFRONTS, "holyone", replace(STOREFRONTS["holyone"], modules=modules))
    async with start_system() as system:
        office = await system.holyone.sign_in_as(Role.ADMIN)
        body = {to_camel(name): value for name, value in guide().items()}
        made = read(await office.post("/guides", json=body), 201)
        assert (made["dailyRateUsd"], made["maxGroup"]) == ("55.00", 12)
        (shown,) = read(await system.holyone.get("/guides", params={"availableDate": in_days(0)}))["items"]
        assert shown == made
