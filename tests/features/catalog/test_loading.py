"""Loading the data files: again and again, never over a person's work, and never half."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.support.client import StorefrontClient, read
from tests.support.waiting import eventually

from sojourn.catalog.eligibility.rules import spread_file
from sojourn.catalog.loading import CatalogueInvalid, LoadReport, load_catalogue
from sojourn.platform.db.database import Database
from sojourn.platform.kit.clock import FrozenClock
from sojourn.platform.storefront import Storefront
from sojourn.storefronts import STOREFRONTS

TRIP = "angkor-sunrise-and-tonle-sap"


@pytest.fixture
def small(tmp_path: Path) -> Storefront:
    """A storefront with one trip, which includes nothing here, and one service of the shipped ones."""
    (tmp_path / "trips").mkdir()
    (tmp_path / "services/main").mkdir(parents=True)
    shutil.copy(STOREFRONTS["derlg"].catalogue / f"trips/{TRIP}.yaml", tmp_path / "trips")
    shutil.copy(STOREFRONTS["holyone"].catalogue / "services/main/starter.yaml", tmp_path / "services/main")
    storefront = replace(STOREFRONTS["derlg"], catalogue=tmp_path)
    edit(storefront, f"trips/{TRIP}.yaml", unset("included"))
    return storefront


def edit(storefront: Storefront, file: str, change: Callable[[dict[str, Any]], None]) -> None:
    path = storefront.catalogue / file
    content = yaml.safe_load(path.read_text())
    change(content)
    path.write_text(yaml.safe_dump(content, allow_unicode=True))


def unset(name: str) -> Callable[[dict[str, Any]], None]:
    return lambda content: content.pop(name)


def setting(**fields: Any) -> Callable[[dict[str, Any]], None]:
    return lambda content: content.update(fields)


def tier(hours: int, percent: int, fee: str = "15.00") -> dict[str, Any]:
    return {"min_hours_before": hours, "refund_percent": percent, "fixed_fee": fee}


async def trips(database: Database) -> list[dict[str, Any]]:
    async with database.read() as connection:
        return [dict(row) for row in await connection.fetch("SELECT * FROM trips ORDER BY slug")]


@pytest.mark.parametrize("key", STOREFRONTS)
async def test_the_shipped_catalogue_loads_once(database: Database, clock: FrozenClock, key: str) -> None:
    storefront = STOREFRONTS[key]
    kinds = ("trips", "services", "hotels", "vehicles", "guides", "places", "festivals")
    files = sum(len(list(storefront.catalogue.glob(f"{kind}/**/*.yaml"))) for kind in kinds)
    tables = storefront.catalogue.glob("eligibility/*.yaml")
    files += sum(len(list(spread_file(yaml.safe_load(table.read_text())))) for table in tables)
    first = await load_catalogue(database, storefront, now=clock.now())
    assert first == LoadReport(added=files, changed=0, kept=0)
    assert files >= 26
    before = await trips(database)
    clock.advance(timedelta(days=1))
    assert await load_catalogue(database, storefront, now=clock.now()) == LoadReport(added=0, changed=0, kept=files)
    assert await trips(database) == before


async def test_what_was_loaded_can_be_read(derlg: StorefrontClient, holyone: StorefrontClient) -> None:
    for client in (derlg, holyone):
        await load_catalogue(client.database, client.storefront, now=client.runtime.clock.now())
    shown = read(await derlg.get(f"/trips/{TRIP}?language=zh"))
    assert (shown["display_title"], shown["title_kh"]) == ("吴哥日出与洞里萨湖", "ថ្ងៃរះនៅអង្គរវត្ត និងបឹងទន្លេសាប")
    assert (shown["price_per_person_usd"], shown["non_refundable_fee_usd"]) == ("289.00", "62.00")
    assert (shown["capacity_per_departure"], shown["max_people"], len(shown["itinerary"])) == (24, 12, 3)
    assert [tier["refund_percent"] for tier in shown["cancellation_policy"]["tiers"]] == [100, 50]
    hotel = read(await derlg.get("/hotels/riverside-garden-siem-reap"))
    (twin,) = [room["id"] for room in hotel["rooms"] if room["key"] == "superior-twin"]
    assert (shown["hotel_id"], shown["hotel_room_id"]) == (hotel["id"], twin)
    assert (shown["vehicle_id"], shown["guide_id"]) == (None, None)
    assert 5 <= len(read(await derlg.get("/trips/featured?limit=20"))) <= 8
    starter = read(await holyone.get("/services/starter"))
    assert (starter["price"], starter["oldPrice"], starter["specs"]["deliveryDays"]) == ("99.00", "129.00", 5)
    assert [stage["refundStage"] for stage in starter["stages"]][-1] == "COMPLETED"
    unseated = "SELECT slug FROM trips WHERE id NOT IN (SELECT owner_id FROM resources WHERE kind = 'DEPARTURE')"
    assert await derlg.rows(unseated) == []


async def test_a_changed_file_changes_its_row_and_nothing_else(
    database: Database, small: Storefront, clock: FrozenClock
) -> None:
    await load_catalogue(database, small, now=clock.now())
    (before,) = await trips(database)
    clock.advance(timedelta(days=1))
    edit(small, f"trips/{TRIP}.yaml", setting(price_per_person_usd="299.00", max_people=30))
    assert await load_catalogue(database, small, now=clock.now()) == LoadReport(added=0, changed=1, kept=1)
    (after,) = await trips(database)
    assert {name for name in after if after[name] != before[name]} == {
        "price_per_person_usd", "max_people", "version", "updated_at", "source_hash",
    }  # fmt: skip
    assert (after["id"], after["created_at"], after["version"]) == (before["id"], before["created_at"], 2)


async def test_new_seats_come_with_a_changed_file(database: Database, small: Storefront, clock: FrozenClock) -> None:
    for capacity in (24, 50):
        edit(small, f"trips/{TRIP}.yaml", setting(capacity_per_departure=capacity))
        await load_catalogue(database, small, now=clock.now())
        async with database.read() as connection:
            assert await connection.fetchval("SELECT capacity FROM resources") == capacity


async def test_a_file_may_have_tiers_of_its_own(database: Database, small: Storefront, clock: FrozenClock) -> None:
    own = [tier(240, 90), tier(48, 20, fee="0.00")]
    edit(small, f"trips/{TRIP}.yaml", setting(cancellation_policy=own))
    await load_catalogue(database, small, now=clock.now())
    (row,) = await trips(database)
    assert row["cancellation_policy"] == {"name": "CUSTOM", "tiers": own}


async def test_a_comment_in_a_file_changes_nothing(database: Database, small: Storefront, clock: FrozenClock) -> None:
    await load_catalogue(database, small, now=clock.now())
    path = small.catalogue / f"trips/{TRIP}.yaml"
    path.write_text("# Checked in November.\n" + path.read_text())
    assert await load_catalogue(database, small, now=clock.now()) == LoadReport(added=0, changed=0, kept=2)


async def test_a_persons_change_outlives_every_later_load(
    derlg: StorefrontClient, agency: StorefrontClient, small: Storefront, clock: FrozenClock
) -> None:
    await load_catalogue(derlg.database, small, now=clock.now())
    shown = read(await derlg.get(f"/trips/{TRIP}"))
    read(await agency.patch(f"/trips/{shown['id']}", json={"title": "Our own words"}))
    edit(small, f"trips/{TRIP}.yaml", setting(price_per_person_usd="999.00"))
    assert await load_catalogue(derlg.database, small, now=clock.now()) == LoadReport(added=0, changed=0, kept=2)
    after = read(await derlg.get(f"/trips/{TRIP}"))
    assert (after["title"], after["price_per_person_usd"], after["id"]) == ("Our own words", "289.00", shown["id"])


async def test_what_a_person_retired_stays_retired(
    derlg: StorefrontClient, agency: StorefrontClient, small: Storefront, clock: FrozenClock
) -> None:
    await load_catalogue(derlg.database, small, now=clock.now())
    shown = read(await derlg.get(f"/trips/{TRIP}"))
    read(await agency.delete(f"/trips/{shown['id']}"))
    edit(small, f"trips/{TRIP}.yaml", setting(price_per_person_usd="999.00"))
    await load_catalogue(derlg.database, small, now=clock.now())
    assert read(await derlg.get("/trips")) == []


async def test_a_file_that_is_gone_retires_nothing(database: Database, small: Storefront, clock: FrozenClock) -> None:
    await load_catalogue(database, small, now=clock.now())
    (small.catalogue / f"trips/{TRIP}.yaml").unlink()
    assert await load_catalogue(database, small, now=clock.now()) == LoadReport(added=0, changed=0, kept=1)
    (row,) = await trips(database)
    assert row["is_active"]


async def test_a_load_drops_what_readers_were_shown(
    derlg: StorefrontClient, small: Storefront, clock: FrozenClock
) -> None:
    assert read(await derlg.get("/trips")) == []
    await load_catalogue(derlg.database, small, now=clock.now())

    async def is_shown() -> bool:
        return len(read(await derlg.get("/trips"))) == 1

    await eventually(is_shown)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (setting(colour="red"), "colour: Extra inputs are not permitted"),
        (unset("province"), "province: Field required"),
        (unset("summary"), "summary: must be given in en, km, zh"),
        (setting(title={"en": "x", "km": "x"}), "title: must be given in en, km, zh"),
        (setting(title={"en": "x", "km": "", "zh": "x"}), "title: must be given in en, km, zh"),
        (setting(price_per_person_usd="0.00"), "price_per_person_usd: Input should be greater than 0"),
        (setting(max_people="12"), "max_people: Input should be a valid integer"),
        (setting(is_featured="yes"), "is_featured: Input should be a valid boolean"),
        (setting(environment="DESERT"), "environment: Input should be 'MOUNTAIN'"),
        (setting(duration_days=4), "itinerary: must have each day from 1 to `duration_days`, in order"),
        (setting(cancellation_policy="GENEROUS"), "cancellation_policy: must be one of FLEXIBLE, "),
        (setting(cancellation_policy=[tier(24, 50), tier(24, 20)]), "cancellation_policy: must have fewer hours"),
        (setting(cancellation_policy=[tier(24, 101)]), "cancellation_policy.0.refund_percent: Input should be less"),
        (setting(slug="another"), f"slug: must be the file's name, {TRIP}"),
    ],
)
async def test_a_file_that_is_not_right_is_named_with_its_field(
    database: Database, small: Storefront, clock: FrozenClock, change: Callable[[dict[str, Any]], None], complaint: str
) -> None:
    edit(small, f"trips/{TRIP}.yaml", change)
    edit(small, "services/main/starter.yaml", setting(price="98.00"))
    with pytest.raises(CatalogueInvalid) as refused:
        await load_catalogue(database, small, now=clock.now())
    lines = str(refused.value).splitlines()
    assert lines[0] == "services/main/starter.yaml: price: must be `service_fee` + `government_fee`"
    assert lines[1].startswith(f"trips/{TRIP}.yaml: {complaint}")
    assert await trips(database) == []


async def test_what_a_file_includes_must_be_there(database: Database, small: Storefront, clock: FrozenClock) -> None:
    edit(small, f"trips/{TRIP}.yaml", setting(included={"vehicle": "submarine", "guide": "nobody"}))
    with pytest.raises(CatalogueInvalid) as refused:
        await load_catalogue(database, small, now=clock.now())
    assert str(refused.value).splitlines() == [
        f"trip {TRIP}: included.{name}: is not in the catalogue" for name in ("vehicle", "guide")
    ]  # fmt: skip
    assert await trips(database) == []


@pytest.mark.parametrize("text", ["a: [", "- a list", "", "\x00"])
async def test_what_is_no_yaml_is_named(database: Database, small: Storefront, clock: FrozenClock, text: str) -> None:
    (small.catalogue / f"trips/{TRIP}.yaml").write_text(text)
    with pytest.raises(CatalogueInvalid, match=rf"^trips/{TRIP}.yaml: file: "):
        await load_catalogue(database, small, now=clock.now())


async def test_one_slug_in_two_folders(database: Database, small: Storefront, clock: FrozenClock) -> None:
    (small.catalogue / "services/micro").mkdir()
    shutil.copy(small.catalogue / "services/main/starter.yaml", small.catalogue / "services/micro")
    with pytest.raises(CatalogueInvalid, match=r"^services/micro/starter.yaml: slug: is in another file as well$"):
        await load_catalogue(database, small, now=clock.now())


async def test_hotels_vehicles_and_guides_come_with_their_stock(derlg: StorefrontClient) -> None:
    await load_catalogue(derlg.database, derlg.storefront, now=derlg.runtime.clock.now())
    hotels, vehicles, guides = [
        read(await derlg.get(f"/{shelf}?per_page=100")) for shelf in ("hotels", "transportation", "guides")
    ]
    assert (len(hotels) >= 12, len(vehicles) >= 20, len(guides) >= 15) == (True, True, True)
    wanted = {room["id"]: room["count"] for hotel in hotels for room in hotel["rooms"]}
    wanted |= {vehicle["id"]: vehicle["fleet_count"] for vehicle in vehicles} | {guide["id"]: 1 for guide in guides}
    stock = await derlg.rows("SELECT * FROM resources WHERE kind IN ('ROOM', 'VEHICLE', 'GUIDE') AND is_active")
    assert {str(row["owner_id"]): row["capacity"] for row in stock} == wanted
    assert all(hotel["name_kh"] and hotel["name_zh"] and hotel["rooms"][0]["name_kh"] for hotel in hotels)
    assert any(ride["from_place"] for vehicle in vehicles for ride in vehicle["transfers"])


@pytest.mark.parametrize(
    ("file", "change", "complaint"),
    [
        ("hotels", setting(rooms=[]), "rooms: List should have at least 1 item"),
        ("hotels", setting(rooms=["suite"]), "rooms: must be a list of entries with fields"),
        ("hotels", setting(stars=6), "stars: Input should be less than or equal to 5"),
        ("vehicles", setting(transfers=[{"from": "A", "to": "B"}]), "transfers.0.price_usd: Field required"),
        ("guides", setting(languages=["km", "km"]), "languages: has km twice"),
    ],
)
async def test_what_is_wrong_with_stock_is_named(
    database: Database, small: Storefront, clock: FrozenClock, file: str, change: Callable[[dict[str, Any]], None],
    complaint: str,
) -> None:  # fmt: skip
    shipped = min((STOREFRONTS["derlg"].catalogue / file).glob("*.yaml"))
    (small.catalogue / file).mkdir()
    shutil.copy(shipped, small.catalogue / file)
    edit(small, f"{file}/{shipped.name}", change)
    with pytest.raises(CatalogueInvalid) as refused:
        await load_catalogue(database, small, now=clock.now())
    assert str(refused.value).startswith(f"{file}/{shipped.name}: {complaint}")
