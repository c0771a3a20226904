"""Amazon Rekognition's CompareFaces."""

import asyncio
import json
from base64 import b64encode
from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any, Final

import httpx
from PIL import Image

from sojourn.providers.faces.aws_signature import Credentials, sign
from sojourn.providers.faces.port import FacesUnavailable
from sojourn.providers.tls import trusted

TIMEOUT_SECONDS: Final = 20.0
# The service takes 5 MB at most, and finds a face no better in more pixels than these.
MAX_SIDE: Final = 1600
NO_FACE: Final = "InvalidParameterException"


class RekognitionFaces:
    """A `FaceEngine`."""

    def __init__(self, *, credentials: Credentials, base_url: str | None = None) -> None:
        self._credentials = credentials
        self._url = f"{base_url or f'https://rekognition.{credentials.region}.amazonaws.com'}/"
        self._client = httpx.AsyncClient(verify=trusted(), timeout=TIMEOUT_SECONDS)

    async def aclose(self) -> None:
        await self._client.aclose()

    async def score(self, card: bytes, selfie: bytes) -> Decimal | None:
        source, target = await asyncio.gather(asyncio.to_thread(_small, selfie), asyncio.to_thread(_small, card))
        answer = await self._compare({
            "SourceImage": {"Bytes": source}, "TargetImage": {"Bytes": target}, "SimilarityThreshold": 0,
        })  # fmt: skip
        if answer is None:
            return None
        try:
            found = [Decimal(str(match["Similarity"])) for match in answer["FaceMatches"]]
        except (KeyError, TypeError, ArithmeticError) as fault:
            raise FacesUnavailable(f"an answer we cannot read: {fault!r}") from fault
        # A card may show more than one face; the holder's is the one that is most alike.
        return min(max(found) / 100, Decimal(1)).quantize(Decimal("0.0001")) if found else None

    async def _compare(self, wanted: dict[str, Any]) -> dict[str, Any] | None:
        """None where one of the pictures has no face."""
        body = json.dumps(wanted).encode()
        headers = {
            "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "RekognitionService.CompareFaces",
        }  # fmt: skip
        signed = sign(
            url=self._url, headers=headers, body=body, service="rekognition", credentials=self._credentials,
            at=datetime.now(UTC),
        )  # fmt: skip
        try:
            answer = await self._client.post(self._url, content=body, headers=signed)
            told: dict[str, Any] = answer.json()
        except (httpx.HTTPError, ValueError) as fault:
            raise FacesUnavailable(repr(fault)) from fault
        kind = str(told.get("__type", "")).rpartition("#")[2]
        if answer.status_code == httpx.codes.BAD_REQUEST and kind == NO_FACE:
            return None
        if answer.status_code != httpx.codes.OK:
            raise FacesUnavailable(f"{answer.status_code} {kind}: {str(told.get('message', ''))[:200]}")
        return told


def _small(picture: bytes) -> str:
    with Image.open(BytesIO(picture), formats=["JPEG", "PNG"]) as opened:
        small = opened.convert("RGB")
    small.thumbnail((MAX_SIDE, MAX_SIDE))
    written = BytesIO()
    small.save(written, "JPEG", quality=90)
    return b64encode(written.getvalue()).decode()
