"""Documents with the outside world for real: ClamAV, an S3 store, broken connections, processes that die."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.conftest import StartSystem
from tests.features.documents.conftest import hand_in, handed_in, kept_files, pdf, picture
from tests.support.client import StorefrontClient, read, refusal
from tests.support.servers import CLAMD, EICAR, run_clamd, run_s3
from tests.support.system import System
from tests.support.waiting import eventually

from sojourn.care.documents import retention, service
from sojourn.care.documents.models import CheckedFile, Place
from sojourn.catalog.services.models import DocumentCategory
from sojourn.documentation import load_examples
from sojourn.modules import routers_of
from sojourn.platform.http.context import SYSTEM_ORIGIN, Context
from sojourn.platform.http.describing import document as document_of
from sojourn.platform.i18n import Language
from sojourn.platform.kit.clock import FrozenClock
from sojourn.platform.processes import find_free_port
from sojourn.platform.storefront import Module
from sojourn.providers.scanner.port import ScanStatus
from sojourn.providers.storage.local import LocalFolder
from sojourn.providers.work import Work
from sojourn.storefronts import STOREFRONTS

PASSPORT = {"category": "PASSPORT"}


@pytest.fixture(scope="module")
def clamd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if CLAMD is None:
        pytest.skip("NOT TESTED: malware. Install ClamAV's daemon (Debian: apt-get install clamav-daemon)")
    with run_clamd(tmp_path_factory.mktemp("clamd")) as address:
        yield address


async def test_malware_is_kept_nowhere(start_system: StartSystem, clamd: str) -> None:
    before = kept_files()
    async with start_system(CLAMD_URL=clamd) as system:
        customer = await system.holyone.sign_in_as()
        for content in (pdf() + EICAR, pdf("far in", size=3_000_000) + EICAR, picture(comment=EICAR)):
            answer = await hand_in(customer, content, **PASSPORT)
            assert refusal(answer, 422) == "DOCUMENT_INFECTED"
        assert await customer.rows("SELECT id FROM documents") == []
        assert await customer.rows("SELECT folder FROM doomed_files") == []
        assert kept_files() == before
        clean = await handed_in(customer, pdf("clean"), **PASSPORT)
        assert clean["scanStatus"] == "CLEAN"


async def test_a_scanner_that_does_not_answer_lets_nothing_pass(start_system: StartSystem) -> None:
    before = kept_files()
    async with start_system(CLAMD_URL=f"tcp://127.0.0.1:{find_free_port()}") as system:
        customer = await system.holyone.sign_in_as()
        assert refusal(await hand_in(customer, pdf(), **PASSPORT), 503) == "TEMPORARILY_UNAVAILABLE"
        assert await customer.rows("SELECT id FROM documents") == []
    assert kept_files() == before


async def test_a_store_that_does_not_answer(start_system: StartSystem, tmp_path: Path) -> None:
    (tmp_path / "files").write_text("no folder")
    async with start_system(STORAGE_PATH=str(tmp_path / "files")) as system:
        customer = await system.holyone.sign_in_as()
        assert refusal(await hand_in(customer, pdf(), **PASSPORT), 503) == "TEMPORARILY_UNAVAILABLE"
        assert await customer.rows("SELECT id FROM documents") == []


async def test_a_connection_that_breaks_in_the_middle(live_server: System) -> None:
    customer = await live_server.holyone.sign_in_as()
    before = kept_files()
    request = customer.build_request(
        "POST", "/documents/upload", files={"file": ("a.pdf", pdf(size=5_000_000))}, data=PASSPORT
    )
    auth = customer.auth
    assert auth is not None
    request = next(auth.auth_flow(request))
    body = await request.aread()
    _, writer = await asyncio.open_connection(request.url.host, request.url.port)
    lines = [f"POST {request.url.raw_path.decode()} HTTP/1.1"] + [f"{k}: {v}" for k, v in request.headers.items()]
    writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body[: len(body) // 2])
    await writer.drain()
    writer.transport.abort()
    # The server is well, and has kept nothing: the next upload is the first.
    document = await handed_in(customer, pdf("whole"), **PASSPORT)
    assert [row["id"] for row in await customer.rows("SELECT id FROM documents WHERE user_id = $1", customer.user_id)]
    assert read(await customer.get("/documents"))["items"] == [document]
    assert len(kept_files() - before) == 1

    async def nothing_waits() -> bool:
        return await customer.rows("SELECT folder FROM doomed_files") == []

    await eventually(nothing_waits)


class _Dying(LocalFolder):
    """The process ends when half of the files are written."""

    async def put(self, key: str, content: bytes) -> None:
        await super().put(key, content)
        raise asyncio.CancelledError


async def test_a_process_that_dies_between_file_and_row(
    holyone: StorefrontClient, holyone_work: Work, clock: FrozenClock, tmp_path: Path
) -> None:
    customer = await holyone.sign_in_as()
    place = Place(
        user_id=customer.user_id, order_id=None, order_number=None, checklist_key=None,
        category=DocumentCategory.PASSPORT,
    )  # fmt: skip
    file = CheckedFile(
        file_name="a.jpg", mime_type="image/jpeg", content=b"x", thumbnail=b"y", digest=bytes(32),
        scan_status=ScanStatus.UNSCANNED,
    )  # fmt: skip
    ctx = Context(runtime=holyone.runtime, origin=SYSTEM_ORIGIN, language=Language.EN)
    with pytest.raises(asyncio.CancelledError):
        await service.store(ctx, _Dying(tmp_path), place=place, file=file, actor_id=None, by_link=False)
    assert len(kept_files(tmp_path)) == 1
    assert await customer.rows("SELECT id FROM documents") == []
    work = replace(holyone_work, vendors=replace(holyone_work.vendors, storage=LocalFolder(tmp_path)))
    assert await retention.remove_files(work) == 0
    clock.advance(timedelta(hours=1))
    assert await retention.remove_files(work) == 1
    assert kept_files(tmp_path) == set()


@pytest.fixture
def documents_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    for key, storefront in STOREFRONTS.items():
        wider = replace(storefront, modules=storefront.modules | {Module.DOCUMENTS})
        monkeypatch.setitem(STOREFRONTS, key, wider)


async def test_in_the_other_storefront_and_in_a_bucket(start_system: StartSystem, documents_everywhere: None) -> None:
    with run_s3("documents") as origin:
        told = {
            "STORAGE_VENDOR": "s3", "S3_BUCKET": "documents", "S3_ENDPOINT": origin, "S3_ACCESS_KEY_ID": "key",
            "S3_SECRET_ACCESS_KEY": "secret",
        }  # fmt: skip
        before = kept_files()
        async with start_system(**told) as system:
            traveler = await system.derlg.sign_in_as()
            document = await handed_in(traveler, pdf("in a bucket"), **PASSPORT)
            assert (document["user_id"], document["file_name"]) == (str(traveler.user_id), "paper.pdf")
            link = read(await traveler.get(f"/documents/{document['id']}/download"))
            path = link["url"].partition(traveler.storefront.prefix)[2]
            assert (await traveler.visitor().get(path)).content == pdf("in a bucket")
            assert kept_files() == before
            answer = await hand_in(traveler, pdf(), category="PASSPORT", orderId="1")
            assert answer.json()["error"]["details"]["fields"][0]["field"] == "orderId"
    storefront = STOREFRONTS["derlg"]
    told_of = json.loads(document_of(storefront, routers_of(storefront), examples=load_examples()))
    body = told_of["paths"]["/v1/documents/upload"]["post"]["requestBody"]
    form = body["content"]["multipart/form-data"]["schema"]
    assert set(form["properties"]) == {"file", "category", "checklist_key", "order_id"}
    assert form["required"] == ["file"]


async def test_documents_at_cloudinary(start_system: StartSystem, sandbox: str) -> None:
    told = {
        "STORAGE_VENDOR": "cloudinary", "CLOUDINARY_URL": "cloudinary://474:sandbox@documents",
        "CLOUDINARY_API_BASE": f"{sandbox}/cloudinary",
    }  # fmt: skip
    async with start_system(**told) as system:
        customer = await system.holyone.sign_in_as()
        document = await handed_in(customer, pdf("far away"), **PASSPORT)
        link = read(await customer.get(f"/documents/{document['id']}/download"))
        path = link["url"].partition(customer.storefront.prefix)[2]
        assert (await customer.visitor().get(path)).content == pdf("far away")
