"""Staff: invited, never self-registered; and who may do what."""

import asyncio
from uuid import UUID

from tests.features.people.conftest import Queued
from tests.support.client import PASSWORD, StorefrontClient, faulty_fields, read, refusal
from tests.support.trail import acts_on

from sojourn.people.effects import STAFF_INVITATION
from sojourn.people.roles import Role

FORM = {"email": "sophea@example.com", "name": "Chan Sophea", "role": "CONSULTANT"}


async def test_an_invitation_is_accepted_with_a_password(derlg: StorefrontClient, queued: Queued) -> None:
    admin = await derlg.sign_in_as(Role.ADMIN, name="Lim Bopha")
    invited = read(await admin.post("/admin/staff/invitations", json=FORM), 201)
    assert (invited["role"], invited["is_active"]) == ("CONSULTANT", False)
    [mail] = await queued(derlg, STAFF_INVITATION)
    assert (mail["user_id"], mail["inviter"]) == (invited["id"], "Lim Bopha")

    accepted = read(await derlg.post("/auth/accept-invitation", json={"token": mail["secret"], "password": PASSWORD}))
    assert (accepted["user"]["role"], accepted["user"]["email_verified"]) == ("CONSULTANT", True)
    read(await derlg.post("/auth/login", json={"email": FORM["email"], "password": PASSWORD}))
    invited_by, accepted_by = (await acts_on(derlg, invited["id"]))[:2]
    assert invited_by == ("staff.invited", admin.user_id)
    assert accepted_by == ("staff.invitation_accepted", UUID(invited["id"]))
    again = await derlg.post("/auth/accept-invitation", json={"token": mail["secret"], "password": PASSWORD})
    assert refusal(again, 400) == "LINK_INVALID"
    assert refusal(await admin.post("/admin/staff/invitations", json=FORM), 409) == "EMAIL_TAKEN"


async def test_a_second_invitation_replaces_the_first(derlg: StorefrontClient, queued: Queued) -> None:
    admin = await derlg.sign_in_as(Role.ADMIN)
    first = read(await admin.post("/admin/staff/invitations", json=FORM), 201)
    second = read(await admin.post("/admin/staff/invitations", json={**FORM, "role": "GUIDE"}), 201)
    assert (second["id"], second["role"]) == (first["id"], "GUIDE")
    older, newer = await queued(derlg, STAFF_INVITATION)
    form = {"token": older["secret"], "password": PASSWORD}
    assert refusal(await derlg.post("/auth/accept-invitation", json=form), 400) == "LINK_INVALID"
    read(await derlg.post("/auth/accept-invitation", json={**form, "token": newer["secret"]}))


async def test_the_staff_page_is_for_admins(holyone: StorefrontClient) -> None:
    admin = await holyone.sign_in_as(Role.ADMIN)
    form = {"email": "x@example.com", "fullName": "X", "role": "GUIDE"}
    for role in (Role.CUSTOMER, Role.CONSULTANT, Role.GUIDE):
        caller = await holyone.sign_in_as(role)
        assert refusal(await caller.post("/admin/staff/invitations", json=form), 403) == "NOT_ALLOWED"
        assert refusal(await caller.get("/admin/staff"), 403) == "NOT_ALLOWED"
        promoting = await caller.patch(f"/admin/staff/{caller.user_id}", json={"role": "ADMIN"})
        assert refusal(promoting, 403) == "NOT_ALLOWED"
    listed = read(await admin.get("/admin/staff"))
    assert sorted(person["role"] for person in listed["items"]) == ["ADMIN", "CONSULTANT", "GUIDE"]
    assert [p["role"] for p in read(await admin.get("/admin/staff", params={"role": "GUIDE"}))["items"]] == ["GUIDE"]
    assert read(await admin.get("/admin/staff", params={"role": "CUSTOMER"}))["items"] == []
    assert faulty_fields(await admin.post("/admin/staff/invitations", json={**form, "role": "CUSTOMER"})) == ["role"]


async def test_a_new_role_counts_from_the_next_request(derlg: StorefrontClient) -> None:
    admin, guest = await derlg.sign_in_as(Role.ADMIN), await derlg.register()
    assert refusal(await guest.get("/users"), 403) == "NOT_ALLOWED"
    changed = read(await admin.patch(f"/admin/staff/{guest.user_id}", json={"role": "GUIDE"}))
    assert changed["role"] == "GUIDE"
    assert refusal(await guest.get("/auth/me"), 401) == "NOT_AUTHENTICATED"
    user = read(await derlg.post("/auth/login", json={"email": guest.email, "password": PASSWORD}))["user"]
    assert user["role"] == "GUIDE"
    [act] = await derlg.rows("SELECT actor_id, detail FROM audit_entries WHERE action = 'staff.standing_changed'")
    assert act == {"actor_id": admin.user_id, "detail": {"role": ["CUSTOMER", "GUIDE"], "is_active": [True, True]}}
    assert faulty_fields(await admin.patch(f"/admin/staff/{guest.user_id}", json={"role": "EMPEROR"})) == ["role"]


async def test_a_closed_account_cannot_sign_in(derlg: StorefrontClient) -> None:
    admin, guest = await derlg.sign_in_as(Role.ADMIN), await derlg.register()
    read(await admin.patch(f"/admin/staff/{guest.user_id}", json={"is_active": False}))
    form = {"email": guest.email, "password": PASSWORD}
    assert refusal(await derlg.post("/auth/login", json=form), 401) == "INVALID_CREDENTIALS"
    assert refusal(await derlg.post("/auth/restore-account", json=form), 401) == "INVALID_CREDENTIALS"
    read(await admin.patch(f"/admin/staff/{guest.user_id}", json={"is_active": True}))
    read(await derlg.post("/auth/login", json=form))


async def test_the_last_admin_stays(derlg: StorefrontClient) -> None:
    admin = await derlg.sign_in_as(Role.ADMIN)
    own = f"/admin/staff/{admin.user_id}"
    assert refusal(await admin.patch(own, json={"role": "TRAVELER"}), 409) == "LAST_ADMIN"
    assert refusal(await admin.patch(own, json={"is_active": False}), 409) == "LAST_ADMIN"
    assert refusal(await admin.delete(f"/users/{admin.user_id}"), 409) == "LAST_ADMIN"
    assert read(await admin.patch(own, json={"is_active": True}))["role"] == "ADMIN"


async def test_two_admins_cannot_dismiss_each_other_at_once(derlg: StorefrontClient) -> None:
    one, two = await derlg.sign_in_as(Role.ADMIN), await derlg.sign_in_as(Role.ADMIN)
    answers = await asyncio.gather(
        one.patch(f"/admin/staff/{two.user_id}", json={"role": "TRAVELER"}),
        two.patch(f"/admin/staff/{one.user_id}", json={"role": "TRAVELER"}),
    )
    assert sorted(answer.status_code for answer in answers) in ([200, 409], [200, 401], [200, 403])
    assert len(await derlg.rows("SELECT id FROM users WHERE role = 'ADMIN'")) == 1


async def test_what_staff_speak_is_said_at_the_invitation_and_by_themselves(
    derlg: StorefrontClient, queued: Queued
) -> None:
    admin = await derlg.sign_in_as(Role.ADMIN)
    assert read(await admin.post("/admin/staff/invitations", json=FORM), 201)["spoken_languages"] == []
    again = {**FORM, "spoken_languages": ["km", "EN"]}
    invited = read(await admin.post("/admin/staff/invitations", json=again), 201)
    assert invited["spoken_languages"] == ["km", "en"]
    secret = (await queued(derlg, STAFF_INVITATION))[-1]["secret"]
    form = {"token": secret, "password": PASSWORD, "token_delivery": "body"}
    accepted = read(await derlg.post("/auth/accept-invitation", json=form))
    assert accepted["user"]["spoken_languages"] == ["km", "en"]
    consultant = await derlg.sign_in_as(Role.CONSULTANT)
    assert read(await consultant.patch("/users/me", json={"spoken_languages": ["zh"]}))["spoken_languages"] == ["zh"]
    path = f"/users/{consultant.user_id}"
    assert read(await admin.patch(path, json={"spoken_languages": ["zh", "en"]}))["spoken_languages"] == ["zh", "en"]
    assert read(await consultant.patch("/users/me", json={"phone": None}))["spoken_languages"] == ["zh", "en"]
    assert read(await consultant.patch("/users/me", json={"spoken_languages": []}))["spoken_languages"] == []


async def test_languages_that_nobody_speaks_here_are_refused(derlg: StorefrontClient) -> None:
    admin, guest = await derlg.sign_in_as(Role.ADMIN), await derlg.sign_in_as()
    for wrong, field in (
        (["fr"], "spoken_languages.0"), (["km", "KH"], "spoken_languages"), (None, "spoken_languages"),
        ("km", "spoken_languages"),
    ):  # fmt: skip
        form = {**FORM, "spoken_languages": wrong}
        assert faulty_fields(await admin.post("/admin/staff/invitations", json=form)) == [field]
        assert faulty_fields(await admin.patch("/users/me", json={"spoken_languages": wrong})) == [field]
    assert faulty_fields(await guest.patch("/users/me", json={"spoken_languages": ["km"]})) == ["spoken_languages"]
    path = f"/users/{guest.user_id}"
    assert faulty_fields(await admin.patch(path, json={"spoken_languages": ["km"]})) == ["spoken_languages"]
    assert read(await guest.get("/users/me"))["spoken_languages"] == []
