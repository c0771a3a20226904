"""Amazon Rekognition's CompareFaces, played without eyes: pictures that look alike show the same face, and a picture of
one colour shows none. Whoever is called `refused` is turned away."""

import asyncio
from base64 import b64decode
from io import BytesIO
from typing import Final

from PIL import Image, ImageChops, ImageStat
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sojourn.sandbox.errors import Json

TARGET: Final = "RekognitionService.CompareFaces"
MAX_BYTES: Final = 5 * 1024 * 1024
SIDE: Final = (32, 32)
FLAT: Final = 2.0


class RekognitionApi:
    """Serves one call; any key will do."""

    def routes(self) -> list[Route]:
        return [Route("/rekognition/", self.compare, methods=["POST"])]

    async def compare(self, request: Request) -> Response:
        signature = request.headers.get("authorization", "")
        if not signature.startswith("AWS4-HMAC-SHA256 ") or "Credential=refused/" in signature:
            return _refuse("UnrecognizedClientException", "The security token included in the request is invalid.")
        if request.headers.get("x-amz-target") != TARGET:
            return _refuse("UnknownOperationException", "")
        try:
            asked: Json = await request.json()
            pictures = [b64decode(asked[name]["Bytes"], validate=True) for name in ("SourceImage", "TargetImage")]
        except (ValueError, KeyError, TypeError):
            return _refuse("SerializationException", "")
        if any(len(picture) > MAX_BYTES for picture in pictures):
            return _refuse("ImageTooLargeException", "The image is too large.")
        try:
            similarity = await asyncio.to_thread(_similarity, *pictures)
        except OSError:
            return _refuse("InvalidImageFormatException", "Request has invalid image format")
        if similarity is None:
            return _refuse("InvalidParameterException", "Request has invalid parameters")
        return JSONResponse({"FaceMatches": [{"Similarity": similarity, "Face": {}}], "UnmatchedFaces": []})


def _similarity(source: bytes, target: bytes) -> float | None:
    small = [Image.open(BytesIO(picture)).convert("L").resize(SIDE) for picture in (source, target)]
    if any(ImageStat.Stat(picture).stddev[0] < FLAT for picture in small):
        return None
    apart = ImageStat.Stat(ImageChops.difference(*small)).mean[0]
    return round(100 * (1 - apart / 255), 4)


def _refuse(kind: str, message: str) -> JSONResponse:
    return JSONResponse({"__type": kind, "message": message}, 400, media_type="application/x-amz-json-1.1")
