"""What may be handed in, what becomes of it, and what leaves no trace."""

import asyncio
from io import BytesIO

import httpx
import pytest
from PIL import Image
from tests.features.documents.conftest import Office, bomb, hand_in, handed_in, kept_files, pdf, picture
from tests.support.client import StorefrontClient, faulty_fields, read, refusal
from tests.support.servers import EICAR

from sojourn.care.documents.models import MAX_BYTES

PASSPORT = {"category": "PASSPORT"}


async def bytes_of(client: StorefrontClient, document_id: str, variant: str = "original") -> httpx.Response:
    link = read(await client.get(f"/documents/{document_id}/download", params={"variant": variant}))
    path = link["url"].partition(client.storefront.prefix)[2]
    return await client.visitor().get(path, headers={"Accept-Encoding": "identity"})


async def nothing_is_left(client: StorefrontClient, before: set[str]) -> None:
    assert await client.rows("SELECT id FROM documents") == []
    assert kept_files() == before


async def test_a_pdf_comes_back_as_it_was(customer: StorefrontClient) -> None:
    sent = pdf("mine")
    document = await handed_in(customer, sent, "Bank  statement.PDF", category="BANK_STATEMENT")
    assert document["fileName"] == "Bank statement.pdf"
    assert (document["status"], document["scanStatus"], document["fileSize"]) == ("PENDING", "UNSCANNED", len(sent))
    assert (document["mimeType"], document["thumbnailUrl"]) == ("application/pdf", None)
    assert read(await customer.get(f"/documents/{document['id']}")) == document
    assert (await bytes_of(customer, document["id"], "thumbnail")).content == sent  # a PDF has none: the file itself
    answer = await bytes_of(customer, document["id"])
    assert answer.content == sent
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-length"] == str(len(sent))
    assert answer.headers["content-disposition"].startswith('attachment; filename="Bank statement.pdf"')
    assert answer.headers["cache-control"] == "private, no-store"


async def test_where_a_photograph_was_taken_stays_with_its_owner(customer: StorefrontClient) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    exif[0x010F] = "Secret Camera Works"
    exif.get_ifd(0x8825).update({1: "N", 2: (11.0, 33.0, 22.0), 3: "E", 4: (104.0, 55.0, 11.0)})
    sent = picture(exif=exif, comment=b"a secret comment")
    assert b"Secret Camera" in sent
    assert dict(Image.open(BytesIO(sent)).getexif().get_ifd(0x8825))
    document = await handed_in(customer, sent, "me.jpeg", category="PHOTO")
    assert document["fileName"] == "me.jpg"
    kept = (await bytes_of(customer, document["id"])).content
    shown = Image.open(BytesIO(kept))
    assert (shown.size, shown.format) == ((480, 640), "JPEG")
    assert dict(shown.getexif()) == {}
    assert b"Secret" not in kept
    assert b"secret" not in kept
    small = await bytes_of(customer, document["id"], "thumbnail")
    assert Image.open(BytesIO(small.content)).size == (240, 320)
    assert small.headers["content-type"] == "image/jpeg"
    assert document["thumbnailUrl"] == document["fileUrl"] + "?variant=thumbnail"


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
async def test_pictures_of_every_kind(customer: StorefrontClient, mode: str) -> None:
    written = BytesIO()
    Image.new(mode, (50, 30)).save(written, "PNG")
    document = await handed_in(customer, written.getvalue(), "x.png", **PASSPORT)
    assert Image.open(BytesIO((await bytes_of(customer, document["id"])).content)).format == "PNG"


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"MZ\x90\x00" + bytes(400), "passport.pdf"),
        (b"MZ\n" + pdf(), "passport.pdf"),
        (b"\n" + pdf(), "passport.pdf"),
        (b"PK\x03\x04" + bytes(100), "passport.pdf"),
        (b"<html><script>alert(1)</script>", "passport.png"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "photo.png"),
        (b"hello", "photo.jpg"),
        (b"x", "photo.jpg"),
        (picture("GIF"), "photo.png"),
        (picture("WEBP"), "photo.jpg"),
    ],
)  # fmt: skip
async def test_what_it_is_counts_not_what_it_is_called(customer: StorefrontClient, content: bytes, name: str) -> None:
    before = kept_files()
    answer = await hand_in(customer, content, name, **PASSPORT)
    assert refusal(answer, 415) == "DOCUMENT_TYPE_REFUSED"
    await nothing_is_left(customer, before)


async def test_ten_megabytes_and_not_a_byte_more(customer: StorefrontClient) -> None:
    before = kept_files()
    for size in (MAX_BYTES + 1, MAX_BYTES + 200_000):
        answer = await hand_in(customer, pdf(size=size), **PASSPORT)
        assert refusal(answer, 413) == "DOCUMENT_TOO_LARGE"
    await nothing_is_left(customer, before)
    assert (await handed_in(customer, pdf(size=MAX_BYTES), **PASSPORT))["fileSize"] == MAX_BYTES


async def test_a_picture_that_would_fill_the_memory(customer: StorefrontClient) -> None:
    before = kept_files()
    sent = bomb(30_000, 30_000)
    assert len(sent) < 200_000
    answer = await hand_in(customer, sent, "photo.png", **PASSPORT)
    assert refusal(answer, 422) == "PICTURE_TOO_LARGE"
    assert answer.json()["details"] == {"maxPixels": 50_000_000}
    await nothing_is_left(customer, before)


@pytest.mark.parametrize("content", [picture()[:400], picture("PNG")[:200], b"\xff\xd8\xff" + bytes(500)])
async def test_broken_pictures(customer: StorefrontClient, content: bytes) -> None:
    before = kept_files()
    answer = await hand_in(customer, content, "photo.jpg", **PASSPORT)
    assert refusal(answer, 422) == "DOCUMENT_UNREADABLE"
    await nothing_is_left(customer, before)


async def test_the_same_file_twice_is_one_document(customer: StorefrontClient, office: Office) -> None:
    order = await office.order(customer)
    place = {"orderId": order["id"], "checklistKey": "passport"}
    answers = await asyncio.gather(*(hand_in(customer, pdf("same"), f"{n}.pdf", **place) for n in range(4)))
    documents = [read(answer, 201) for answer in answers]
    assert len({document["id"] for document in documents}) == 1
    elsewhere = await handed_in(customer, pdf("same"), orderId=order["id"], checklistKey="photo")
    assert elsewhere["id"] != documents[0]["id"]
    [row] = await customer.rows("SELECT count(*) FROM audit_entries WHERE action = 'document.uploaded'")
    assert row["count"] == 2
    await office.decide(documents[0], "REJECTED", reason="Blurred")
    again = await handed_in(customer, pdf("same"), **place)
    assert again["id"] != documents[0]["id"]
    answer = await office.admin.patch(f"/documents/{documents[0]['id']}/verify", json={"status": "VERIFIED"})
    assert refusal(answer, 409) == "DOCUMENT_REPEATED"


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd", "passwd.pdf"),
        ("..\\..\\windows\\system32\\cmd.pdf", "cmd.pdf"),
        ("....pdf", "document.pdf"),
        ("passport\u202efdp.exe", "passportfdp.exe.pdf"),
        ("a\x00b.pdf", "ab.pdf"),
        ("លិខិតឆ្លងដែន.pdf", "លិខិតឆ្លងដែន.pdf"),
        ("护照 首页.PDF", "护照 首页.pdf"),
        ('quo"te;x=\'1\'.pdf', "quo_te;x='1'.pdf"),
        ("n" * 500 + ".pdf", "n" * 100 + ".pdf"),
        ("   ", "document.pdf"),
        ("photo.jpg", "photo.jpg.pdf"),
        ("a%0ab.pdf", "ab.pdf"),
        ("line\r\nSet-Cookie: x=1.pdf", "lineSet-Cookie_ x=1.pdf"),
    ],
)  # fmt: skip
async def test_hostile_names(customer: StorefrontClient, sent: str, kept: str) -> None:
    document = await handed_in(customer, pdf(sent), sent, **PASSPORT)
    assert document["fileName"] == kept
    answer = await bytes_of(customer, document["id"])
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    assert "\n" not in answer.headers["content-disposition"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({}, "category"),
        ({"category": ""}, "category"),
        ({"category": "SELFIE"}, "category"),
        ({"category": "PASSPORT", "orderId": "1"}, "orderId"),
        ({"category": "PASSPORT", "checklistKey": "passport"}, "checklistKey"),
        ({"category": "PASSPORT", "checklistKey": "../x"}, "checklistKey"),
        ({"category": "PASSPORT", "order_id": "1"}, "order_id"),
        ({"category": "PASSPORT", "userId": "1"}, "userId"),
    ],
)
async def test_bad_fields_are_named(customer: StorefrontClient, fields: dict[str, str], field: str) -> None:
    before = kept_files()
    assert faulty_fields(await hand_in(customer, pdf(), **fields)) == [field]
    await nothing_is_left(customer, before)


async def test_forms_that_are_none(customer: StorefrontClient) -> None:
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    two = [("file", ("a.pdf", pdf("a"))), ("file", ("b.pdf", pdf("b")))]
    part = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n%PDF-1.7'
    for answer in (
        await customer.post("/documents/upload", json={"category": "PASSPORT"}),
        await customer.post("/documents/upload", data={"category": "PASSPORT"}),
        await customer.post("/documents/upload", files={"file": (None, b"%PDF-1.7 text")}, data=PASSPORT),
        await customer.post("/documents/upload", files={"document": ("a.pdf", pdf())}, data=PASSPORT),
        await customer.post("/documents/upload", files=two, data=PASSPORT),
        await customer.post("/documents/upload", content=b"nonsense", headers=kind),
        await customer.post("/documents/upload", content=part, headers=kind),
        await customer.post("/documents/upload", content=b"x", headers={"Content-Type": "multipart/form-data"}),
        await hand_in(customer, b"", **PASSPORT),
    ):
        assert faulty_fields(answer) == ["file"], answer.text
    assert await customer.rows("SELECT id FROM documents") == []


async def test_strangers_are_turned_away_before_they_are_heard(holyone: StorefrontClient) -> None:
    answer = await hand_in(holyone, pdf(size=MAX_BYTES + 1), **PASSPORT)
    assert refusal(answer, 401) == "NOT_AUTHENTICATED"


async def test_too_many_that_belong_to_nothing(customer: StorefrontClient, holyone: StorefrontClient) -> None:
    for number in range(20):
        await handed_in(customer, pdf(str(number)), **PASSPORT)
    answer = await hand_in(customer, pdf("one more"), **PASSPORT)
    assert refusal(answer, 409) == "TOO_MANY_DOCUMENTS"
    await handed_in(await holyone.sign_in_as(), pdf("of somebody else"), **PASSPORT)


async def test_a_virus_without_a_scanner_is_marked_unscanned(customer: StorefrontClient) -> None:
    document = await handed_in(customer, pdf() + EICAR, **PASSPORT)
    assert document["scanStatus"] == "UNSCANNED"
