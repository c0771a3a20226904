"""OpenAPI 3.1 and Swagger UI of one storefront, with assets of our own: no page of ours loads a stranger's script."""

import asyncio
import json
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from sojourn.platform.http.edge import PAGE_POLICY
from sojourn.platform.storefront import Dialect, Storefront

ASSETS = files("fastapi_swagger.resources")
ASSET_TYPES = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon-32x32.png": "image/png",
}

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<link rel="icon" href="{base}/assets/favicon-32x32.png">
<link rel="stylesheet" href="{base}/assets/swagger-ui.css"></head>
<body><div id="ui"></div><script src="{base}/assets/swagger-ui-bundle.js"></script>
<script>
SwaggerUIBundle({{url: "{base}/openapi.json", dom_id: "#ui", deepLinking: true, persistAuthorization: true}})
</script>
</body></html>"""

_FIELD_ERROR = {
    "type": "object",
    "required": ["field", "message", "type"],
    "properties": {
        "field": {"type": "string"},
        "location": {"type": "string", "enum": ["body", "query", "path", "header"]},
        "message": {"type": "string"},
        "type": {"type": "string"},
    },
}
_ENVELOPED_ERROR = {
    "type": "object",
    "required": ["success", "data", "message", "error"],
    "properties": {
        "success": {"const": False},
        "data": {"type": "null"},
        "message": {"type": "string"},
        "error": {
            "type": "object",
            "required": ["code", "details"],
            "properties": {
                "code": {"type": "string", "description": "Stable; branch on it."},
                "details": {"type": "object", "properties": {"fields": {"type": "array", "items": _FIELD_ERROR}}},
                "request_id": {"type": ["string", "null"]},
            },
        },
    },
}
_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "description": "Stable; branch on it."},
        "requestId": {"type": ["string", "null"]},
        "errors": {"type": "array", "items": _FIELD_ERROR},
        "details": {"type": "object"},
    },
}


def install(app: FastAPI, storefront: Storefront, *, describe: Callable[[], FastAPI]) -> None:
    """Serve `<docs path>`, `<docs path>/openapi.json` and the assets. `describe` builds the application as it is
    documented: asked once, when somebody reads it."""
    base = storefront.docs_path

    @cache
    def written() -> bytes:  # a tenth of what it is made of
        return _dump(_document(describe(), storefront))

    def document() -> dict[str, Any]:
        read: dict[str, Any] = json.loads(written())
        return read

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

    async def schema(_: Request) -> Response:
        async with turn:  # written once, and beside the requests of others: it takes seconds
            return Response(await asyncio.to_thread(written), media_type="application/json")

    app.openapi = document  # type: ignore[method-assign]  # FastAPI's documented way to extend it
    app.add_route(base, page, include_in_schema=False)
    app.add_route(f"{base}/", page, include_in_schema=False)
    app.add_route(f"{base}/openapi.json", schema, include_in_schema=False)
    app.add_route(f"{base}/assets/{{name}}", asset, include_in_schema=False)


def _document(app: FastAPI, storefront: Storefront) -> dict[str, Any]:
    document = get_openapi(
        title=f"{storefront.name} API",
        version="1.0.0",
        openapi_version="3.1.0",
        description=_description(storefront),
        routes=app.routes,
    )
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas["Error"] = _ENVELOPED_ERROR if storefront.dialect is Dialect.SNAKE_ENVELOPE else _PROBLEM
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for operations in document["paths"].values():
        for operation in operations.values():
            # FastAPI adds a 422 of its own; ours is the 400 above.
            if "HTTPValidationError" in str(operation["responses"].get("422", "")):
                del operation["responses"]["422"]
            if "security" in operation and "401" not in operation["responses"]:
                operation["security"].append({})  # a token is read there, and not asked for
    return document


def _description(storefront: Storefront) -> str:
    envelope = "`{success, data, message, meta}`; errors carry `error.code`"
    bare = "bare JSON; errors are `application/problem+json` with a `code`"
    style = envelope if storefront.dialect is Dialect.SNAKE_ENVELOPE else bare
    return (
        f"Answers are {style}. Money is a string with two decimals; times are UTC, ISO 8601. "
        "Unsafe calls take an `Idempotency-Key`. Unknown properties are refused."
    )


def _dump(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode()
