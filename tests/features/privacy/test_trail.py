"""Sensitive acts are on record, and the record can be searched and taken away as a file."""

import csv
import json

from tests.support.client import PASSWORD, StorefrontClient, read

from sojourn.people.roles import Role

NEW = "another long and unusual phrase"


async def test_each_sensitive_act_of_an_account_leaves_an_entry(derlg: StorefrontClient) -> None:
    admin = await derlg.sign_in_as(Role.ADMIN)
    guest = await derlg.register()
    path, form = f"/users/{guest.user_id}", {"email": guest.email, "password": PASSWORD}
    acts = {
        "account.registered": None,
        "auth.sign_in_failed": derlg.post("/auth/login", json={**form, "password": "wrong"}),
        "auth.signed_in": derlg.post("/auth/login", json=form),
        "account.export_requested": guest.post("/users/me/export"),
        "account.changed": admin.patch(path, json={"phone": "+85512345678"}),
        "staff.standing_changed": admin.patch(f"/admin/staff/{guest.user_id}", json={"role": "CONSULTANT"}),
        "account.deletion_requested": admin.delete(path),
        "account.restored": derlg.post("/auth/restore-account", json=form),
    }
    for act in acts.values():
        if act is not None:
            await act
    entries = read(await admin.get("/admin/audit", params={"subject_id": str(guest.user_id), "per_page": 100}))
    assert set(acts) <= {entry["action"] for entry in entries}
    assert all(entry["request_id"] for entry in entries)


async def test_the_trail_is_a_file_too_with_everything_that_was_asked_for(holyone: StorefrontClient) -> None:
    admin = await holyone.sign_in_as(Role.ADMIN)
    guests = [await holyone.register() for _ in range(3)]
    asked: dict[str, str | int] = {"action": "account.*", "perPage": 1, "format": "csv"}
    answer = await admin.get("/admin/audit", params=asked)
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(answer.text.removeprefix("\ufeff").splitlines()))
    assert {row["subjectId"] for row in rows} == {str(guest.user_id) for guest in guests}
    assert {row["action"] for row in rows} == {"account.registered"}
    assert all(json.loads(row["detail"]) == {} for row in rows)
    [taken] = read(await admin.get("/admin/audit", params={"action": "report.exported"}))["items"]
    assert (taken["reference"], taken["actorId"]) == ("audit", str(admin.user_id))
