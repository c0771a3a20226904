"""The files of a digital service: added, replaced, taken away; nothing is left in the store."""

from datetime import timedelta

from tests.features.downloads.conftest import Shelf, downloads_of, fetch, link_to, pdf
from tests.support.client import StorefrontClient, read, refusal
from tests.support.work import work_for

from sojourn.care.documents.retention import remove_files
from sojourn.platform.kit.clock import FrozenClock
from sojourn.platform.kit.ids import new_id


async def test_files_come_editions_follow_and_go(
    shelf: Shelf, buyer: StorefrontClient, holyone: StorefrontClient, sandbox: str, clock: FrozenClock
) -> None:
    path = f"/admin/services/{shelf.services['guide']}/files"
    assert read(await shelf.office.get(path)) == {
        "serviceId": shelf.services["guide"], "isComposed": True, "items": [],
    }  # fmt: skip
    order = await shelf.sold(buyer)
    composed = await link_to(buyer, order)
    [first] = (await shelf.put_file(pdf("one"), "Japan 2026.pdf"))["items"]
    assert (first["fileName"], first["version"], first["scanStatus"]) == ("Japan 2026.pdf", 1, "UNSCANNED")
    assert refusal(await fetch(buyer, composed), 404) == "FILE_LINK_INVALID"
    assert (await fetch(buyer, await link_to(buyer, order))).content == pdf("one")

    [second] = (await shelf.put_file(pdf("two"), in_place_of=first["id"]))["items"]
    assert (second["id"], second["version"]) == (first["id"], 2)
    [item] = (await downloads_of(buyer, order))["items"]
    assert (item["version"], item["used"]) == (2, 1)
    assert (await fetch(buyer, await link_to(buyer, order))).content == pdf("two")

    read(await shelf.office.delete(f"{path}/{first['id']}"), 204)
    assert refusal(await shelf.office.delete(f"{path}/{first['id']}"), 404) == "DOWNLOAD_NOT_FOUND"
    assert read(await shelf.office.get(path))["isComposed"] is True
    folders = await holyone.rows("SELECT folder FROM doomed_files")
    assert len(folders) == 2
    clock.advance(timedelta(hours=1))
    async with work_for(holyone, sandbox) as work:
        assert await remove_files(work) == 2
    actions = await holyone.rows("SELECT action FROM audit_entries WHERE subject_kind = 'SERVICE' ORDER BY id")
    assert [row["action"] for row in actions if row["action"].startswith("service_file")] == [
        "service_file.added", "service_file.replaced", "service_file.deleted",
    ]  # fmt: skip


async def test_what_is_refused(shelf: Shelf, buyer: StorefrontClient) -> None:
    path = f"/admin/services/{shelf.services['guide']}/files"
    sent = {"file": ("guide.pdf", pdf("x"), "application/pdf")}
    assert refusal(await buyer.post(path, files=sent), 403) == "NOT_ALLOWED"
    assert refusal(await buyer.get(path), 403) == "NOT_ALLOWED"
    exe = {"file": ("guide.pdf", b"MZ\x90" + bytes(400), "application/pdf")}
    assert refusal(await shelf.office.post(path, files=exe), 415) == "DOCUMENT_TYPE_REFUSED"
    assert refusal(await shelf.office.put(f"{path}/{new_id()}", files=sent), 404) == "DOWNLOAD_NOT_FOUND"
    letter = f"/admin/services/{shelf.services['letter']}/files"
    assert refusal(await shelf.office.get(letter), 409) == "SERVICE_NOT_DIGITAL"
    assert refusal(await shelf.office.post(letter, files=sent), 409) == "SERVICE_NOT_DIGITAL"
    nowhere = f"/admin/services/{new_id()}/files"
    assert refusal(await shelf.office.get(nowhere), 404) == "SERVICE_NOT_FOUND"
    assert refusal(await shelf.office.post(nowhere, files=sent), 404) == "SERVICE_NOT_FOUND"
    for number in range(20):
        await shelf.put_file(pdf(str(number)))
    answer = await shelf.office.post(path, files=sent)
    assert refusal(answer, 409) == "TOO_MANY_SERVICE_FILES"
    # What was refused after it had been written is doomed.
    assert len(await buyer.rows("SELECT 1 FROM doomed_files")) == 4
