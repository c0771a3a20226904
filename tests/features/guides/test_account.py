"""Whose account a guide is: said by admins, for guides alone, and over with the account."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from tests.features.catalog.samples import guide
from tests.features.guides.conftest import Agency
from tests.support.client import StorefrontClient, faulty_fields, read, refusal
from tests.support.trail import acts_on

from sojourn.desk.privacy.erasure import forget_the_deleted
from sojourn.people.roles import Role
from sojourn.people.users.service import TIME_TO_UNDO
from sojourn.platform.kit.clock import FrozenClock


async def test_an_admin_says_whose_it_is(derlg: StorefrontClient, agency: Agency) -> None:
    admin, first = agency.shop.admin, agency.guide
    assert read(await admin.get(agency.account_path)) == {
        "guide_id": agency.shop.guide["id"], "user_id": str(first.user_id), "name": "Keo Vannak",
        "email": first.email,
    }  # fmt: skip
    second = await derlg.sign_in_as(Role.GUIDE)
    assert (await agency.link(second.user_id))["email"] == second.email
    assert refusal(await first.get("/guide/profile"), 409) == "GUIDE_NOT_LINKED"
    assert read(await second.get("/guide/profile"))["id"] == agency.shop.guide["id"]
    await agency.link(second.user_id)  # changes nothing
    assert (await agency.link(None))["user_id"] is None
    changes = [act for act in await acts_on(derlg, agency.shop.guide["id"]) if act[0] == "guide.account_changed"]
    assert changes == [("guide.account_changed", admin.user_id)] * 3
    [last] = await derlg.rows(
        "SELECT detail, reference FROM audit_entries WHERE action = 'guide.account_changed' ORDER BY id DESC LIMIT 1"
    )
    assert last == {"detail": {"user_id": [str(second.user_id), None]}, "reference": "first"}


async def test_the_catalogue_does_not_tell_whose_it_is(derlg: StorefrontClient, agency: Agency) -> None:
    for client, path in ((derlg, "/guides/first"), (derlg, "/guides"), (agency.shop.admin, "/admin/guides")):
        answer = await client.get(path)
        assert answer.status_code == 200
        assert str(agency.guide.user_id) not in answer.text


async def test_only_one_active_guide_each(derlg: StorefrontClient, agency: Agency) -> None:
    admin = agency.shop.admin
    other = read(await admin.post("/guides", json=guide("second")), 201)
    path = f"/admin/guides/{other['id']}/account"

    async def refused(user_id: object, status: int, where: str = path) -> str:
        return refusal(await admin.put(where, json={"user_id": str(user_id)}), status)

    taken = await admin.put(path, json={"user_id": str(agency.guide.user_id)})
    assert refusal(taken, 409) == "ACCOUNT_LINKED"
    assert taken.json()["error"]["details"] == {"guide_id": agency.shop.guide["id"]}
    for role in (Role.CUSTOMER, Role.CONSULTANT, Role.ADMIN):
        somebody = await derlg.sign_in_as(role)
        assert await refused(somebody.user_id, 409) == "ACCOUNT_NOT_GUIDE"
    closed = await derlg.sign_in_as(Role.GUIDE)
    read(await admin.patch(f"/admin/staff/{closed.user_id}", json={"is_active": False}))
    assert await refused(closed.user_id, 409) == "ACCOUNT_NOT_GUIDE"
    assert await refused(uuid4(), 404) == "USER_NOT_FOUND"
    nowhere = f"/admin/guides/{uuid4()}/account"
    free = await derlg.sign_in_as(Role.GUIDE)
    assert await refused(free.user_id, 404, nowhere) == "GUIDE_NOT_FOUND"
    assert refusal(await admin.get(nowhere), 404) == "GUIDE_NOT_FOUND"
    assert faulty_fields(await admin.put(path, json={})) == ["user_id"]
    assert read(await admin.get(path))["user_id"] is None


async def test_one_account_for_two_guides_at_once(derlg: StorefrontClient, agency: Agency) -> None:
    admin = agency.shop.admin
    made = [read(await admin.post("/guides", json=guide(slug)), 201) for slug in ("second", "third")]
    free = await derlg.sign_in_as(Role.GUIDE)
    body = {"user_id": str(free.user_id)}
    answers = await asyncio.gather(*(admin.put(f"/admin/guides/{one['id']}/account", json=body) for one in made))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert len(await derlg.rows("SELECT id FROM guides WHERE user_id = $1", free.user_id)) == 1


async def _closed(agency: Agency) -> Any:
    return await agency.shop.admin.patch(f"/admin/staff/{agency.guide.user_id}", json={"is_active": False})


async def _consultant(agency: Agency) -> Any:
    return await agency.shop.admin.patch(f"/admin/staff/{agency.guide.user_id}", json={"role": "CONSULTANT"})


async def _leaving(agency: Agency) -> Any:
    return await agency.guide.delete(f"/users/{agency.guide.user_id}")


@pytest.mark.parametrize("end", [_closed, _consultant, _leaving])
async def test_it_ends_with_the_account(agency: Agency, end: Callable[[Agency], Awaitable[Any]]) -> None:
    assert (await end(agency)).is_success
    assert read(await agency.shop.admin.get(agency.account_path))["user_id"] is None


async def test_it_outlasts_what_does_not_concern_it(derlg: StorefrontClient, agency: Agency) -> None:
    other = await derlg.sign_in_as(Role.GUIDE)
    read(await agency.shop.admin.patch(f"/admin/staff/{other.user_id}", json={"is_active": False}))
    read(await agency.shop.admin.patch(f"/admin/staff/{agency.guide.user_id}", json={"role": "GUIDE"}))
    assert read(await agency.shop.admin.get(agency.account_path))["user_id"] == str(agency.guide.user_id)


async def test_an_erased_account_is_no_guides(derlg: StorefrontClient, agency: Agency, clock: FrozenClock) -> None:
    read(await _leaving(agency))
    # As if it had been linked meanwhile: erasing leaves nothing to chance.
    await derlg.rows("UPDATE guides SET user_id = $1 RETURNING id", agency.guide.user_id)
    clock.advance(TIME_TO_UNDO + timedelta(seconds=1))
    async with derlg.database.unit_of_work() as tx:
        assert await forget_the_deleted(tx, now=clock.now()) == 1
    assert read(await agency.shop.admin.get(agency.account_path)) == {
        "guide_id": agency.shop.guide["id"], "user_id": None, "name": None, "email": None,
    }  # fmt: skip


async def test_for_admins_only(derlg: StorefrontClient, agency: Agency) -> None:
    for role in (Role.CUSTOMER, Role.CONSULTANT, Role.GUIDE):
        caller = await derlg.sign_in_as(role)
        assert refusal(await caller.get(agency.account_path), 403) == "NOT_ALLOWED"
        own = {"user_id": str(caller.user_id)}
        assert refusal(await caller.put(agency.account_path, json=own), 403) == "NOT_ALLOWED"
    assert refusal(await derlg.get(agency.account_path), 401) == "NOT_AUTHENTICATED"
