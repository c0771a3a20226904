"""How an agency changes its trips: what is refused and by which field, and that nothing is lost on the way."""

import asyncio
import json
from decimal import Decimal
from typing import Any

import pytest
from tests.features.catalog.samples import trip
from tests.support.client import StorefrontClient, faulty_fields, read, refusal

from sojourn.people.roles import Role


async def made(agency: StorefrontClient, slug: str = "angkor-sunrise", **fields: Any) -> dict[str, Any]:
    shown: dict[str, Any] = read(await agency.post("/trips", json=trip(slug, **fields)), 201)
    return shown


async def seats(client: StorefrontClient, trip_id: str) -> list[tuple[str, int, bool]]:
    rows = await client.rows("SELECT * FROM resources WHERE kind = 'DEPARTURE' AND owner_id = $1", trip_id)
    return [(row["name"], row["capacity"], row["is_active"]) for row in rows]


async def test_a_new_trip_is_shown_as_it_was_sent(agency: StorefrontClient, derlg: StorefrontClient) -> None:
    sent = trip()
    shown = await made(agency)
    policy = {"name": "MODERATE", "tiers": shown["cancellation_policy"]["tiers"]}
    full_title = {"en": "Single room", "km": None, "zh": None}
    expected = {
        **sent,
        "summary_zh": None,
        "cancellation_policy": policy,
        "options": [{**sent["options"][0], "title": full_title}],
    }
    assert {name: shown[name] for name in expected} == expected
    assert (shown["version"], shown["avg_rating"], shown["review_count"]) == (1, None, 0)
    assert read(await derlg.get(f"/trips/{shown['id']}")) == shown
    assert await seats(derlg, shown["id"]) == [("Angkor sunrise", 24, True)]


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"price_per_person_usd": "0"}, ["price_per_person_usd"]),
        ({"price_per_person_usd": "-5"}, ["price_per_person_usd"]),
        ({"price_per_person_usd": "10000000000"}, ["price_per_person_usd"]),
        ({"price_per_person_usd": "1.005"}, ["price_per_person_usd"]),
        ({"price_per_person_usd": "NaN"}, ["price_per_person_usd"]),
        ({"price_per_person_usd": None}, ["price_per_person_usd"]),
        ({"price_per_person_usd": "1" * 5000}, ["price_per_person_usd"]),
        ({"non_refundable_fee_usd": "289.01"}, ["non_refundable_fee_usd"]),
        ({"non_refundable_fee_usd": "-1"}, ["non_refundable_fee_usd"]),
        ({"environment": "DESERT"}, ["environment"]),
        ({"environment": "temple"}, ["environment"]),
        ({"mood_tags": ["grumpy"]}, ["mood_tags.0"]),
        ({"languages": []}, ["languages"]),
        ({"languages": ["fr"]}, ["languages.0"]),
        ({"duration_days": 0}, ["duration_days"]),
        ({"duration_days": 61}, ["duration_days"]),
        ({"duration_days": 3}, ["itinerary"]),
        ({"min_people": 13}, ["max_people"]),
        ({"capacity_per_departure": 1}, ["capacity_per_departure"]),
        ({"capacity_per_departure": 0}, ["capacity_per_departure"]),
        ({"max_people": 2**40}, ["max_people"]),
        ({"cancellation_policy": "GENEROUS"}, ["cancellation_policy"]),
        ({"transport_type": "HELICOPTER"}, ["transport_type"]),
        ({"latitude": 91}, ["latitude"]),
        ({"latitude": None}, ["latitude"]),
        ({"longitude": None}, ["longitude"]),
        ({"images": ["javascript:alert(1)"]}, ["images.0"]),
        ({"images": ["no address"]}, ["images.0"]),
        ({"slug": "Angkor"}, ["slug"]),
        ({"slug": "featured"}, ["slug"]),
        ({"slug": "01a1fff1-ef94-7f60-83d2-5224bf069311"}, ["slug"]),
        ({"slug": "x" * 121}, ["slug"]),
        ({"title": " "}, ["title"]),
        ({"title": "x" * 201}, ["title"]),
        ({"destination": "x" * 101}, ["destination"]),
        ({"avg_rating": 5}, ["avg_rating"]),
        ({"id": "x"}, ["id"]),
        (
            {"options": [{"key": "a", "title": {"en": "A"}, "price_usd": "-1", "per": "PERSON"}]},
            ["options.0.price_usd"],
        ),
        ({"options": [{"key": "a", "title": {"en": "A"}, "price_usd": "1", "per": "DAY"}]}, ["options.0.per"]),
        ({"options": [{"key": "a", "title": {"en": "A"}, "price_usd": "1", "per": "PERSON"}] * 2}, ["options"]),
        ({"itinerary": [{"day": 1, "title": {"km": "x"}, "description": "d"}]}, ["itinerary.0.title.en"]),
        (
            {"min_people": 20, "non_refundable_fee_usd": "300"},
            ["max_people", "non_refundable_fee_usd"],
        ),
    ],
)
async def test_a_trip_that_is_not_right_is_refused_by_its_fields(
    agency: StorefrontClient, change: dict[str, Any], fields: list[str]
) -> None:
    assert faulty_fields(await agency.post("/trips", json=trip(**change))) == fields
    assert await agency.rows("SELECT * FROM trips") == []
    shown = await made(agency)
    assert faulty_fields(await agency.patch(f"/trips/{shown['id']}", json=change)) == fields
    assert read(await agency.get("/trips/angkor-sunrise")) == shown


@pytest.mark.parametrize("text", ["\0", "\ud800"])
async def test_text_that_cannot_be_stored_is_refused(agency: StorefrontClient, text: str) -> None:
    answer = await agency.post(
        "/trips", content=json.dumps(trip(title=f"x{text}")), headers={"Content-Type": "application/json"}
    )
    assert refusal(answer, 400) in {"VALIDATION_FAILED", "MALFORMED_JSON"}


async def test_two_trips_cannot_share_a_slug(agency: StorefrontClient) -> None:
    answers = await asyncio.gather(*(agency.post("/trips", json=trip("same")) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]
    assert {refusal(answer, 409) for answer in answers if answer.status_code == 409} == {"SLUG_TAKEN"}
    other = await made(agency, "other")
    assert refusal(await agency.patch(f"/trips/{other['id']}", json={"slug": "same"}), 409) == "SLUG_TAKEN"


async def test_a_change_leaves_alone_what_it_does_not_name(agency: StorefrontClient, derlg: StorefrontClient) -> None:
    before = await made(agency)
    after = read(await agency.patch(f"/trips/{before['id']}", json={"price_per_person_usd": "300", "title_zh": None}))
    assert after == {
        **before, "price_per_person_usd": "300.00", "title_zh": None, "version": 2, "updated_at": after["updated_at"],
    }  # fmt: skip
    assert read(await derlg.get("/trips/angkor-sunrise")) == after
    assert read(await agency.patch(f"/trips/{before['id']}", json={})) == {**after, "version": 3}


async def test_seats_follow_the_trip(agency: StorefrontClient) -> None:
    shown = await made(agency, capacity_per_departure=None)
    assert (shown["capacity_per_departure"], await seats(agency, shown["id"])) == (12, [("Angkor sunrise", 12, True)])
    path = f"/trips/{shown['id']}"
    read(await agency.patch(path, json={"max_people": 20}))
    assert await seats(agency, shown["id"]) == [("Angkor sunrise", 20, True)]
    read(await agency.patch(path, json={"capacity_per_departure": 40, "title": "Dawn"}))
    assert await seats(agency, shown["id"]) == [("Dawn", 40, True)]
    read(await agency.delete(path))
    assert await seats(agency, shown["id"]) == [("Dawn", 40, False)]
    read(await agency.patch(path, json={"is_active": True}))
    assert await seats(agency, shown["id"]) == [("Dawn", 40, True)]


async def test_a_policy_becomes_tiers(agency: StorefrontClient) -> None:
    shown = await made(agency)
    path = f"/trips/{shown['id']}"
    strict = read(await agency.patch(path, json={"cancellation_policy": "STRICT"}))["cancellation_policy"]
    assert strict == {
        "name": "STRICT", "tiers": [{"min_hours_before": 336, "refund_percent": 50, "fixed_fee": "0.00"}],
    }  # fmt: skip
    assert read(await agency.patch(path, json={"title": "Dawn"}))["cancellation_policy"] == strict
    none = read(await agency.patch(path, json={"cancellation_policy": "NON_REFUNDABLE"}))["cancellation_policy"]
    assert none == {"name": "NON_REFUNDABLE", "tiers": []}


async def test_parallel_changes_of_different_fields_are_all_kept(agency: StorefrontClient) -> None:
    shown = await made(agency)
    changes: list[dict[str, Any]] = [
        {"title": "Dawn"}, {"max_people": 20}, {"price_per_person_usd": "310.00"}, {"mood_tags": ["family"]},
        {"summary_zh": "两天"}, {"is_featured": True},
    ]  # fmt: skip
    await asyncio.gather(*(agency.patch(f"/trips/{shown['id']}", json=change) for change in changes))
    after = read(await agency.get("/trips/angkor-sunrise"))
    for change in changes:
        assert {name: after[name] for name in change} == change
    assert after["version"] == 1 + len(changes)


async def test_of_parallel_changes_to_one_version_one_wins(agency: StorefrontClient) -> None:
    shown = await made(agency)
    path = f"/trips/{shown['id']}"
    answers = await asyncio.gather(*(agency.patch(path, json={"version": 1, "title": f"No. {n}"}) for n in range(5)))
    winners = [read(answer)["title"] for answer in answers if answer.status_code == 200]
    assert len(winners) == 1
    assert {refusal(answer, 409) for answer in answers if answer.status_code != 200} == {"VERSION_CONFLICT"}
    assert read(await agency.get("/trips/angkor-sunrise"))["title"] == winners[0]


async def test_retiring_twice_is_retiring_once(agency: StorefrontClient) -> None:
    shown = await made(agency)
    for _ in range(2):
        read(await agency.delete(f"/trips/{shown['id']}"))
    (row,) = await agency.rows("SELECT is_active, version FROM trips")
    assert row == {"is_active": False, "version": 2}


async def test_every_change_is_written_down(agency: StorefrontClient) -> None:
    shown = await made(agency)
    await agency.patch(f"/trips/{shown['id']}", json={"price_per_person_usd": "300"})
    await agency.patch(f"/trips/{shown['id']}", json={"version": 1})
    for _ in range(2):
        await agency.delete(f"/trips/{shown['id']}")
    acts = await agency.rows("SELECT * FROM audit_entries ORDER BY id")
    assert [(act["action"], act["amount"]) for act in acts] == [
        ("trip.created", Decimal("289.00")), ("trip.changed", Decimal("300.00")), ("trip.retired", Decimal("300.00")),
    ]  # fmt: skip
    assert {(act["actor_id"], str(act["subject_id"]), act["ip"]) for act in acts} == {
        (agency.user_id, shown["id"], "127.0.0.1")
    }


@pytest.mark.parametrize("role", [Role.CUSTOMER, Role.CONSULTANT, Role.GUIDE])
async def test_only_admins_change_the_shelf(derlg: StorefrontClient, agency: StorefrontClient, role: Role) -> None:
    shown = await made(agency)
    other = await derlg.sign_in_as(role)
    for visitor, status, code in ((derlg, 401, "NOT_AUTHENTICATED"), (other, 403, "NOT_ALLOWED")):
        assert refusal(await visitor.post("/trips", json=trip("new")), status) == code
        assert refusal(await visitor.patch(f"/trips/{shown['id']}", json={"title": "x"}), status) == code
        assert refusal(await visitor.delete(f"/trips/{shown['id']}"), status) == code
        assert refusal(await visitor.get("/admin/trips"), status) == code
    assert read(await derlg.get("/trips/angkor-sunrise")) == shown


async def test_unknown_trips(agency: StorefrontClient) -> None:
    unknown = "/trips/01a1fff1-ef94-7f60-83d2-5224bf069311"
    assert refusal(await agency.patch(unknown, json={"title": "x"}), 404) == "TRIP_NOT_FOUND"
    assert refusal(await agency.delete(unknown), 404) == "TRIP_NOT_FOUND"
    assert faulty_fields(await agency.delete("/trips/not-an-id")) == ["trip_id"]


async def test_a_change_is_seen_by_the_next_reader(agency: StorefrontClient, derlg: StorefrontClient) -> None:
    shown = await made(agency)
    for title in ("Dawn", "Dusk"):
        assert read(await derlg.get("/trips"))[0]["title"] != title
        read(await agency.patch(f"/trips/{shown['id']}", json={"title": title}))
        assert read(await derlg.get("/trips"))[0]["title"] == title
    read(await agency.delete(f"/trips/{shown['id']}"))
    assert read(await derlg.get("/trips")) == []
