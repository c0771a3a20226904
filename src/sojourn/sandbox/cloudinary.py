"""Cloudinary's upload, download and deletion of raw private files, kept in memory.

Any cloud and key will do; the secret is `sandbox`, and signatures are checked, SHA-1 or SHA-256. Deletions come in
smaller batches than theirs, so that whoever asks only once is found out.
"""

import hashlib
import time
from collections.abc import Mapping
from typing import Final

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sojourn.sandbox.keys import bearer_key

SECRET: Final = "sandbox"
MAX_BYTES: Final = 10 * 1024 * 1024
BATCH: Final = 20
STALE_SECONDS: Final = 3600
_UNSIGNED: Final = frozenset({"file", "api_key", "cloud_name", "resource_type", "signature"})
_DIGESTS: Final = {40: hashlib.sha1, 64: hashlib.sha256}


class CloudinaryApi:
    """Serves the calls that a file store needs."""

    def __init__(self) -> None:
        self._files: dict[tuple[str, str, str], bytes] = {}

    def routes(self) -> list[Route]:
        base = "/cloudinary/v1_1/{cloud}"
        return [
            Route(f"{base}/raw/upload", self.upload, methods=["POST"]),
            Route(f"{base}/raw/download", self.download, methods=["GET"]),
            Route(f"{base}/resources/raw/{{kind}}", self.delete, methods=["DELETE"]),
        ]

    async def upload(self, request: Request) -> Response:
        async with request.form(max_part_size=MAX_BYTES + 1) as form:
            fields = {name: value for name, value in form.items() if isinstance(value, str)}
            file = form.get("file")
            content = await file.read() if isinstance(file, UploadFile) else b""
        if fault := _fault(fields):
            return fault
        if not content:
            return _refuse(400, "Empty file")
        if len(content) > MAX_BYTES:
            return _refuse(400, f"File size too large. Got {len(content)}. Maximum is {MAX_BYTES}.")
        kind, public_id = fields.get("type", "upload"), fields.get("public_id", "")
        if not public_id:
            return _refuse(400, "Missing required parameter - public_id")
        self._files[request.path_params["cloud"], kind, public_id] = content
        return JSONResponse({
            "public_id": public_id, "resource_type": "raw", "type": kind, "bytes": len(content),
            "version": int(time.time()), "etag": hashlib.md5(content, usedforsecurity=False).hexdigest(),
        })  # fmt: skip

    async def download(self, request: Request) -> Response:
        fields = dict(request.query_params)
        if fault := _fault(fields):
            return fault
        if int(fields.get("expires_at", "0") or "0") < time.time():
            return _refuse(401, "The link has expired")
        found = self._files.get((request.path_params["cloud"], fields.get("type", "upload"), fields["public_id"]))
        if found is None:
            return _refuse(404, f"Resource not found - {fields['public_id']}")
        return Response(found, media_type="application/octet-stream")

    async def delete(self, request: Request) -> Response:
        if not bearer_key(request):
            return _refuse(401, "unknown api_key")
        place, prefix = (request.path_params["cloud"], request.path_params["kind"]), request.query_params.get("prefix")
        if not prefix:
            return _refuse(400, "Missing required parameter - prefix")
        found = sorted(key for key in self._files if key[:2] == place and key[2].startswith(prefix))
        for key in found[:BATCH]:
            del self._files[key]
        answer: dict[str, object] = {"deleted": {key[2]: "deleted" for key in found[:BATCH]}}
        answer["partial"] = len(found) > BATCH
        return JSONResponse(answer | ({"next_cursor": found[BATCH][2]} if answer["partial"] else {}))


def _fault(fields: Mapping[str, str]) -> Response | None:
    """What is wrong with who asks, if anything."""
    signature, stamp = fields.get("signature", ""), fields.get("timestamp", "")
    if not fields.get("api_key"):
        return _refuse(401, "Must supply api_key")
    named = "&".join(f"{name}={fields[name]}" for name in sorted(fields) if name not in _UNSIGNED)
    digest = _DIGESTS.get(len(signature))
    if digest is None or digest(f"{named}{SECRET}".encode()).hexdigest() != signature:
        return _refuse(401, f"Invalid Signature {signature}. String to sign - '{named}'.")
    if not stamp.isdecimal() or abs(int(stamp) - time.time()) > STALE_SECONDS:
        return _refuse(400, f"Stale request - reported time is {stamp}")
    return None


def _refuse(status: int, message: str) -> Response:
    return JSONResponse({"error": {"message": message}}, status, headers={"X-Cld-Error": message})
