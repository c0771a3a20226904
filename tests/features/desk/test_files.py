"""The desk's lists in another order, and as files for spreadsheets."""

import csv
import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import httpx
import pytest
from tests.features.analytics.books import Books, at
from tests.support.client import StorefrontClient, faulty_fields, read

from sojourn.people.roles import Role

HANDED_IN = ("2026-11-03 00:00", "2026-11-01 00:00", "2026-11-02 00:00")
EXPORTED = "SELECT actor_id, reference FROM audit_entries WHERE action = 'report.exported' ORDER BY id"
MAIL = """
INSERT INTO notifications (id, kind, subject_id, recipient, language, context, status, created_at)
VALUES (gen_random_uuid(), 'WELCOME', gen_random_uuid(), 'x@example.com', 'en', '{}', $1, $2)
"""
EVENT = """
INSERT INTO inbox (provider, event_id, name, payload, is_live, received_at)
VALUES ('stripe', 'evt_1', 'charge.refunded', '{"email": "payer@example.com"}', false, $1)
"""


def rows_of(answer: httpx.Response, name: str) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}-2026-12-01.csv"'
    return list(csv.DictReader(answer.text.removeprefix("\ufeff").splitlines()))


@pytest.fixture
async def office(holyone: StorefrontClient) -> StorefrontClient:
    return await holyone.sign_in_as(Role.ADMIN, name="Office")


@pytest.fixture
async def documents(holyone: StorefrontClient) -> tuple[StorefrontClient, Sequence[str]]:
    """A consultant, and the three documents of their one order as they were handed in; there is a fourth elsewhere."""
    books = Books(holyone)
    consultant = await holyone.sign_in_as(Role.CONSULTANT)
    buyer, other = await books.person("=Chan Sophea"), await books.person("Keo Bo")
    visa, check = await books.service("MAIN", "Visa"), await books.service("MICRO", "Check")
    order = await books.order(buyer, visa, kind="MAIN", made=HANDED_IN[1], consultant_id=consultant.user_id)
    ids = {day: str(await books.document(buyer, order, handed_in=day, decided=None)) for day in HANDED_IN}
    elsewhere = await books.order(other, check, kind="MICRO", made=HANDED_IN[0])
    await books.document(other, elsewhere, handed_in="2026-11-04 00:00", decided="2026-11-05 00:00")
    return consultant, [ids[day] for day in sorted(HANDED_IN)]


async def test_documents_from_either_end_and_as_a_file(
    office: StorefrontClient, documents: tuple[StorefrontClient, Sequence[str]]
) -> None:
    consultant, ids = documents
    whose = read(await consultant.get("/admin/documents"))["items"][0]["userId"]
    for sort, expected in ((None, ids), ("oldest", ids), ("newest", [*reversed(ids)])):
        asked = {"userId": whose} | ({"sort": sort} if sort else {})
        page = read(await office.get("/admin/documents", params=asked))
        assert [item["id"] for item in page["items"]] == expected
    everything = rows_of(await office.get("/admin/documents", params={"format": "csv", "perPage": 1}), "documents")
    assert len(everything) == 4
    mine = rows_of(await consultant.get("/admin/documents", params={"format": "csv", "sort": "newest"}), "documents")
    assert [row["id"] for row in mine] == [*reversed(ids)]
    assert mine[0]["customerName"] == "'=Chan Sophea", "no formula reaches the spreadsheet"
    assert mine[0]["fileUrl"].endswith(f"/api/v1/documents/{ids[2]}/download")
    assert faulty_fields(await office.get("/admin/documents", params={"sort": "largest"})) == ["sort"]
    acts = [(act["actor_id"], act["reference"]) for act in await office.rows(EXPORTED)]
    assert acts == [(office.user_id, "documents"), (consultant.user_id, "documents")]


@pytest.mark.parametrize("path", ["/users", "/admin/staff", "/admin/customers", "/admin/consultants"])
async def test_people_have_the_same_names_in_files(office: StorefrontClient, path: str) -> None:
    staff = await office.sign_in_as(Role.CONSULTANT, name="Sophea")
    read(await staff.patch("/users/me", json={"spokenLanguages": ["en", "km"]}))
    await office.sign_in_as(name="Sophea")
    shown = {item["id"]: item for item in read(await office.get(path))["items"]}
    rows = rows_of(await office.get(path, params={"format": "csv"}), path.rpartition("/")[2])
    assert {row["id"]: row["fullName"] for row in rows} == {key: item["fullName"] for key, item in shown.items()}
    for row in rows:
        if "spokenLanguages" in row:
            assert json.loads(row["spokenLanguages"]) == shown[row["id"]]["spokenLanguages"]


async def test_a_page_of_many_documents_is_read_from_an_index(office: StorefrontClient) -> None:
    async with office.statements() as said:
        read(await office.get("/admin/documents"))
    statement = said[-1]
    arguments: list[Any] = ["https://x.example/", None, None, None, None, None, 20, 0]
    async with office.database.read() as connection, connection.transaction():
        await connection.execute("SET LOCAL enable_sort = off")
        plan = await connection.fetch(f"EXPLAIN {statement}", *arguments)
    assert "documents_newest" in "\n".join(row[0] for row in plan)


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("newest", ["Bo", "Anna", "Chea"]),
        ("oldest", ["Chea", "Anna", "Bo"]),
        ("name", ["Anna", "Bo", "Chea"]),
        ("last_seen", ["Chea", "Bo", "Anna"]),
    ],
)
async def test_accounts_sorted_and_as_a_file(
    office: StorefrontClient, holyone: StorefrontClient, sort: str, expected: list[str]
) -> None:
    books, since = Books(holyone), at("2026-06-01 00:00")
    for days, (name, seen) in enumerate({"Chea Lim": 9, "Anna Ly": None, "Bo Keo": 1}.items()):
        await books.person(
            name, created_at=since + timedelta(days=days), role="CONSULTANT",
            last_signed_in_at=None if seen is None else since + timedelta(days=seen),
        )  # fmt: skip
    asked = {"sort": sort, "role": "CONSULTANT"}
    for path, name in (("/admin/staff", "staff"), ("/users", "users")):
        page = read(await office.get(path, params=asked))
        assert [item["fullName"].split()[0] for item in page["items"]] == expected
        rows = rows_of(await office.get(path, params={**asked, "format": "csv"}), name)
        assert [row["fullName"].split()[0] for row in rows] == expected
        assert not {"passwordHash", "refreshTokenVersion"} & set(rows[0])


async def test_mails_and_webhooks_as_files(office: StorefrontClient, holyone: StorefrontClient) -> None:
    await holyone.rows(MAIL, "FAILED", holyone.runtime.clock.now())
    await holyone.rows(EVENT, holyone.runtime.clock.now())
    asked = {"format": "csv"}
    [mail] = rows_of(await office.get("/admin/notifications", params={**asked, "status": "FAILED"}), "notifications")
    assert (mail["kind"], mail["recipient"]) == ("WELCOME", "x@example.com")
    assert rows_of(await office.get("/admin/notifications", params={**asked, "status": "SENT"}), "notifications") == []
    answer = await office.get("/admin/webhooks", params={**asked, "state": "waiting"})
    [event] = rows_of(answer, "webhooks")
    assert (event["eventId"], event["state"]) == ("evt_1", "waiting")
    assert "payer@example.com" not in answer.text


async def test_consultations_from_either_end_and_without_notes_as_a_file(
    office: StorefrontClient, holyone: StorefrontClient
) -> None:
    books = Books(holyone)
    buyer, consultant = await holyone.sign_in_as(name="Chan Sophea"), await holyone.sign_in_as(Role.CONSULTANT)
    service = await books.service("MAIN", "Visa")
    order = await books.order(buyer.user_id, service, kind="MAIN", made=HANDED_IN[0])
    for day in HANDED_IN:
        await books.consultation(order, buyer.user_id, consultant.user_id, starts=day, notes="Only for us")
    latest = sorted((f"{day[:10]}T00:00:00Z" for day in HANDED_IN), reverse=True)
    for sort, expected in (("latest", latest), ("earliest", [*reversed(latest)])):
        page = read(await office.get("/consultations", params={"sort": sort}))
        assert [item["scheduledAt"] for item in page["items"]] == expected
        answer = await buyer.get("/consultations", params={"sort": sort, "format": "csv"})
        assert [row["scheduledAt"] for row in rows_of(answer, "consultations")] == expected
        assert "Only for us" not in answer.text
    stranger = await holyone.sign_in_as()
    assert rows_of(await stranger.get("/consultations", params={"format": "csv"}), "consultations") == []
