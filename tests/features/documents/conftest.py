"""Files to hand in, orders to hand them in for, a folder to look into."""

import os
import random
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from tests.support.client import StorefrontClient, read
from tests.support.system import FILES

from sojourn.people.roles import Role
from sojourn.platform.kit.ids import new_id

Json = dict[str, Any]

PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n"
CHECKLIST = [
    {"key": "passport", "category": "PASSPORT", "title": {"en": "Passport", "km": "លិខិតឆ្លងដែន", "zh": "护照"}},
    {"key": "photo", "category": "PHOTO", "title": {"en": "Photograph"}},
    {"key": "statement-own", "category": "BANK_STATEMENT", "title": {"en": "Own bank statement"}},
    {"key": "statement-sponsor", "category": "BANK_STATEMENT", "title": {"en": "Sponsor's bank statement"}},
    {"key": "itinerary", "category": "TRAVEL_ITINERARY", "title": {"en": "Itinerary"}, "isRequired": False},
]


def pdf(mark: str = "", *, size: int | None = None) -> bytes:
    """A PDF of its own, filled up to `size` bytes."""
    content = PDF + f"% {mark}\n".encode()
    return content + b" " * (size - len(content)) if size else content


def picture(kind: str = "JPEG", *, size: tuple[int, int] = (640, 480), **saved: Any) -> bytes:
    """A photograph of nothing."""
    noise = random.Random(7).randbytes(size[0] * size[1] * 3)
    written = BytesIO()
    Image.frombytes("RGB", size, noise).save(written, kind, **saved)
    return written.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A PNG of some kilobytes that unpacks to `width` x `height` pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + name + data + zlib.crc32(name + data).to_bytes(4, "big")

    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([1, 0, 0, 0, 0])
    packer = zlib.compressobj(9)
    row = bytes(1 + (width + 7) // 8)
    packed = b"".join([*(packer.compress(row) for _ in range(height)), packer.flush()])
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


async def hand_in(
    client: StorefrontClient, content: bytes, name: str = "paper.pdf", *, path: str = "/documents/upload", **fields: str
) -> httpx.Response:
    return await client.post(path, files={"file": (name, content, "application/octet-stream")}, data=fields)


async def handed_in(client: StorefrontClient, content: bytes, name: str = "paper.pdf", **fields: str) -> Json:
    """A document."""
    document: Json = read(await hand_in(client, content, name, **fields), 201)
    return document


def kept_files(folder: str | Path = FILES) -> set[str]:
    """Every file in the store, by its path."""
    return {os.path.join(at, name) for at, _, names in os.walk(folder) for name in names}  # noqa: PTH118


class Office:
    """Holyone's desk, and a service with a checklist."""

    def __init__(self, admin: StorefrontClient) -> None:
        self.admin = admin

    async def sell(self) -> None:
        body = {
            "slug": "visa", "type": "MAIN", "title": "Visa", "titleKm": "ទិដ្ឋាការ", "titleZh": "签证",
            "description": "A visa.", "serviceFee": "100.00", "governmentFee": "0.00", "price": "100.00",
            "specs": {}, "features": [], "checklist": CHECKLIST,
            "stages": [{"key": "intake", "title": {"en": "Intake"}, "refundStage": "NOT_STARTED"}],
            "requiresConsultant": True,
        }  # fmt: skip
        read(await self.admin.post("/services", json=body), 201)

    async def order(self, customer: StorefrontClient, **more: object) -> Json:
        """A confirmed order. How the money came is not the documents' business."""
        order: Json = read(await customer.post("/orders", json={"serviceId": "visa", **more}), 201)
        async with customer.database.read() as connection:
            await connection.execute(
                "UPDATE orders SET status = 'CONFIRMED', confirmed_at = $2 WHERE order_number = $1",
                order["orderNumber"], customer.runtime.clock.now(),
            )  # fmt: skip
        return order

    async def assign(self, order: Json, consultant: StorefrontClient) -> None:
        body = {"consultantId": str(consultant.user_id)}
        read(await self.admin.patch(f"/admin/orders/{order['id']}/assign", json=body))

    async def decide(
        self, document: Json, status: str, *, by: StorefrontClient | None = None, path: str = "/documents", **more: str
    ) -> Json:
        body = {"status": status, **more}
        decided: Json = read(await (by or self.admin).patch(f"{path}/{document['id']}/verify", json=body))
        return decided


@pytest.fixture
async def office(holyone: StorefrontClient) -> Office:
    office = Office(await holyone.sign_in_as(Role.ADMIN, name="Office"))
    await office.sell()
    return office


@pytest.fixture
async def customer(holyone: StorefrontClient) -> StorefrontClient:
    return await holyone.sign_in_as()


@pytest.fixture
async def consultant(holyone: StorefrontClient) -> StorefrontClient:
    return await holyone.sign_in_as(Role.CONSULTANT, name="Keo Bopha")


def stranger_id() -> str:
    """An id that nothing has."""
    return str(new_id())
