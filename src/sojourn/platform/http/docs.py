"""OpenAPI 3.1 and Swagger UI of one storefront, with assets of our own: no page of ours loads a stranger's script."""

import asyncio
import subprocess
from collections.abc import Awaitable, Callable, Sequence
from importlib.resources import files

import structlog
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from sojourn.platform.errors import Unavailable
from sojourn.platform.http.edge import PAGE_POLICY
from sojourn.platform.launching import tied_to_us
from sojourn.platform.storefront import Storefront

logger = structlog.get_logger(__name__)

ASSETS = files("fastapi_swagger.resources")
ASSET_TYPES = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon-32x32.png": "image/png",
}

PATIENCE_SECONDS = 120

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<link rel="icon" href="{base}/assets/favicon-32x32.png">
<link rel="stylesheet" href="{base}/assets/swagger-ui.css"></head>
<body><div id="ui"></div><script src="{base}/assets/swagger-ui-bundle.js"></script>
<script>
SwaggerUIBundle({{url: "{base}/openapi.json", dom_id: "#ui", deepLinking: true, persistAuthorization: true}})
</script>
</body></html>"""


def install(app: FastAPI, storefront: Storefront, *, documented: Callable[[], Awaitable[bytes]]) -> None:
    """Serve `<docs path>`, `<docs path>/openapi.json` and the assets. `documented` answers the document: it is asked
    once, when somebody reads it, and again only if it raises."""
    base = storefront.docs_path

    async def page(_: Request) -> Response:
        html = _PAGE.format(title=f"{storefront.name} API", base=base)
        return HTMLResponse(html, headers={PAGE_POLICY[0].decode(): PAGE_POLICY[1].decode()})

    async def asset(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in ASSET_TYPES:
            return Response(status_code=404)
        headers = {"cache-control": "public, max-age=86400"}
        return Response((ASSETS / name).read_bytes(), media_type=ASSET_TYPES[name], headers=headers)

    turn = asyncio.Lock()
    kept: list[bytes] = []

    async def schema(_: Request) -> Response:
        async with turn:
            if not kept:
                kept.append(await documented())
        return Response(kept[0], media_type="application/json")

    app.add_route(base, page, include_in_schema=False)
    app.add_route(f"{base}/", page, include_in_schema=False)
    app.add_route(f"{base}/openapi.json", schema, include_in_schema=False)
    app.add_route(f"{base}/assets/{{name}}", asset, include_in_schema=False)


async def told_by(command: Sequence[str]) -> bytes:
    """What a program prints, which does not outlive us. Raises Unavailable when it fails, or has not ended after
    PATIENCE_SECONDS."""

    def printed() -> bytes:
        return subprocess.run(
            tied_to_us(command), stdin=subprocess.DEVNULL, capture_output=True, check=True, timeout=PATIENCE_SECONDS
        ).stdout

    try:
        return await asyncio.to_thread(printed)
    except (OSError, subprocess.SubprocessError) as fault:
        said = getattr(fault, "stderr", None) or b""
        logger.error("documentation not written", fault=repr(fault), said=said.decode(errors="replace")[-2000:])  # noqa: TRY400 - its own words say more than our stack
        raise Unavailable from fault
