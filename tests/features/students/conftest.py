"""Students with their pictures, and the desk that looks at them."""

from io import BytesIO
from itertools import count
from typing import Any

import httpx
import pytest
from PIL import Image
from tests.support.client import StorefrontClient, read

from sojourn.people.roles import Role

Json = dict[str, Any]
CARD = {"institution": "Royal University of Phnom Penh", "card_expires_on": "2029-09-30"}
_numbers = count(1)


def picture(shade: int | None = None, *, kind: str = "JPEG") -> bytes:
    """A picture unlike any before it; two of one `shade` look alike."""
    shade = shade if shade is not None else next(_numbers) % 200
    drawn = Image.linear_gradient("L").resize((120, 90)).point(lambda value: (value + shade) // 2)
    drawn.putpixel((0, 0), next(_numbers) % 256)
    drawn.putpixel((1, 0), next(_numbers) // 256)
    written = BytesIO()
    drawn.convert("RGB").save(written, kind, quality=95)
    return written.getvalue()


class Student:
    """Somebody who wants the discount."""

    def __init__(self, client: StorefrontClient) -> None:
        self.client = client

    async def start(self, **more: object) -> str:
        started: str = read(await self.client.post("/student-discount/verifications", json=CARD | more), 201)["id"]
        return started

    async def send(self, verification_id: str, kind: str, content: bytes, *, name: str = "p.jpg") -> httpx.Response:
        path = f"/student-discount/verifications/{verification_id}/pictures"
        return await self.client.post(path, data={"kind": kind}, files={"file": (name, content)})

    async def submit(self, verification_id: str) -> httpx.Response:
        return await self.client.post(f"/student-discount/verifications/{verification_id}/submit")

    async def submitted(self, *, card: bytes | None = None, selfie: bytes | None = None, **more: object) -> str:
        """A verification that waits for its decision."""
        verification_id = await self.start(**more)
        read(await self.send(verification_id, "STUDENT_CARD", card or picture()), 201)
        read(await self.send(verification_id, "SELFIE", selfie or picture()), 201)
        assert read(await self.submit(verification_id))["status"] == "PENDING_REVIEW"
        return verification_id

    async def status(self) -> Json:
        found: Json = read(await self.client.get("/student-discount/status"))
        return found


async def decide(admin: StorefrontClient, verification_id: str, **body: object) -> httpx.Response:
    return await admin.post(f"/admin/student-verifications/{verification_id}/decision", json=body)


async def verify(admin: StorefrontClient, student: Student, *, card: bytes | None = None) -> str:
    """Somebody whom the desk has verified."""
    verification_id = await student.submitted(card=card)
    read(await decide(admin, verification_id, status="APPROVED"))
    return verification_id


@pytest.fixture
async def student(derlg: StorefrontClient) -> Student:
    return Student(await derlg.sign_in_as())


@pytest.fixture
async def admin(derlg: StorefrontClient) -> StorefrontClient:
    return await derlg.sign_in_as(Role.ADMIN)
