"""A guide on sale, a desk to sell it, and buyers who fetch it."""

from typing import Any

import httpx
import pytest
from tests.support.client import StorefrontClient, read
from tests.support.selling import open_intent, pay, tell_all

from sojourn.people.roles import Role

Json = dict[str, Any]

PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n"
CHECKLIST = [
    {"key": "passport", "category": "PASSPORT", "title": {"en": "Passport", "zh": "护照"}, "hint": "Six months valid."},
    {"key": "photo", "category": "PHOTO", "title": {"en": "Photograph"}, "isRequired": False},
]


def pdf(mark: str) -> bytes:
    """A PDF of its own."""
    return PDF + f"% {mark}\n".encode() + bytes(range(256)) * 100


class Shelf:
    """Holyone with one guide and one piece of work on sale."""

    def __init__(self, office: StorefrontClient, sandbox: str) -> None:
        self.office = office
        self.sandbox = sandbox
        self.services: dict[str, str] = {}

    async def sell(self, slug: str, kind: str) -> None:
        body = {
            "slug": slug, "type": kind, "title": "Japan visa guide", "titleZh": "日本签证指南",
            "description": "Tourism and visits.", "longDescription": "Apply at the embassy.",
            "longDescriptionZh": "向使馆申请。", "price": "12.00", "serviceFee": "12.00", "governmentFee": "0.00",
            "specs": {"edition": "2026"}, "features": ["Counter or online"], "checklist": CHECKLIST,
            "stages": [{"key": "intake", "title": {"en": "Intake"}, "refundStage": "NOT_STARTED"}],
        }  # fmt: skip
        self.services[slug] = read(await self.office.post("/services", json=body), 201)["id"]

    async def order(self, buyer: StorefrontClient, slug: str = "guide", **more: object) -> Json:
        """A pending order."""
        order: Json = read(await buyer.post("/orders", json={"serviceId": slug, **more}), 201)
        return order

    async def sold(self, buyer: StorefrontClient, slug: str = "guide", **more: object) -> Json:
        """A confirmed order."""
        order = await self.order(buyer, slug, **more)
        intent = await open_intent(buyer, orderId=order["id"])
        (await pay(self.sandbox, intent["paymentIntentId"], storefront="holyone")).raise_for_status()
        await tell_all(buyer, self.sandbox, intent["paymentIntentId"])
        return order

    async def put_file(self, content: bytes, name: str = "guide.pdf", *, in_place_of: str | None = None) -> Json:
        """A file of the guide's; all of them as the desk then reads them."""
        path = f"/admin/services/{self.services['guide']}/files"
        sent = {"file": (name, content, "application/octet-stream")}
        if in_place_of:
            answer = await self.office.put(f"{path}/{in_place_of}", files=sent)
            return dict(read(answer))
        return dict(read(await self.office.post(path, files=sent), 201))


async def downloads_of(buyer: StorefrontClient, order: Json) -> Json:
    """What the order delivers."""
    shown: Json = read(await buyer.get(f"/orders/{order['id']}/downloads"))
    return shown


async def link_to(buyer: StorefrontClient, order: Json, file_id: str | None = None) -> str:
    """The path of a download link, for the only file where none is named."""
    if file_id is None:
        file_id = (await downloads_of(buyer, order))["items"][0]["fileId"]
    link = read(await buyer.post(f"/orders/{order['id']}/downloads/{file_id}"), 201)
    return str(link["url"]).partition(buyer.storefront.prefix)[2]


async def fetch(buyer: StorefrontClient, path: str, **headers: str) -> httpx.Response:
    """Open a link without being signed in."""
    return await buyer.visitor().get(path, headers=headers)


@pytest.fixture
async def shelf(holyone: StorefrontClient, sandbox: str) -> Shelf:
    shelf = Shelf(await holyone.sign_in_as(Role.ADMIN, name="Office"), sandbox)
    await shelf.sell("guide", "DIGITAL")
    await shelf.sell("letter", "MICRO")
    return shelf


@pytest.fixture
async def buyer(holyone: StorefrontClient) -> StorefrontClient:
    return await holyone.sign_in_as(email="buyer@example.com")
