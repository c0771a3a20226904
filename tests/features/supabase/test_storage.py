"""Supabase Storage speaks S3 below a path of its own, `/storage/v1/s3`, and knows buckets by path only."""

import threading
from collections.abc import Iterable, Iterator
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication

import httpx
import pytest
from moto.moto_server.werkzeug_app import create_backend_app
from werkzeug.serving import make_server

from sojourn.providers.storage.port import FileMissing
from sojourn.settings import StorefrontSettings
from sojourn.vendors import choose_vendors

PREFIX = "/storage/v1/s3"


class _Below:
    """An application below a path, which it does not know of; elsewhere there is nothing."""

    def __init__(self, prefix: str, application: WSGIApplication) -> None:
        self._prefix = prefix
        self._application = application

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if not path.startswith(f"{self._prefix}/"):
            start_response("404 Not Found", [])
            return []
        for name in ("PATH_INFO", "RAW_URI", "REQUEST_URI"):
            environ[name] = environ[name].replace(self._prefix, "", 1)
        return self._application(environ, start_response)


@pytest.fixture
def project() -> Iterator[str]:
    """A project's address, with S3 where Supabase has it and nowhere else."""
    server = make_server("127.0.0.1", 0, _Below(PREFIX, create_backend_app("s3")), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


async def test_files_lie_below_the_projects_path(project: str) -> None:
    outside = httpx.AsyncClient(base_url=f"{project}{PREFIX}", trust_env=False)
    (await outside.put("/documents")).raise_for_status()
    settings = StorefrontSettings.model_validate(
        {
            "database_url": "unused", "stripe_secret_key": "sk_test_x", "stripe_webhook_secret": "whsec_x",
            "resend_api_key": "re_x", "storage_vendor": "s3", "s3_bucket": "documents", "s3_region": "ap-southeast-1",
            "s3_endpoint": f"{project}{PREFIX}", "s3_access_key_id": "key", "s3_secret_access_key": "secret",
        }
    )  # fmt: skip
    vendors = choose_vendors(settings)
    files = vendors.storage
    await files.put("cases/1/passport.jpg", b"a picture")
    found = await files.open("cases/1/passport.jpg")
    assert b"".join([chunk async for chunk in found.chunks]) == b"a picture"
    # It is there, below the bucket's path, and not for everybody.
    assert (await outside.get("/documents/cases/1/passport.jpg")).status_code == 403
    assert (await outside.get("/documents/cases/1/nothing.jpg")).status_code == 404
    await files.remove("cases/1")
    with pytest.raises(FileMissing):
        await files.open("cases/1/passport.jpg")
    await vendors.aclose()
    await outside.aclose()
