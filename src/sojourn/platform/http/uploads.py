"""A file and a small form, sent as multipart/form-data.

Who may send is asked before anything is read. What arrives is counted by the edge and written to an anonymous temporary
file, which no name leads to and which is gone with the request, or with the process.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

from pydantic import ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from sojourn.platform.errors import InvalidInput, Refusal
from sojourn.platform.http.context import get_runtime
from sojourn.platform.http.dialect import variant
from sojourn.platform.http.edge import BodyTooLarge
from sojourn.platform.http.refusals import from_validation
from sojourn.platform.kit.wire import Wire
from sojourn.platform.storefront import Dialect

MAX_FIELDS: Final = 20
MAX_FIELD_BYTES: Final = 8_000
UPLOAD: Final = "x-upload"

Fields = TypeVar("Fields", bound=Wire)


class UploadBroken(Refusal):
    """Nobody is there any more to read it."""

    status = 400
    code = "UPLOAD_BROKEN"
    sentence = "The upload ended before it was complete."


def takes_upload(fields: type[Wire]) -> dict[str, Any]:
    """For a route's `openapi_extra=`: it takes a part `file`, and `fields` beside it."""
    return {UPLOAD: fields}


def upload_body(fields: type[Wire], dialect: Dialect) -> dict[str, Any]:
    """The request body of such a route for OpenAPI, in the dialect's casing."""
    schema = variant(fields, dialect).model_json_schema(by_alias=True)
    definitions = schema.pop("$defs", {})
    properties = {name: _inlined(part, definitions) for name, part in schema.get("properties", {}).items()}
    properties = {"file": {"type": "string", "format": "binary"}, **properties}
    form = {"type": "object", "properties": properties, "required": ["file", *schema.get("required", [])]}
    return {"required": True, "content": {"multipart/form-data": {"schema": form}}}


def _inlined(part: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(part, dict):
        if "$ref" in part:
            return definitions[part["$ref"].rpartition("/")[2]]
        return {key: _inlined(inner, definitions) for key, inner in part.items()}
    return [_inlined(inner, definitions) for inner in part] if isinstance(part, list) else part


@asynccontextmanager
async def received(
    request: Request, fields: type[Fields], *, too_large: type[Refusal]
) -> AsyncIterator[tuple[Fields, UploadFile]]:
    """The form and its file, until the block ends: some at a time, for inside it files are read into memory.

    Raises `too_large`, InvalidInput, UploadBroken.
    """
    parser = _parser(request)
    request.scope["takes_upload"]()
    try:
        form = await _parse(parser, too_large)
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise InvalidInput.at("file", "send multipart/form-data with a part named file")
        given = {name: value for name, value in form.multi_items() if name != "file" and value != ""}
        runtime = get_runtime(request)
        async with runtime.uploads:
            yield _checked(given, variant(fields, runtime.storefront.dialect)), file
    finally:
        parser.close()


class _Parser(MultiPartParser):
    def close(self) -> None:
        """Let go of every file, of parts that never ended, too."""
        for file in self._files_to_close_on_error:
            file.close()


def _checked(given: dict[str, Any], model: type[Fields]) -> Fields:
    try:
        return model.model_validate(given)
    except ValidationError as fault:
        raise from_validation([{**error, "loc": ("body", *error["loc"])} for error in fault.errors()]) from None


def _parser(request: Request) -> _Parser:
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise InvalidInput.at("file", "send multipart/form-data with a part named file")
    return _Parser(request.headers, request.stream(), max_files=1, max_fields=MAX_FIELDS, max_part_size=MAX_FIELD_BYTES)


async def _parse(parser: _Parser, too_large: type[Refusal]) -> FormData:
    try:
        return await parser.parse()
    except BodyTooLarge as fault:
        raise too_large from fault
    except ClientDisconnect as fault:
        raise UploadBroken from fault
    except MultiPartException as fault:
        raise InvalidInput.at("file", f"is not a readable form: {fault.message}") from fault
