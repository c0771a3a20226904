"""Pictures to upload, and two desks to upload them at: one in each dialect."""

import random
import re
import zlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from io import BytesIO
from typing import Any

import httpx
import pytest
from PIL import Image
from tests.features.catalog.samples import trip
from tests.support.client import StorefrontClient, read
from tests.support.system import System
from tests.support.work import work_for

from sojourn.people.roles import Role
from sojourn.platform.storefront import Dialect
from sojourn.providers.work import Work

Json = dict[str, Any]

_CAPITAL = re.compile("[A-Z]")


def picture(kind: str = "JPEG", *, size: tuple[int, int] = (640, 480), **saved: Any) -> bytes:
    """A photograph of a wall in one colour, with a grain that no two rows share."""
    grain = random.Random(size[0]).randbytes(size[1] * 3)
    written = BytesIO()
    Image.frombytes("RGB", (1, size[1]), grain).resize(size).save(written, kind, **saved)
    return written.getvalue()


def bomb(side: int) -> bytes:
    """A PNG of some kilobytes that unpacks to `side` x `side` pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + name + data + zlib.crc32(name + data).to_bytes(4, "big")

    packer = zlib.compressobj(9)
    row = bytes(1 + (side + 7) // 8)
    packed = b"".join([*(packer.compress(row) for _ in range(side)), packer.flush()])
    header = side.to_bytes(4, "big") * 2 + bytes([1, 0, 0, 0, 0])
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


async def send(client: StorefrontClient, content: bytes, name: str = "temple.jpg", **fields: str) -> httpx.Response:
    files = {"file": (name, content, "application/octet-stream")}
    return await client.post("/admin/images", files=files, data=fields)


SERVICE = {
    "slug": "visa", "type": "MAIN", "title": "Visa", "titleKm": "ទិដ្ឋាការ", "titleZh": "签证", "description": "A visa.",
    "serviceFee": "100.00", "governmentFee": "0.00", "price": "100.00", "specs": {}, "features": [], "checklist": [],
    "stages": [{"key": "intake", "title": {"en": "Intake"}, "refundStage": "NOT_STARTED"}], "requiresConsultant": True,
}  # fmt: skip


class Desk:
    """An admin of one storefront, and its worker. `visitor` is anybody."""

    def __init__(self, visitor: StorefrontClient, admin: StorefrontClient, work: Work) -> None:
        self.visitor = visitor
        self.admin = admin
        self.work = work
        self._is_camel = visitor.storefront.dialect is Dialect.CAMEL_BARE

    async def upload(self, content: bytes | None = None, **fields: str) -> Json:
        """An image, read in snake_case."""
        return self._plain(read(await send(self.admin, content or picture(), **fields), 201))

    async def page(
        self, *, is_unnamed: bool | None = None, page: int = 1, per_page: int = 20
    ) -> tuple[list[Json], int]:
        """One page of the list, and how many there are in all."""
        asked = {"page": page, "perPage" if self._is_camel else "per_page": per_page}
        if is_unnamed is not None:
            asked["isUnnamed" if self._is_camel else "is_unnamed"] = is_unnamed
        answer = await self.admin.get("/admin/images", params=asked)
        items = read(answer)["items"] if self._is_camel else read(answer)
        total = answer.json()["total"] if self._is_camel else answer.json()["meta"]["total"]
        return [self._plain(item) for item in items], total

    async def offer(self, *images: Json) -> str:
        """Something on offer that shows these; where it can be changed."""
        kind, body = ("services", SERVICE) if self._is_camel else ("trips", trip())
        urls = [image["url"] for image in images]
        made = read(await self.admin.post(f"/{kind}", json={**body, "images": urls}), 201)
        return f"/{kind}/{made['id']}"

    def _plain(self, image: Json) -> Json:
        return {_CAPITAL.sub(lambda found: f"_{found[0].lower()}", name): value for name, value in image.items()}


@pytest.fixture(params=["derlg", "holyone"])
async def desk(request: pytest.FixtureRequest, system: System, sandbox: str) -> AsyncIterator[Desk]:
    """Each test in both dialects."""
    visitor = system.clients[request.param]
    async with AsyncExitStack() as stack:
        work = await stack.enter_async_context(work_for(visitor, sandbox))
        yield Desk(visitor, await visitor.sign_in_as(Role.ADMIN), work)
