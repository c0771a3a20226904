"""Reviews: by those who have travelled, once, counted as they stand."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from tests.conftest import StartSystem
from tests.features.reviews.conftest import ComeBack, Json, travel, write
from tests.features.stock.conftest import Shop
from tests.support.client import StorefrontClient, faulty_fields, read, refusal
from tests.support.selling import hold, put_trip_on_sale

from sojourn.people.roles import Role
from sojourn.people.users.queries import anonymise
from sojourn.platform.kit.clock import FrozenClock
from sojourn.platform.kit.ids import new_id

RATED = "SELECT avg_rating, review_count FROM trips WHERE id = $1"


async def rated(derlg: StorefrontClient, trip_id: UUID) -> tuple[Decimal | None, int]:
    (row,) = await derlg.rows(RATED, trip_id)
    return row["avg_rating"], row["review_count"]


async def test_a_review_is_read_by_everybody_and_counted(
    traveler: StorefrontClient, derlg: StorefrontClient, trip_id: UUID, come_back: ComeBack
) -> None:
    assert read(await derlg.get(f"/trips/{trip_id}/reviews")) == []
    before = read(await derlg.get(f"/trips/{trip_id}"))
    assert (before["avg_rating"], before["review_count"]) == (None, 0)
    booking_id = await come_back(traveler)
    mine = await write(traveler, booking_id, rating=4, title=" Early ", text="Worth it", language="KH")
    assert (mine["status"], mine["subject"], mine["subject_id"]) == ("PUBLISHED", "TRIP", str(trip_id))
    assert mine["changeable_until"] == "2026-12-31T03:00:00Z"
    (shown,) = read(await derlg.get(f"/trips/{trip_id}/reviews"))
    assert (shown["author_name"], shown["rating"], shown["title"], shown["language"]) == ("Sok D.", 4, "Early", "km")
    assert not {"booking_id", "user_id", "status"} & set(shown)
    after = read(await derlg.get(f"/trips/{trip_id}"))
    assert (after["avg_rating"], after["review_count"]) == (4.0, 1), "no kept answer is left"
    assert read(await traveler.get("/reviews")) == [mine]


async def test_only_the_owner_of_a_completed_booking_writes_and_once(
    traveler: StorefrontClient, derlg: StorefrontClient, trip_id: UUID, come_back: ComeBack
) -> None:
    held = await hold(traveler, trip_id)
    early = await traveler.post("/reviews", json={"booking_id": held["id"], "rating": 5})
    assert refusal(early, 409) == "BOOKING_NOT_COMPLETED"
    assert early.json()["error"]["details"] == {"status": "RESERVED"}
    booking_id = await come_back(traveler)
    body = {"booking_id": booking_id, "rating": 5}
    stranger = await derlg.sign_in_as()
    assert refusal(await stranger.post("/reviews", json=body), 404) == "BOOKING_NOT_FOUND"
    assert refusal(await stranger.post("/reviews", json={**body, "booking_id": str(new_id())}), 404)
    assert refusal(await derlg.visitor().post("/reviews", json=body), 401) == "NOT_AUTHENTICATED"
    answers = await asyncio.gather(*(traveler.post("/reviews", json=body) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]
    (written,) = [read(answer, 201) for answer in answers if answer.status_code == 201]
    again = await traveler.post("/reviews", json=body)
    assert refusal(again, 409) == "ALREADY_REVIEWED"
    assert again.json()["error"]["details"] == {"review_id": written["id"]}
    assert await rated(derlg, trip_id) == (Decimal("5.00"), 1)


async def test_each_part_of_a_journey_has_its_review(
    traveler: StorefrontClient, derlg: StorefrontClient, shop: Shop, come_back: ComeBack
) -> None:
    booking_id = await come_back(traveler)
    body = {"booking_id": booking_id, "rating": 3, "subject": "GUIDE"}
    assert faulty_fields(await traveler.post("/reviews", json=body)) == ["subject"]
    async with derlg.database.read() as connection:
        await connection.execute(
            "UPDATE bookings SET hotel_room_id = $2, vehicle_id = $3, guide_id = $4 WHERE id = $1",
            UUID(booking_id), UUID(shop.room_id), UUID(shop.vehicle["id"]), UUID(shop.guide["id"]),
        )  # fmt: skip
    parts = {
        "HOTEL": ("hotels", shop.hotel),
        "VEHICLE": ("transportation", shop.vehicle),
        "GUIDE": ("guides", shop.guide),
    }
    for rating, (subject, (shelf, thing)) in enumerate(parts.items(), start=2):
        review = await write(traveler, booking_id, rating=rating, subject=subject)
        assert review["subject_id"] == thing["id"]
        (shown,) = read(await derlg.get(f"/{shelf}/{thing['slug']}/reviews"))
        assert shown["id"] == review["id"]
        spread = read(await derlg.get(f"/{shelf}/{thing['id']}/ratings"))
        assert (spread["avg_rating"], spread["review_count"]) == (rating, 1)
        on_shelf = read(await derlg.get(f"/{shelf}/{thing['id']}"))
        assert (on_shelf["avg_rating"], on_shelf["review_count"]) == (rating, 1)
    assert (await write(traveler, booking_id))["subject"] == "TRIP"


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("trips", "TRIP_NOT_FOUND"), ("hotels", "HOTEL_NOT_FOUND"), ("transportation", "VEHICLE_NOT_FOUND"),
        ("guides", "GUIDE_NOT_FOUND"),
    ],
)  # fmt: skip
async def test_what_is_not_on_offer_has_no_reviews(derlg: StorefrontClient, path: str, code: str) -> None:
    for page in ("reviews", "ratings"):
        assert refusal(await derlg.get(f"/{path}/nowhere/{page}"), 404) == code


async def test_twelve_at_once_are_all_counted(derlg: StorefrontClient, trip_id: UUID, come_back: ComeBack) -> None:
    people = [await derlg.sign_in_as() for _ in range(12)]
    booked = [await come_back(person) for person in people]
    ratings = [1, 2, 3, 4, 5, 5, 5, 4, 3, 2, 1, 4]
    reviews = await asyncio.gather(
        *(write(who, booking, rating=rating) for who, booking, rating in zip(people, booked, ratings, strict=True))
    )
    assert await rated(derlg, trip_id) == (Decimal("3.25"), 12)
    spread = read(await derlg.get(f"/trips/{trip_id}/ratings"))
    assert spread == {
        "avg_rating": 3.25, "review_count": 12, "one": 2, "two": 2, "three": 2, "four": 3, "five": 3,
    }  # fmt: skip
    await asyncio.gather(
        *(who.delete(f"/reviews/{review['id']}") for who, review in zip(people[:6], reviews[:6], strict=True)),
        *(
            who.patch(f"/reviews/{review['id']}", json={"rating": 5})
            for who, review in zip(people[6:], reviews[6:], strict=True)
        ),
    )
    assert await rated(derlg, trip_id) == (Decimal("5.00"), 6)


async def test_an_author_changes_and_takes_back_for_thirty_days(
    traveler: StorefrontClient, derlg: StorefrontClient, trip_id: UUID, come_back: ComeBack, clock: FrozenClock
) -> None:
    review = await write(traveler, await come_back(traveler), rating=5, title="Great", text="All of it")
    path = f"/reviews/{review['id']}"
    clock.advance(timedelta(days=30) - timedelta(seconds=1))
    changed = read(await traveler.patch(path, json={"rating": 2, "title": None}))
    assert (changed["rating"], changed["title"], changed["text"]) == (2, None, "All of it")
    assert await rated(derlg, trip_id) == (Decimal("2.00"), 1)
    assert faulty_fields(await traveler.patch(path, json={"rating": 6})) == ["rating"]
    assert faulty_fields(await traveler.patch(path, json={"rating": None}))
    stranger = await derlg.sign_in_as()
    assert refusal(await stranger.patch(path, json={"rating": 1}), 404) == "REVIEW_NOT_FOUND"
    assert refusal(await stranger.delete(path), 404) == "REVIEW_NOT_FOUND"
    clock.advance(timedelta(seconds=1))
    assert refusal(await traveler.patch(path, json={"rating": 1}), 409) == "REVIEW_SETTLED"
    assert refusal(await traveler.delete(path), 409) == "REVIEW_SETTLED"
    clock.advance(-timedelta(seconds=1))
    read(await traveler.delete(path))
    assert await rated(derlg, trip_id) == (None, 0)
    acts = await derlg.rows("SELECT action FROM audit_entries WHERE action LIKE 'review.%' ORDER BY id")
    assert [row["action"] for row in acts] == ["review.written", "review.changed", "review.deleted"]


async def test_the_desk_hides_answers_and_publishes(
    traveler: StorefrontClient, admin: StorefrontClient, derlg: StorefrontClient, trip_id: UUID, come_back: ComeBack
) -> None:
    review = await write(traveler, await come_back(traveler), rating=1, text="Mr X is a thief")
    desk = f"/admin/reviews/{review['id']}"
    assert faulty_fields(await admin.post(f"{desk}/moderation", json={"status": "HIDDEN"}))
    assert faulty_fields(await admin.post(f"{desk}/moderation", json={"status": "HIDDEN"})) == ["reason"]
    hidden = read(await admin.post(f"{desk}/moderation", json={"status": "HIDDEN", "reason": "It names somebody"}))
    assert (hidden["status"], hidden["moderated_by"]) == ("HIDDEN", str(admin.user_id))
    assert await rated(derlg, trip_id) == (None, 0)
    assert read(await derlg.get(f"/trips/{trip_id}/reviews")) == []
    mine = read(await traveler.patch(f"/reviews/{review['id']}", json={"text": "I was robbed"}))
    assert (mine["status"], mine["hidden_reason"]) == ("HIDDEN", "It names somebody"), "no way around the desk"
    read(await admin.post(f"{desk}/moderation", json={"status": "PUBLISHED"}))
    assert await rated(derlg, trip_id) == (Decimal("1.00"), 1)
    (shown,) = read(await derlg.get(f"/trips/{trip_id}/reviews"))
    assert (shown["text"], shown["reply"]) == ("I was robbed", None)
    read(await admin.put(f"{desk}/reply", json={"text": "We are sorry, and have written to you."}))
    (shown,) = read(await derlg.get(f"/trips/{trip_id}/reviews"))
    assert shown["reply"] == "We are sorry, and have written to you."
    for method, path, body in (("POST", "moderation", {"status": "PUBLISHED"}), ("PUT", "reply", {"text": "x"})):
        missing = await admin.request(method, f"/admin/reviews/{new_id()}/{path}", json=body)
        assert refusal(missing, 404) == "REVIEW_NOT_FOUND"
        denied = await traveler.request(method, f"{desk}/{path}", json=body)
        assert refusal(denied, 403) == "NOT_ALLOWED"


async def test_where_the_desk_looks_first_nobody_reads_before(start_system: StartSystem) -> None:
    async with start_system(REVIEWS_NEED_APPROVAL="true") as system:
        derlg = system.derlg
        admin, traveler = await derlg.sign_in_as(Role.ADMIN), await derlg.sign_in_as()
        trip_id = await put_trip_on_sale(derlg)
        review = await write(traveler, await travel(traveler, trip_id), rating=4)
        assert review["status"] == "PENDING"
        assert read(await derlg.get(f"/trips/{trip_id}/reviews")) == []
        assert await rated(derlg, trip_id) == (None, 0)
        read(await admin.post(f"/admin/reviews/{review['id']}/moderation", json={"status": "PUBLISHED"}))
        assert await rated(derlg, trip_id) == (Decimal("4.00"), 1)
        changed = read(await traveler.patch(f"/reviews/{review['id']}", json={"rating": 1}))
        assert changed["status"] == "PENDING", "the desk looks again"
        assert await rated(derlg, trip_id) == (None, 0)


async def test_what_waits_for_the_desk_is_not_counted(
    traveler: StorefrontClient, admin: StorefrontClient, derlg: StorefrontClient, trip_id: UUID, come_back: ComeBack
) -> None:
    review = await write(traveler, await come_back(traveler), rating=3)
    async with derlg.database.read() as connection:
        await connection.execute("UPDATE reviews SET status = 'PENDING'")
    second = await derlg.sign_in_as()
    await write(second, await come_back(second), rating=5)
    assert await rated(derlg, trip_id) == (Decimal("5.00"), 1)
    (waiting,) = read(await admin.get("/admin/reviews", params={"status": "PENDING"}))
    assert waiting["id"] == review["id"]
    read(await admin.post(f"/admin/reviews/{review['id']}/moderation", json={"status": "PUBLISHED"}))
    assert await rated(derlg, trip_id) == (Decimal("4.00"), 2)


async def test_readers_object_once_each_and_the_desk_hears_of_the_first(
    traveler: StorefrontClient, admin: StorefrontClient, derlg: StorefrontClient, come_back: ComeBack
) -> None:
    review = await write(traveler, await come_back(traveler))
    path = f"/reviews/{review['id']}/reports"
    readers = [await derlg.sign_in_as() for _ in range(3)]
    answers = await asyncio.gather(
        *(reader.post(path, json={"reason": "An advertisement"}) for reader in readers for _ in range(3))
    )
    assert {answer.status_code for answer in answers} == {200}
    (seen,) = read(await admin.get("/admin/reviews", params={"is_reported": "true"}))
    assert (seen["report_count"], seen["report_reasons"]) == (3, ["An advertisement"] * 3)
    alerts = await derlg.rows("SELECT id FROM pgqueuer WHERE entrypoint = 'mail.staff_alert'")
    assert len(alerts) == 1
    assert refusal(await traveler.post(path, json={"reason": "Mine"}), 409) == "OWN_REVIEW"
    hiding = {"status": "HIDDEN", "reason": "It is one"}
    read(await admin.post(f"/admin/reviews/{review['id']}/moderation", json=hiding))
    assert refusal(await readers[0].post(path, json={"reason": "Again"}), 404) == "REVIEW_NOT_FOUND"


async def test_lists_are_sorted_filtered_and_as_few_statements_however_long(
    derlg: StorefrontClient, admin: StorefrontClient, trip_id: UUID, come_back: ComeBack, clock: FrozenClock
) -> None:
    for rating, language in ((3, "en"), (5, "zh"), (1, "en"), (5, "en")):
        person = await derlg.sign_in_as()
        await write(person, await come_back(person), rating=rating, language=language)
        clock.advance(timedelta(minutes=1))

    async def ratings(**asked: str | int) -> list[int]:
        page: list[Json] = read(await derlg.get(f"/trips/{trip_id}/reviews", params=asked))
        return [review["rating"] for review in page]

    assert await ratings() == [5, 1, 5, 3]
    assert await ratings(sort="highest") == [5, 5, 3, 1]
    assert await ratings(sort="lowest", per_page=2, page=2) == [5, 5]
    assert await ratings(rating=5, language="zh") == [5]
    assert faulty_fields(await derlg.get(f"/trips/{trip_id}/reviews", params={"sort": "best"})) == ["sort"]
    async with derlg.statements() as statements:
        answer = await derlg.get(f"/trips/{trip_id}/reviews", params={"per_page": 3})
    assert len(statements) == 3, statements
    assert answer.json()["meta"]["total"] == 4
    async with derlg.statements() as statements:
        await derlg.get(f"/trips/{trip_id}/reviews", params={"per_page": 3})
    assert statements == [], "kept"
    await admin.get("/admin/reviews")
    async with admin.statements() as statements:
        assert len(read(await admin.get("/admin/reviews"))) == 4
    assert len(statements) == 2, statements


async def test_a_deleted_account_has_no_name(
    traveler: StorefrontClient, derlg: StorefrontClient, trip_id: UUID, come_back: ComeBack
) -> None:
    await write(traveler, await come_back(traveler), text="Fine")
    async with derlg.database.unit_of_work() as tx:
        await anonymise(tx, [traveler.user_id], now=derlg.runtime.clock.now())
    (shown,) = read(await derlg.get(f"/trips/{trip_id}/reviews"))
    assert (shown["author_name"], shown["text"]) == (None, "Fine")
