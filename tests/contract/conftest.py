"""Clients that hold every answer against the storefront's own OpenAPI document while a flow is told."""

import json
import re
from collections.abc import Mapping
from typing import Any

import httpx
import jsonschema_rs
import pytest
from tests.support.client import StorefrontClient

Document = Mapping[str, Any]


def operation_at(document: Document, method: str, path: str) -> Mapping[str, Any] | None:
    """The operation that answers, paths written out before those with parameters, as the router does."""
    for template in sorted(document["paths"], key=lambda t: (t.count("{"), t)):
        pattern = re.sub(r"\\\{[^}]+\\\}", "[^/]+", re.escape(template))
        if re.fullmatch(pattern, path) and method.lower() in document["paths"][template]:
            found: Mapping[str, Any] = document["paths"][template][method.lower()]
            return found
    return None


class Contract(httpx.AsyncBaseTransport):
    """Passes requests on. An answer whose status, code, media type or shape is not declared fails the test."""

    def __init__(self, inner: httpx.AsyncBaseTransport, document: Document) -> None:
        self._inner = inner
        self._document = document

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self._inner.handle_async_request(request)
        await answer.aread()
        operation = operation_at(self._document, request.method, request.url.path)
        if operation is not None:
            self._judge(f"{request.method} {request.url.path}", operation, answer)
        return answer

    def _judge(self, where: str, operation: Mapping[str, Any], answer: httpx.Response) -> None:
        declared = operation["responses"].get(str(answer.status_code))
        assert declared is not None, f"{where} answered {answer.status_code}, which it does not declare: {answer.text}"
        if not answer.content:
            assert "content" not in declared, f"{where} answered nothing and declares a body"
            return
        media_type = answer.headers["content-type"].partition(";")[0]
        assert media_type in declared["content"], f"{where} answered {media_type}"
        if not media_type.endswith("json"):
            return
        told = declared["content"][media_type]
        schema = {**told["schema"], "components": self._document["components"]}
        body = json.loads(answer.content)
        faults = [
            f"{list(e.instance_path)}: {e.message}" for e in jsonschema_rs.validator_for(schema).iter_errors(body)
        ]
        assert not faults, f"{where} {answer.status_code}: {faults}"
        if answer.is_error:
            code = body["error"]["code"] if "error" in body else body["code"]
            assert code in told["examples"], f"{where} answered {code}, which it does not declare"


async def read_document(client: StorefrontClient) -> dict[str, Any]:
    """The storefront's OpenAPI document, as it is served."""
    _transport, origin = client._own
    answer = await client.get(f"{origin}{client.storefront.docs_path}/openapi.json")
    assert answer.status_code == 200
    document: dict[str, Any] = answer.json()
    return document


async def _under_contract(client: StorefrontClient) -> StorefrontClient:
    transport, origin = client._own
    return StorefrontClient(client.runtime, Contract(transport, await read_document(client)), origin=origin)


@pytest.fixture
async def derlg(derlg: StorefrontClient) -> StorefrontClient:
    """A visitor of DerLg whose every answer is held against the document."""
    return await _under_contract(derlg)


@pytest.fixture
async def holyone(holyone: StorefrontClient) -> StorefrontClient:
    """A visitor of Holyone whose every answer is held against the document."""
    return await _under_contract(holyone)
