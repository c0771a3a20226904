"""The address book."""

from tests.support.client import StorefrontClient, faulty_fields, read, refusal

HOME = {"recipient": "Sok Dara", "line_one": "12 Street 240", "city": "Phnom Penh", "country": "Cambodia"}


async def test_there_is_one_default_as_long_as_there_is_any(derlg: StorefrontClient) -> None:
    guest = await derlg.register()
    first = read(await guest.post("/users/me/addresses", json=HOME), 201)
    second = read(await guest.post("/users/me/addresses", json={**HOME, "city": "Kampot", "is_default": True}), 201)
    third = read(await guest.post("/users/me/addresses", json={**HOME, "city": "Kep"}), 201)
    assert [first["is_default"], second["is_default"], third["is_default"]] == [True, True, False]
    book = read(await guest.get("/users/me/addresses"))
    assert [(a["id"], a["is_default"]) for a in book] == [
        (second["id"], True),
        (first["id"], False),
        (third["id"], False),
    ]

    read(await guest.patch(f"/users/me/addresses/{third['id']}", json={"is_default": True}))
    assert (await guest.delete(f"/users/me/addresses/{third['id']}")).status_code == 200
    book = read(await guest.get("/users/me/addresses"))
    assert [(a["id"], a["is_default"]) for a in book] == [(first["id"], True), (second["id"], False)]
    refused = await guest.patch(f"/users/me/addresses/{first['id']}", json={"is_default": False})
    assert faulty_fields(refused) == ["is_default"]


async def test_a_change_keeps_what_was_not_sent(holyone: StorefrontClient) -> None:
    guest = await holyone.register()
    form = {"recipient": "Ada", "lineOne": "1 Main St", "city": "Nairobi", "country": "Kenya", "postalCode": "00100"}
    address = read(await guest.post("/users/me/addresses", json=form), 201)
    changed = read(
        await guest.patch(f"/users/me/addresses/{address['id']}", json={"lineTwo": "Flat 2", "postalCode": None})
    )
    assert (changed["lineOne"], changed["lineTwo"], changed["postalCode"]) == ("1 Main St", "Flat 2", None)
    assert faulty_fields(await guest.patch(f"/users/me/addresses/{address['id']}", json={"city": None})) == ["city"]
    assert faulty_fields(await guest.post("/users/me/addresses", json={"city": "x"})) == [
        "recipient",
        "lineOne",
        "country",
    ]


async def test_other_peoples_addresses_do_not_exist(derlg: StorefrontClient) -> None:
    owner, stranger = await derlg.register(), await derlg.register()
    address = read(await owner.post("/users/me/addresses", json=HOME), 201)
    path = f"/users/me/addresses/{address['id']}"
    assert refusal(await stranger.get(path), 404) == "ADDRESS_NOT_FOUND"
    assert refusal(await stranger.patch(path, json={"city": "Mine"}), 404) == "ADDRESS_NOT_FOUND"
    assert refusal(await stranger.delete(path), 404) == "ADDRESS_NOT_FOUND"
    assert read(await owner.get(path)) == address


async def test_a_book_has_twenty_pages(derlg: StorefrontClient) -> None:
    guest = await derlg.register()
    for _ in range(20):
        read(await guest.post("/users/me/addresses", json=HOME), 201)
    assert refusal(await guest.post("/users/me/addresses", json=HOME), 409) == "TOO_MANY_ADDRESSES"
