"""The file store, as a folder, as a bucket and at Cloudinary: one behaviour."""

from collections.abc import AsyncIterator, Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from tests.support.servers import run_s3

from sojourn.platform.processes import find_free_port
from sojourn.providers.storage.cloudinary import CloudinaryAccount, CloudinaryFiles, read_url, signature_of
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


def cloud_at(origin: str, *, secret: str = "sandbox", name: str = "Sojourn-Test") -> CloudinaryFiles:
    account = CloudinaryAccount(cloud_name=name, api_key="474", api_secret=secret)
    return CloudinaryFiles(account, base_url=f"{origin}/cloudinary")


@pytest.fixture(params=["local", "s3", "cloudinary"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[FileStore]:
    opened: FileStore
    if request.param == "local":
        opened = LocalFolder(tmp_path / "files")
    elif request.param == "s3":
        opened = bucket_at(request.getfixturevalue("s3"))
    else:
        opened = cloud_at(request.getfixturevalue("sandbox"))
    yield opened
    await opened.aclose()


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
    await store.put("a/one-more/original", b"alike")
    assert await content_of(store, "a/one/original") == large
    assert await content_of(store, "a/one/thumbnail") == b"small"
    await store.remove("a/one")
    await store.remove("a/one")
    for key in ("a/one/original", "a/one/thumbnail"):
        with pytest.raises(FileMissing):
            await store.open(key)
    assert await content_of(store, "a/two/original") == b"other"
    assert await content_of(store, "a/one-more/original") == b"alike"
    await store.put("a/two/original", b"newer")
    assert await content_of(store, "a/two/original") == b"newer"
    await store.remove("a/two")
    await store.remove("a/one-more")


async def test_a_folder_of_many_goes_whole(store: FileStore) -> None:
    for number in range(45):
        await store.put(f"many/{number}", b"x")
    await store.remove("many")
    for number in (0, 20, 44):
        with pytest.raises(FileMissing):
            await store.open(f"many/{number}")


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


async def test_cloudinary_that_does_not_answer_or_refuses_us(sandbox: str) -> None:
    for store in (cloud_at(f"http://127.0.0.1:{find_free_port()}"), cloud_at(sandbox, secret="wrong")):
        with pytest.raises(StorageUnavailable):
            await store.put("a/one/original", b"x")
        with pytest.raises(StorageUnavailable):
            await store.open("a/one/original")
        await store.aclose()
    nobody = CloudinaryFiles(
        CloudinaryAccount(cloud_name="x", api_key="", api_secret=""), base_url=f"{sandbox}/cloudinary"
    )
    with pytest.raises(StorageUnavailable):
        await nobody.remove("a/one")
    await nobody.aclose()


async def test_clouds_are_apart(sandbox: str) -> None:
    mine, other = cloud_at(sandbox, name="mine"), cloud_at(sandbox, name="other")
    await mine.put("a/one/original", b"x")
    with pytest.raises(FileMissing):
        await other.open("a/one/original")
    await mine.remove("a/one")
    await mine.aclose()
    await other.aclose()


def test_signatures_are_those_of_the_documentation() -> None:
    signed = {"timestamp": "1315060510", "public_id": "sample_image", "eager": "w_400,h_300,c_pad|w_260,h_200,c_crop"}
    # SHA-256 of what https://cloudinary.com/documentation/authentication_signatures signs, with its secret.
    text = "eager=w_400,h_300,c_pad|w_260,h_200,c_crop&public_id=sample_image&timestamp=1315060510abcd"
    assert signature_of(signed | {"api_key": "1234"}, secret="abcd") == sha256(text.encode()).hexdigest()


def test_an_account_in_one_line() -> None:
    account = read_url("cloudinary://874837483274837:a676b67565c6767a@My-Cloud")
    assert (account.cloud_name, account.api_key, account.api_secret) == (
        "My-Cloud", "874837483274837", "a676b67565c6767a",
    )  # fmt: skip
    for broken in ("", "https://a:b@c", "cloudinary://a@c", "cloudinary://a:b@"):
        with pytest.raises(ValueError, match="must look like"):
            read_url(broken)
