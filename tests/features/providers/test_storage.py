"""The file store, as a folder and as a bucket: one behaviour."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.servers import run_s3

from sojourn.platform.processes import find_free_port
from sojourn.providers.storage.local import LocalFolder
from sojourn.providers.storage.port import FileMissing, FileStore, StorageUnavailable
from sojourn.providers.storage.s3 import s3_bucket

BUCKET = "papers"
MEGABYTE = 1024 * 1024


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    with run_s3(BUCKET) as origin:
        yield origin


def bucket_at(origin: str, name: str = BUCKET) -> FileStore:
    return s3_bucket(bucket=name, region="us-east-1", access_key_id="key", secret_access_key="secret", endpoint=origin)


@pytest.fixture(params=["local", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> FileStore:
    if request.param == "local":
        return LocalFolder(tmp_path / "files")
    return bucket_at(request.getfixturevalue("s3"))


async def content_of(store: FileStore, key: str) -> bytes:
    stored = await store.open(key)
    content = b"".join([chunk async for chunk in stored.chunks])
    assert stored.size == len(content)
    return content


async def test_what_is_put_comes_back_until_its_folder_goes(store: FileStore) -> None:
    with pytest.raises(FileMissing):
        await store.open("a/one/original")
    large = bytes(range(256)) * (10 * MEGABYTE // 256)
    await store.put("a/one/original", large)
    await store.put("a/one/thumbnail", b"small")
    await store.put("a/two/original", b"other")
    assert await content_of(store, "a/one/original") == large
    assert await content_of(store, "a/one/thumbnail") == b"small"
    await store.remove("a/one")
    await store.remove("a/one")
    for key in ("a/one/original", "a/one/thumbnail"):
        with pytest.raises(FileMissing):
            await store.open(key)
    assert await content_of(store, "a/two/original") == b"other"
    await store.remove("a/two")


async def test_an_empty_store_removes_nothing(store: FileStore) -> None:
    await store.remove("nothing/there")


async def test_a_half_written_file_goes_with_its_folder(tmp_path: Path) -> None:
    store = LocalFolder(tmp_path)
    await store.put("a/one/original", b"x")
    (tmp_path / "a/one/original#1").write_bytes(b"what a killed process had begun")
    await store.remove("a/one")
    assert not (tmp_path / "a/one").exists()


async def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "files").write_text("a file where the folder should be")
    with pytest.raises(StorageUnavailable):
        await LocalFolder(tmp_path / "files").put("a/one/original", b"x")


async def test_a_bucket_that_is_not_there(s3: str) -> None:
    with pytest.raises((StorageUnavailable, FileMissing)):
        await bucket_at(s3, "elsewhere").open("a/one/original")
    with pytest.raises(StorageUnavailable):
        await bucket_at(s3, "elsewhere").put("a/one/original", b"x")


async def test_a_store_that_does_not_answer() -> None:
    store = bucket_at(f"http://127.0.0.1:{find_free_port()}")
    with pytest.raises(StorageUnavailable):
        await store.put("a/one/original", b"x")
    with pytest.raises(StorageUnavailable):
        await store.open("a/one/original")
    with pytest.raises(StorageUnavailable):
        await store.remove("a/one")
