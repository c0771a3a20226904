"""Images of the catalogue: uploaded, drawn anew, shown to everybody, gone when nothing shows them."""

from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from tests.features.images.conftest import Desk, bomb, picture, send
from tests.support.client import faulty_fields, read, refusal
from tests.support.system import FILES

from sojourn.care.documents.retention import remove_files
from sojourn.catalog.images.jobs import delete_unnamed
from sojourn.catalog.images.queries import TABLES
from sojourn.platform.kit.clock import FrozenClock
from sojourn.platform.kit.ids import new_id

MARK = b"Secret Camera Works"


async def test_a_photograph_comes_out_in_two_sizes_without_its_metadata(desk: Desk) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    exif[0x010F] = MARK.decode()
    exif.get_ifd(0x8825).update({1: "N", 2: (13.0, 24.0, 45.0), 3: "E", 4: (103.0, 52.0, 1.0)})
    sent = picture(size=(4000, 3000), exif=exif, comment=b"a secret comment")
    assert MARK in sent
    assert dict(Image.open(BytesIO(sent)).getexif().get_ifd(0x8825))

    image = await desk.upload(sent, alt="  Angkor Wat at dawn ")
    base = f"{desk.visitor.runtime.public_url}{desk.visitor.storefront.prefix}/images/{image['id']}"
    assert image == {
        "id": image["id"], "url": base, "thumbnail_url": f"{base}/thumbnail", "width": 1600, "height": 2133,
        "alt": "Angkor Wat at dawn", "unnamed_since": "2026-12-01T03:00:00Z", "created_at": "2026-12-01T03:00:00Z",
    }  # fmt: skip
    for path, size in ((f"/images/{image['id']}", (1600, 2133)), (f"/images/{image['id']}/thumbnail", (480, 640))):
        answer = await desk.visitor.get(path)
        shown = Image.open(BytesIO(answer.content))
        assert (answer.status_code, shown.format, shown.size) == (200, "WEBP", size)
        assert dict(shown.getexif()) == {}
        assert not {"exif", "xmp", "icc_profile"} & set(shown.info)
        assert b"ecret" not in answer.content
    [entry] = await desk.visitor.rows("SELECT action, actor_id, subject_id FROM audit_entries")
    assert (entry["action"], entry["actor_id"]) == ("image.uploaded", desk.admin.user_id)
    assert str(entry["subject_id"]) == image["id"]


async def test_what_is_shown_may_be_kept_and_is_not_sent_twice(desk: Desk) -> None:
    image = await desk.upload()
    tags = set()
    for path in (f"/images/{image['id']}", f"/images/{image['id']}/thumbnail"):
        first = await desk.visitor.get(path)
        assert first.headers["content-type"] == "image/webp"
        assert first.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert first.headers["x-content-type-options"] == "nosniff"
        assert first.headers["cross-origin-resource-policy"] == "cross-origin"
        assert int(first.headers["content-length"]) == len(first.content)
        again = await desk.visitor.get(path, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
        assert again.headers["cache-control"] == first.headers["cache-control"]
        other = await desk.visitor.get(path, headers={"If-None-Match": '"another"'})
        assert other.content == first.content
        tags.add(first.headers["etag"])
    assert len(tags) == 2


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
async def test_pictures_of_every_kind(desk: Desk, mode: str) -> None:
    written = BytesIO()
    Image.new(mode, (50, 30)).save(written, "PNG")
    image = await desk.upload(written.getvalue())
    assert (image["width"], image["height"]) == (50, 30)  # never made larger
    assert Image.open(BytesIO((await desk.visitor.get(f"/images/{image['id']}")).content)).size == (50, 30)


async def test_what_shines_through_goes_on_to(desk: Desk) -> None:
    written = BytesIO()
    Image.new("RGBA", (40, 40), (255, 0, 0, 0)).save(written, "WEBP")
    image = await desk.upload(written.getvalue())
    shown = Image.open(BytesIO((await desk.visitor.get(f"/images/{image['id']}/thumbnail")).content))
    assert (shown.mode, shown.getpixel((5, 5))[3]) == ("RGBA", 0)  # type: ignore[index]


async def test_what_is_said_of_an_image_can_be_changed(desk: Desk) -> None:
    image = await desk.upload(alt="A temple")
    path = f"/admin/images/{image['id']}"
    changed = read(await desk.admin.patch(path, json={"alt": "  Bayon at noon "}))
    assert changed["alt"] == "Bayon at noon"
    [listed], _ = await desk.page()
    assert (listed["alt"], listed["url"]) == ("Bayon at noon", image["url"])
    acts = await desk.visitor.rows("SELECT action FROM audit_entries WHERE subject_kind = 'IMAGE' ORDER BY at, id")
    assert [act["action"] for act in acts] == ["image.uploaded", "image.changed"]
    assert faulty_fields(await desk.admin.patch(path, json={"alt": "x" * 201})) == ["alt"]
    assert faulty_fields(await desk.admin.patch(path, json={"alt": "x", "url": "https://x.example/"})) == ["url"]
    unknown = f"/admin/images/{new_id()}"
    assert refusal(await desk.admin.patch(unknown, json={"alt": "x"}), 404) == "IMAGE_NOT_FOUND"
    assert (await desk.visitor.patch(path, json={"alt": "x"})).status_code == 401


async def test_an_entry_names_no_image_that_is_not_there(desk: Desk) -> None:
    image = await desk.upload()
    base, path = image["url"].removesuffix(image["id"]), await desk.offer(image)
    for url in (f"{base}{new_id()}", f"{base}{new_id()}/thumbnail", f"{base}{str(new_id()).upper()}"):
        answer = await desk.admin.patch(path, json={"images": [image["url"], url]})
        assert faulty_fields(answer) == ["images"], url
        with pytest.raises(AssertionError, match="400"):
            await desk.offer({"url": url})
    for url in (image["thumbnail_url"], f"https://elsewhere.example/images/{new_id()}"):
        read(await desk.admin.patch(path, json={"images": [image["url"], url]}))


async def test_what_is_refused(desk: Desk) -> None:
    wide = BytesIO()
    Image.new("1", (16_000, 16_000)).save(wide, "WEBP", lossless=True, method=0)
    for content, status, code in (
        (b"MZ\x90\x00" + bytes(400), 415, "IMAGE_TYPE_REFUSED"),
        (b"GIF89a" + bytes(400), 415, "IMAGE_TYPE_REFUSED"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415, "IMAGE_TYPE_REFUSED"),
        (b"\x89PNG\r\n\x1a\n" + b"MZ\x90\x00" + bytes(400), 422, "IMAGE_UNREADABLE"),
        (picture()[:2000], 422, "IMAGE_UNREADABLE"),
        (bomb(20_000), 422, "PICTURE_TOO_LARGE"),
        (wide.getvalue(), 422, "PICTURE_TOO_LARGE"),
        (picture() + bytes(10 * 1024 * 1024), 413, "IMAGE_TOO_LARGE"),
        (picture() + bytes(12 * 1024 * 1024), 413, "IMAGE_TOO_LARGE"),
    ):
        assert refusal(await send(desk.admin, content, "temple.png"), status) == code
    assert faulty_fields(await send(desk.admin, b"", "temple.png")) == ["file"]
    assert faulty_fields(await send(desk.admin, picture(), alt="x" * 201)) == ["alt"]
    assert faulty_fields(await desk.admin.post("/admin/images", json={"alt": "x"})) == ["file"]
    assert await desk.page() == ([], 0)
    assert await desk.visitor.rows("SELECT 1 FROM doomed_files") == []


async def test_only_admins_add_and_take_away(desk: Desk) -> None:
    image = await desk.upload()
    customer = await desk.visitor.sign_in_as()
    for person, status, code in ((customer, 403, "NOT_ALLOWED"), (desk.visitor.visitor(), 401, "NOT_AUTHENTICATED")):
        assert refusal(await send(person, picture()), status) == code
        assert refusal(await person.get("/admin/images"), status) == code
        assert refusal(await person.delete(f"/admin/images/{image['id']}"), status) == code
    assert (await desk.page())[1] == 1
    for path in (f"/images/{new_id()}", f"/images/{new_id()}/thumbnail"):
        answer = await customer.get(path)
        assert refusal(answer, 404) == "IMAGE_NOT_FOUND"
        assert answer.headers["cache-control"] == "no-store"


async def test_the_list_is_paged_in_two_statements(desk: Desk, clock: FrozenClock) -> None:
    sent = []
    for number in range(3):
        sent.append(await desk.upload(alt=str(number)))
        clock.advance(timedelta(seconds=1))
    assert await desk.page() == (sent[::-1], 3)
    async with desk.admin.statements() as said:
        assert await desk.page(page=2, per_page=2) == (sent[:1], 3)
    assert len([text for text in said if "catalogue_images" in text]) == 2


async def test_an_image_in_use_stays_and_another_goes_with_its_files(desk: Desk, clock: FrozenClock) -> None:
    used, unused = await desk.upload(), await desk.upload()
    entry = await desk.offer(used)
    assert refusal(await desk.admin.delete(f"/admin/images/{used['id']}"), 409) == "IMAGE_IN_USE"
    assert (await desk.admin.delete(f"/admin/images/{unused['id']}")).is_success
    assert refusal(await desk.admin.delete(f"/admin/images/{unused['id']}"), 404) == "IMAGE_NOT_FOUND"
    assert refusal(await desk.visitor.get(f"/images/{unused['id']}"), 404) == "IMAGE_NOT_FOUND"
    folders = {
        image["id"]: Path(FILES) / desk.visitor.storefront.key / "images" / image["id"] for image in (used, unused)
    }
    assert folders[unused["id"]].exists()
    assert await remove_files(desk.work) == 1
    assert not folders[unused["id"]].exists()
    assert {file.name for file in folders[used["id"]].iterdir()} == {"full", "thumbnail"}
    read(await desk.admin.patch(entry, json={"images": []}))
    assert (await desk.admin.delete(f"/admin/images/{used['id']}")).is_success
    actions = await desk.visitor.rows("SELECT action FROM audit_entries WHERE subject_kind = 'IMAGE' ORDER BY id")
    assert [row["action"] for row in actions] == ["image.uploaded"] * 2 + ["image.deleted"] * 2


async def test_what_no_entry_names_goes_after_a_day(desk: Desk, clock: FrozenClock) -> None:
    used, unused = await desk.upload(), await desk.upload()
    entry = await desk.offer(used)

    async def left_after(passed: timedelta) -> set[str]:
        clock.advance(passed)
        await delete_unnamed(desk.work)
        return {image["id"] for image in (await desk.page())[0]}

    assert await left_after(timedelta(hours=23, minutes=59)) == {used["id"], unused["id"]}
    assert [image["id"] for image in (await desk.page(is_unnamed=True))[0]] == [unused["id"]]
    assert [image["id"] for image in (await desk.page(is_unnamed=False))[0]] == [used["id"]]
    assert await left_after(timedelta(minutes=1)) == {used["id"]}
    # Its day begins when the entry lets go of it, not when it was uploaded; who takes it back keeps it.
    assert await left_after(timedelta(days=30)) == {used["id"]}
    read(await desk.admin.patch(entry, json={"images": []}))
    assert await left_after(timedelta(hours=1)) == {used["id"]}
    assert await left_after(timedelta(hours=23)) == {used["id"]}
    read(
        await desk.admin.patch(
            entry, json={"images": [f"https://cdn.example.com/v2/images/{used['id'].upper()}/thumbnail"]}
        )
    )
    assert await left_after(timedelta(days=2)) == {used["id"]}
    read(await desk.admin.patch(entry, json={"images": ["https://example.com/images/elsewhere.jpg"]}))
    assert await left_after(timedelta(hours=1)) == {used["id"]}
    assert await left_after(timedelta(hours=24)) == set()
    expired = await desk.visitor.rows("SELECT subject_id, actor_kind FROM audit_entries WHERE action = 'image.expired'")
    assert {(str(row["subject_id"]), row["actor_kind"]) for row in expired} == {
        (used["id"], "SYSTEM"), (unused["id"], "SYSTEM"),
    }  # fmt: skip
    assert await remove_files(desk.work) == 2


async def test_every_kind_of_entry_keeps_its_images(desk: Desk) -> None:
    """Whatever table of the catalogue has `images` is asked before one goes."""
    told = await desk.visitor.rows(
        "SELECT table_name FROM information_schema.columns WHERE column_name = 'images' AND table_schema = 'public'"
    )
    assert {row["table_name"] for row in told} == set(TABLES)


async def test_without_its_files_an_image_is_not_there(desk: Desk) -> None:
    image = await desk.upload()
    await desk.work.vendors.storage.remove(f"{desk.visitor.storefront.key}/images/{image['id']}")
    assert refusal(await desk.visitor.get(f"/images/{image['id']}"), 404) == "IMAGE_NOT_FOUND"
