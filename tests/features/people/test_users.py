"""Profiles: one's own, other people's, and what admins see."""

from datetime import timedelta
from uuid import uuid4

import pytest
from tests.support.client import PASSWORD, StorefrontClient, faulty_fields, read, refusal

from sojourn.desk.privacy.erasure import forget_the_deleted
from sojourn.people.roles import Role
from sojourn.platform.kit.clock import FrozenClock


async def test_a_profile_changes_where_something_was_sent(derlg: StorefrontClient) -> None:
    guest = await derlg.register(phone="+855 12 345 678")
    changed = read(await guest.patch("/users/me", json={"name": " Sok  Dara ", "emergency_contact_name": "Sok Lina"}))
    assert (changed["name"], changed["emergency_contact_name"]) == ("Sok  Dara", "Sok Lina")
    assert changed["phone"] == "+855 12 345 678"
    changed = read(await guest.patch(f"/users/{guest.user_id}", json={"phone": None}))
    assert (changed["phone"], changed["emergency_contact_name"]) == (None, "Sok Lina")
    assert read(await guest.get("/users/me")) == read(await guest.get(f"/users/{guest.user_id}")) == changed


async def test_holyone_speaks_of_full_names(holyone: StorefrontClient) -> None:
    guest = await holyone.register()
    changed = read(await guest.patch(f"/users/{guest.user_id}", json={"fullName": "Ada", "country": "Kenya"}))
    assert (changed["fullName"], changed["country"], changed["role"]) == ("Ada", "Kenya", "CUSTOMER")
    assert faulty_fields(await guest.patch("/users/me", json={"name": "Ada"})) == ["name"]


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"name": None}, "name"), ({"name": "  "}, "name"), ({"name": "x" * 101}, "name"), ({"name": "a\x00b"}, "name"),
        ({"preferred_language": None}, "preferred_language"), ({"preferred_language": "de"}, "preferred_language"),
        ({"phone": "call me"}, "phone"), ({"avatar_url": "javascript:alert(1)"}, "avatar_url"),
        ({"role": "ADMIN"}, "role"), ({"loyalty_points": 1_000_000}, "loyalty_points"),
        ({"is_student": True}, "is_student"),
    ],
)  # fmt: skip
async def test_a_profile_refuses_what_it_cannot_be(
    derlg: StorefrontClient, sent: dict[str, object], field: str
) -> None:
    guest = await derlg.register()
    assert faulty_fields(await guest.patch("/users/me", json=sent)) == [field]


@pytest.mark.parametrize("path", ["/users/language", "/users/me/language"])
@pytest.mark.parametrize(("sent", "kept"), [("km", "km"), ("KH", "km"), ("ZH", "zh"), ("en", "en")])
async def test_a_language_is_understood_in_both_spellings(
    derlg: StorefrontClient, path: str, sent: str, kept: str
) -> None:
    guest = await derlg.register()
    assert read(await guest.patch(path, json={"language": sent}))["preferred_language"] == kept
    assert faulty_fields(await guest.patch(path, json={"language": "xx"})) == ["language"]


async def test_preferences_are_merged(derlg: StorefrontClient) -> None:
    guest = await derlg.register()
    everything = {
        "is_welcome_mail_wanted": True,
        "is_points_mail_wanted": True,
        "is_review_mail_wanted": True,
        "is_festival_mail_wanted": False,
        "is_purchase_push_wanted": True,
        "is_reminder_push_wanted": True,
        "is_festival_push_wanted": False,
    }
    assert read(await guest.get("/users/me/preferences")) == everything
    changed = read(await guest.patch("/users/me/preferences", json={"is_points_mail_wanted": False}))
    assert changed == {**everything, "is_points_mail_wanted": False}
    assert read(await guest.patch("/users/me/preferences", json={})) == changed
    assert faulty_fields(await guest.patch("/users/me/preferences", json={"anything": 1})) == ["anything"]


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
async def test_somebody_else_does_not_exist(derlg: StorefrontClient, method: str) -> None:
    guest, consultant = await derlg.register(), await derlg.sign_in_as(Role.CONSULTANT)
    other = await derlg.register()
    for caller in (guest, consultant):
        for user_id in (other.user_id, uuid4()):
            answer = await caller.request(method, f"/users/{user_id}", json={} if method == "PATCH" else None)
            assert refusal(answer, 404) == "USER_NOT_FOUND"
    admin = await derlg.sign_in_as(Role.ADMIN)
    nobody = await admin.request(method, f"/users/{uuid4()}", json={} if method == "PATCH" else None)
    assert refusal(nobody, 404) == "USER_NOT_FOUND"
    stranger = await derlg.visitor().request(method, f"/users/{other.user_id}", json={} if method == "PATCH" else None)
    assert refusal(stranger, 401) == "NOT_AUTHENTICATED"


async def test_an_admin_sees_and_corrects_anybody_on_the_record(holyone: StorefrontClient) -> None:
    admin, guest = await holyone.sign_in_as(Role.ADMIN), await holyone.register()
    changed = read(await admin.patch(f"/users/{guest.user_id}", json={"fullName": "Corrected"}))
    assert read(await guest.get("/auth/me")) == changed
    [act] = await holyone.rows(
        "SELECT actor_id, subject_id, detail FROM audit_entries WHERE action = 'account.changed'"
    )
    assert act == {"actor_id": admin.user_id, "subject_id": guest.user_id, "detail": {"fields": ["name"]}}


async def test_the_list_is_for_admins_and_can_be_searched(derlg: StorefrontClient) -> None:
    admin = await derlg.sign_in_as(Role.ADMIN, email="boss@example.com", name="Lim Bopha")
    for number in range(3):
        await derlg.register(email=f"guest_{number}@example.com")
    found = await admin.get("/users", params={"role": "TRAVELER", "per_page": 2})
    assert len(read(found)) == 2
    assert found.json()["meta"] == {"page": 1, "per_page": 2, "total": 3}
    beyond = await admin.get("/users", params={"role": "TRAVELER", "page": 9})
    assert (read(beyond), beyond.json()["meta"]["total"]) == ([], 3)
    assert [user["email"] for user in read(await admin.get("/users", params={"search": "BOPHA"}))] == [
        "boss@example.com"
    ]
    assert read(await admin.get("/users", params={"search": "guest%"})) == []
    assert faulty_fields(await admin.get("/users", params={"role": "CUSTOMER"})) == ["role"]
    assert faulty_fields(await admin.get("/users", params={"page": 0})) == ["page"]
    guest = await derlg.register()
    assert refusal(await guest.get("/users"), 403) == "NOT_ALLOWED"


async def test_a_closed_account_is_out_at_once(derlg: StorefrontClient) -> None:
    guest = await derlg.register()
    assert (await guest.delete(f"/users/{guest.user_id}")).status_code == 200
    admin = await derlg.sign_in_as(Role.ADMIN)
    assert (await admin.delete(f"/users/{guest.user_id}")).status_code == 200  # it is closed already
    assert len(await derlg.rows("SELECT id FROM audit_entries WHERE action = 'account.deletion_requested'")) == 1
    assert refusal(await guest.get("/auth/me"), 401) == "NOT_AUTHENTICATED"
    assert refusal(await guest.post("/auth/refresh"), 401) == "REFRESH_TOKEN_INVALID"
    form = {"email": guest.email, "password": PASSWORD}
    assert refusal(await derlg.post("/auth/login", json=form), 403) == "ACCOUNT_DELETION_PENDING"
    wrong = await derlg.post("/auth/login", json={**form, "password": "wrong"})
    assert refusal(wrong, 401) == "INVALID_CREDENTIALS"


async def test_an_account_can_be_restored_for_fourteen_days(derlg: StorefrontClient, clock: FrozenClock) -> None:
    guest = await derlg.register()
    await guest.delete(f"/users/{guest.user_id}")
    clock.advance(timedelta(days=14))
    async with derlg.database.unit_of_work() as tx:
        assert await forget_the_deleted(tx, now=clock.now()) == 0
    form = {"email": guest.email, "password": PASSWORD}
    restored = read(await derlg.post("/auth/restore-account", json=form))
    assert restored["user"]["id"] == str(guest.user_id)
    read(await derlg.post("/auth/login", json=form))


async def test_what_an_admin_had_closed_is_not_restored(derlg: StorefrontClient) -> None:
    admin = await derlg.sign_in_as(Role.ADMIN)
    dismissed, leaving = await derlg.register(), await derlg.register()
    closing = {"is_active": False}
    read(await admin.patch(f"/admin/staff/{dismissed.user_id}", json=closing))
    read(await admin.delete(f"/users/{dismissed.user_id}"))
    read(await leaving.delete(f"/users/{leaving.user_id}"))
    await derlg.rows("UPDATE users SET is_active = true WHERE id = $1", leaving.user_id)
    read(await admin.patch(f"/admin/staff/{leaving.user_id}", json=closing))
    for guest in (dismissed, leaving):
        form = {"email": guest.email, "password": PASSWORD}
        for way in ("/auth/login", "/auth/restore-account"):
            assert refusal(await derlg.post(way, json=form), 401) == "INVALID_CREDENTIALS"
    rows = await derlg.rows("SELECT id FROM users WHERE is_active AND role = 'CUSTOMER'")
    assert rows == []


async def test_then_the_person_is_forgotten_and_the_address_free(derlg: StorefrontClient, clock: FrozenClock) -> None:
    guest = await derlg.register(phone="+855 12 345 678")
    await guest.post("/users/me/addresses", json={"recipient": "A", "line_one": "B", "city": "C", "country": "KH"})
    await guest.delete(f"/users/{guest.user_id}")
    clock.advance(timedelta(days=14, seconds=1))
    async with derlg.database.unit_of_work() as tx:
        assert await forget_the_deleted(tx, now=clock.now()) == 1
        assert await forget_the_deleted(tx, now=clock.now()) == 0
    [row] = await derlg.rows("SELECT * FROM users WHERE id = $1", guest.user_id)
    assert guest.email not in str(row)
    assert "Sok Dara" not in str(row)
    assert (row["phone"], row["password_hash"]) == (None, None)
    assert await derlg.rows("SELECT id FROM addresses") == []
    admin = await derlg.sign_in_as(Role.ADMIN)
    assert refusal(await admin.get(f"/users/{guest.user_id}"), 404) == "USER_NOT_FOUND"
    assert (await derlg.register(email=guest.email)).user_id != guest.user_id
