"""Admins can only name provinces that there are; whoever searches for another finds nothing."""

from typing import Any

import pytest
from tests.features.catalog.samples import guide, hotel, trip, vehicle
from tests.features.catalog.test_festivals import festival
from tests.features.catalog.test_places import place
from tests.support.client import StorefrontClient, faulty_fields, read

from sojourn.catalog.provinces import as_listed, read_provinces
from sojourn.catalog.trips.models import TripPatch
from sojourn.storefronts import STOREFRONTS

SAMPLES = {
    "trips": trip, "hotels": hotel, "transportation": vehicle, "guides": guide, "places": place, "festivals": festival,
}  # fmt: skip
PLURAL = {"guides"}


def saying(shelf: str, province: str) -> dict[str, Any]:
    return {"provinces": ["Kep", province]} if shelf in PLURAL else {"province": province}


@pytest.mark.parametrize("shelf", SAMPLES)
async def test_a_province_that_does_not_exist_is_refused(agency: StorefrontClient, shelf: str) -> None:
    (field,) = saying(shelf, "x")
    refused = await agency.post(f"/{shelf}", json=SAMPLES[shelf]("one", **saying(shelf, "Atlantis")))
    assert faulty_fields(refused) == [field]
    (fault,) = refused.json()["error"]["details"]["fields"]
    assert fault["message"].startswith("Atlantis is no province; must be one of Banteay Meanchey, Battambang, ")
    assert "Tboung Khmum" in fault["message"]
    made = read(await agency.post(f"/{shelf}", json=SAMPLES[shelf]("one", **saying(shelf, "Kampot"))), 201)
    changed = await agency.patch(f"/{shelf}/{made['id']}", json=saying(shelf, "Siem Riep"))
    assert faulty_fields(changed) == [field]
    kept = read(await agency.get(f"/{shelf}/{made['id']}"))
    assert kept[field] == saying(shelf, "Kampot")[field]


@pytest.mark.parametrize("shelf", SAMPLES)
@pytest.mark.parametrize("name", ["siem-reap", "SIEM REAP", "សៀមរាប", "暹粒省"], ids=["key", "capitals", "km", "zh"])
async def test_by_any_name_it_is_kept_as_the_english_one(agency: StorefrontClient, shelf: str, name: str) -> None:
    made = read(await agency.post(f"/{shelf}", json=SAMPLES[shelf]("one", **saying(shelf, name))), 201)
    assert {field: made[field] for field in saying(shelf, "")} == saying(shelf, "Siem Reap")
    changed = read(await agency.patch(f"/{shelf}/{made['id']}", json=saying(shelf, "kampong-cham")))
    assert {field: changed[field] for field in saying(shelf, "")} == saying(shelf, "Kampong Cham")


async def test_a_storefront_without_a_list_takes_any_name() -> None:
    body = TripPatch(province="Atlantis")
    assert as_listed(STOREFRONTS["holyone"].catalogue, body) == body
    assert read_provinces(STOREFRONTS["holyone"].catalogue) == {}
    assert len(read_provinces(STOREFRONTS["derlg"].catalogue)) == 25
