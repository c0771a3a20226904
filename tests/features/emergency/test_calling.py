"""A call for help as its traveller makes it: always kept, once, and answered with whom to ring."""

import asyncio
from datetime import timedelta

import pytest
from tests.conftest import StartSystem
from tests.features.emergency.conftest import ANGKOR, Json, call
from tests.support.client import StorefrontClient, faulty_fields, read, refusal

from sojourn.care.emergency.effects import CALL_WEBHOOK, ESCALATE, TELL
from sojourn.platform.kit.clock import FrozenClock
from sojourn.platform.kit.ids import new_id

ROWS = (
    "SELECT id, repeats, level, alert_type, message, latitude, province FROM emergency_alerts ORDER BY created_at, id"
)


async def queued(derlg: StorefrontClient) -> list[str]:
    rows = await derlg.rows("SELECT entrypoint FROM pgqueuer WHERE entrypoint LIKE 'emergency%' ORDER BY id")
    return [row["entrypoint"] for row in rows]


def numbers(alert: Json, kind: str) -> list[str]:
    return [contact["phone"] for contact in alert["contacts"] if contact["kind"] == kind]


async def test_it_is_answered_with_its_id_and_the_nearest_contacts(
    traveler: StorefrontClient, derlg: StorefrontClient
) -> None:
    alert = await call(traveler, alert_type="MEDICAL", message=" Fell from the stairs ", **ANGKOR)
    assert (alert["status"], alert["alert_type"], alert["message"]) == ("OPEN", "MEDICAL", "Fell from the stairs")
    assert (alert["lat"], alert["lng"], alert["accuracy"]) == (13.4125, 103.867, 12)
    assert (alert["province"], alert["repeats"]) == ("siem-reap", 0)
    first, *_, last = alert["contacts"]
    assert (first["kind"], first["phone"]) == ("AMBULANCE", "119")
    assert last["kind"] == "TOURIST_POLICE"
    assert numbers(alert, "POLICE") == ["117"]
    assert numbers(alert, "HOSPITAL") == ["+855 63 963 409"]
    assert numbers(alert, "EMBASSY") == []
    assert await queued(derlg) == [TELL, CALL_WEBHOOK, ESCALATE]
    shown = read(await traveler.get(f"/emergency/alerts/{alert['id']}"))
    assert shown == alert
    (audited,) = await derlg.rows("SELECT action, detail FROM audit_entries WHERE action LIKE 'emergency%'")
    assert audited == {"action": "emergency.raised", "detail": {}}, "the position is in one place only"


@pytest.mark.parametrize(
    "said",
    [
        {}, {"lat": None, "lng": None}, {"lat": 0, "lng": 0}, {"lat": 13.4}, {"lat": 91, "lng": 103.8},
        {"lat": "here", "lng": [1]}, {"lat": 1e400, "lng": 5, "accuracy": "good"}, {"lat": True, "lng": True},
    ],
)  # fmt: skip
async def test_no_position_and_a_broken_one_are_no_reason_to_refuse(traveler: StorefrontClient, said: Json) -> None:
    alert = await call(traveler, **{key: value for key, value in said.items() if value != float("inf")})
    assert (alert["alert_type"], alert["lat"], alert["lng"], alert["province"]) == ("SOS", None, None, None)
    assert [contact["phone"] for contact in alert["contacts"]] == ["117", "119", "118"]


async def test_far_from_the_country_the_position_is_kept_and_no_province_guessed(traveler: StorefrontClient) -> None:
    alert = await call(traveler, lat=48.2, lng=16.37, accuracy=-5)
    assert (alert["lat"], alert["province"], alert["accuracy"]) == (48.2, None, None)


@pytest.mark.parametrize("country", ["GB", "United Kingdom", "英国", "uk"])
async def test_the_embassy_is_the_travellers_own(traveler: StorefrontClient, country: str) -> None:
    read(await traveler.patch("/users/me", json={"country": country}))
    alert = await call(traveler, alert_type="LOST", **ANGKOR)
    assert numbers(alert, "EMBASSY") == ["+855 61 300 011"]


async def test_names_are_in_the_language_asked_for(traveler: StorefrontClient) -> None:
    answer = await traveler.post("/emergency/alerts", json={}, headers={"Accept-Language": "zh"})
    assert read(answer, 201)["contacts"][0]["name"] == "警察"


async def test_a_repeat_within_half_a_minute_is_part_of_the_first(
    traveler: StorefrontClient, derlg: StorefrontClient, clock: FrozenClock
) -> None:
    first = await call(traveler, message="Help")
    clock.advance(timedelta(seconds=29))
    second = await call(traveler, alert_type="THEFT", **ANGKOR)
    assert second["id"] == first["id"]
    assert (second["alert_type"], second["message"], second["province"]) == ("THEFT", "Help", "siem-reap")
    clock.advance(timedelta(seconds=29))
    third = await call(traveler, lat=0, lng=0)
    assert (third["id"], third["repeats"], third["alert_type"]) == (first["id"], 2, "THEFT")
    assert third["lat"] == 13.4125, "a broken position does not replace a good one"
    assert len(await queued(derlg)) == 3, "told once"
    clock.advance(timedelta(seconds=30))
    assert (await call(traveler))["id"] != first["id"]


async def test_ten_at_once_are_one_alert(traveler: StorefrontClient, derlg: StorefrontClient) -> None:
    alerts = await asyncio.gather(*(call(traveler, **ANGKOR) for _ in range(10)))
    assert len({alert["id"] for alert in alerts}) == 1
    (row,) = await derlg.rows(ROWS)
    assert (row["repeats"], row["level"]) == (9, 1)
    assert len(await queued(derlg)) == 3


async def test_two_travellers_have_two_alerts(traveler: StorefrontClient, derlg: StorefrontClient) -> None:
    other = await derlg.sign_in_as()
    mine, theirs = await asyncio.gather(call(traveler), call(other))
    third = await call(await derlg.sign_in_as())
    assert len({mine["id"], theirs["id"], third["id"]}) == 3
    for method, path in (("GET", ""), ("PATCH", ""), ("POST", "/cancel")):
        answer = await other.request(
            method, f"/emergency/alerts/{mine['id']}{path}", json={} if method != "GET" else None
        )
        assert refusal(answer, 404) == "ALERT_NOT_FOUND"
    listed = await other.get("/emergency/alerts")
    assert [alert["id"] for alert in read(listed)] == [theirs["id"]]
    assert listed.json()["meta"]["total"] == 1
    assert refusal(await derlg.visitor().post("/emergency/alerts", json={}), 401) == "NOT_AUTHENTICATED"


async def test_limits_do_not_count_here(start_system: StartSystem) -> None:
    limits = dict.fromkeys(("RATE_LIMIT_DEFAULT", "RATE_LIMIT_CATALOG", "RATE_LIMIT_AUTH"), "1")
    async with start_system(**limits) as system:
        traveler = await system.derlg.sign_in_as()
        limited = [(await traveler.get("/users/me")).status_code for _ in range(2)]
        assert limited == [200, 429], "the control"
        for _ in range(5):
            alert = await call(traveler)
            read(await traveler.patch(f"/emergency/alerts/{alert['id']}", json=ANGKOR))
            read(await traveler.get("/emergency/contacts"))
        # Who has not confirmed an address yet is in need like anybody else.
        unverified = await system.derlg.register(email=f"new-{new_id()}@example.com")
        assert (await call(unverified))["status"] == "OPEN"


async def test_the_traveller_is_followed_and_calls_off(traveler: StorefrontClient, derlg: StorefrontClient) -> None:
    alert = await call(traveler)
    path = f"/emergency/alerts/{alert['id']}"
    moved = read(await traveler.patch(path, json={**ANGKOR, "message": "At the west gate"}))
    assert (moved["province"], moved["message"], moved["repeats"]) == ("siem-reap", "At the west gate", 0)
    assert numbers(moved, "HOSPITAL")
    safe = read(await traveler.post(f"{path}/cancel"))
    assert (safe["status"], safe["cancelled_at"]) == ("CANCELLED", "2026-12-01T03:00:00Z")
    assert refusal(await traveler.patch(path, json={}), 409) == "ALERT_CLOSED"
    again = await traveler.post(f"{path}/cancel")
    assert refusal(again, 409) == "ALERT_CLOSED"
    assert again.json()["error"]["details"] == {"status": "CANCELLED"}
    (event,) = await derlg.rows("SELECT kind, payload FROM user_events")
    assert event == {"kind": "emergency.cancelled", "payload": {"alert_id": alert["id"], "status": "CANCELLED"}}
    assert (await call(traveler))["id"] != alert["id"], "another call is another alert, however soon"


@pytest.mark.parametrize(
    ("body", "field"),
    [({"alert_type": "HELP"}, "alert_type"), ({"message": "x" * 2001}, "message"), ({"nonsense": 1}, "nonsense")],
)
async def test_what_cannot_be_meant_is_refused_by_name(traveler: StorefrontClient, body: Json, field: str) -> None:
    assert faulty_fields(await traveler.post("/emergency/alerts", json=body)) == [field]


async def test_the_own_list_is_two_statements_however_long(traveler: StorefrontClient, clock: FrozenClock) -> None:
    for _ in range(3):
        await call(traveler)
        clock.advance(timedelta(minutes=1))
    async with traveler.statements() as statements:
        answer = await traveler.get("/emergency/alerts", params={"per_page": 2, "page": 2})
    assert len(statements) == 2, statements
    assert (len(read(answer)), answer.json()["meta"]["total"]) == (1, 3)


async def test_contacts_are_for_everybody(derlg: StorefrontClient) -> None:
    everywhere = read(await derlg.get("/emergency/contacts"))
    assert [contact["phone"] for contact in everywhere["contacts"]] == ["117", "119", "118"]
    named = read(await derlg.get("/emergency/contacts", params={"province": "Siem Reap", "language": "km"}))
    near = read(await derlg.get("/emergency/contacts", params={"lat": 13.36, "lng": 103.86, "language": "km"}))
    assert named["province"] == near["province"] == "siem-reap"
    assert named["province_name"] == "សៀមរាប"
    assert [contact["name"] for contact in named["contacts"]] == [contact["name"] for contact in near["contacts"]]
    assert [contact["distance_km"] for contact in near["contacts"] if contact["lat"]] == [0.3]
    german = read(await derlg.get("/emergency/contacts", params={"country": "Germany"}))
    assert [c["name"] for c in german["contacts"] if c["kind"] == "EMBASSY"] == ["Embassy of Germany"]
    unknown = await derlg.get("/emergency/contacts", params={"province": "Atlantis"})
    assert refusal(unknown, 404) == "PROVINCE_UNKNOWN"
    assert len(unknown.json()["error"]["details"]["known"]) == 25
    assert faulty_fields(await derlg.get("/emergency/contacts", params={"lat": 13})) == ["lng"]
    both = {"province": "kep", "lat": "13", "lng": "103"}
    assert faulty_fields(await derlg.get("/emergency/contacts", params=both)) == ["province"]
    assert faulty_fields(await derlg.get("/emergency/contacts", params={"lat": 95, "lng": 1})) == ["lat"]


async def test_contacts_are_answered_from_the_cache(derlg: StorefrontClient) -> None:
    cached = [
        (await derlg.get("/emergency/contacts", params={"province": "kep"})).headers.get("etag") for _ in range(2)
    ]
    assert cached[1] is not None
    positioned = await derlg.get("/emergency/contacts", params={"lat": 13, "lng": 103})
    assert positioned.headers.get("etag") is None
