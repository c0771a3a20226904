"""One declaration, two ways to speak JSON.

Features declare wire models in snake_case and routes that return them. When a storefront is built, each route is
re-declared with models of that storefront's casing (so that FastAPI validates, documents and names errors in it), and
its answer is written once, in that casing, bare or in the envelope.
"""

import types
from collections.abc import Callable, Hashable
from copy import copy
from dataclasses import dataclass
from functools import cache
from typing import Any, Generic, TypeVar, Union, cast, get_args, get_origin

from pydantic import BaseModel, ConfigDict, TypeAdapter, create_model
from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo

from sojourn.platform.kit.wire import Page, Wire
from sojourn.platform.storefront import Dialect

T = TypeVar("T")

WRITTEN_BY_HAND = 2  # pydantic's alias_priority of `Field(alias=...)`; a generated alias has 1

_CONFIGS = {
    Dialect.CAMEL_BARE: ConfigDict(
        alias_generator=to_camel, validate_by_name=False, validate_by_alias=True, defer_build=False
    ),
    Dialect.SNAKE_ENVELOPE: ConfigDict(
        alias_generator=None, validate_by_name=True, validate_by_alias=True, defer_build=False
    ),
}


class PageMeta(BaseModel):
    """Where a page lies in its list."""

    page: int
    per_page: int
    total: int


class Envelope(BaseModel, Generic[T]):
    """The snake_case storefronts' answer."""

    success: bool = True
    data: T
    message: str = "OK"


class PagedEnvelope(Envelope[T], Generic[T]):
    """The snake_case storefronts' list answer."""

    meta: PageMeta


@dataclass(frozen=True, slots=True)
class RawJson:
    """JSON that PostgreSQL built: snake_case, exactly the route's return type. `total` belongs to a page."""

    body: bytes
    page: int | None = None
    per_page: int | None = None
    total: int | None = None


def in_casing(name: str, dialect: Dialect) -> str:
    """A snake_case field name as `dialect` spells it."""
    return to_camel(name) if dialect is Dialect.CAMEL_BARE else name


def field_on_wire(model: type[Wire], name: str, dialect: Dialect) -> str:
    """The name that `dialect` sends for a field of `model`, or for what the model has no field of."""
    field = variant(model, dialect).model_fields.get(name)
    return (field and field.alias) or in_casing(name, dialect)


@cache
def variant(annotation: Any, dialect: Dialect) -> Any:
    """`annotation` with every wire model in it replaced by its twin of that casing. The twin is a subclass."""
    if isinstance(annotation, type) and issubclass(annotation, Wire):
        return _twin(annotation, dialect)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if not arguments:
        return annotation
    if hasattr(annotation, "__metadata__"):
        return _rebuild_annotated(annotation, dialect)
    replaced = tuple(a if isinstance(a, (list, str)) else variant(a, dialect) for a in arguments)
    if replaced == arguments:
        return annotation
    if origin in (Union, types.UnionType):
        return Union[replaced]  # noqa: UP007 - built at run time
    return origin[replaced] if origin is not None else annotation


def _rebuild_annotated(annotation: Any, dialect: Dialect) -> Any:
    inner = variant(annotation.__origin__, dialect)
    return annotation.copy_with((inner,)) if inner is not annotation.__origin__ else annotation


def _twin(model: type[Wire], dialect: Dialect) -> type[Wire]:
    fields: dict[str, Any] = {
        name: (variant(cast("Hashable", field.annotation), dialect), _bare(field, dialect))
        for name, field in model.model_fields.items()
    }
    base = type(model.__name__, (model,), {"model_config": _CONFIGS[dialect], "__module__": model.__module__})
    return create_model(model.__name__, __base__=base, __module__=model.__module__, __doc__=model.__doc__, **fields)


def _bare(info: FieldInfo, dialect: Dialect) -> FieldInfo:
    """The field without its generated alias, so that the twin's own generator names it. An alias written by hand is
    what camelCase storefronts call the field (`name` is their `fullName`), and stays theirs; one without a capital
    (`from`, which Python cannot name) is everybody's."""
    copied = copy(info)
    is_written = info.alias_priority == WRITTEN_BY_HAND
    if is_written and (dialect is Dialect.CAMEL_BARE or str(info.alias).islower()):
        return copied
    copied.alias = copied.validation_alias = copied.serialization_alias = None
    copied.alias_priority = None
    return copied


@cache
def _adapter(annotation: Any) -> TypeAdapter[Any]:
    return TypeAdapter(annotation)


def documented(annotation: Any, dialect: Dialect) -> Any:
    """What OpenAPI shows as the answer: the twin, in the envelope where the dialect has one."""
    twin = variant(annotation, dialect)
    if dialect is Dialect.CAMEL_BARE or annotation is None:
        return twin
    if is_page(annotation):
        item = annotation.model_fields["items"].annotation
        return PagedEnvelope.__class_getitem__(variant(item, dialect))
    return Envelope.__class_getitem__(twin)


def respelled(example: Any, annotation: Any, dialect: Dialect) -> Any:
    """A snake_case example of `annotation` as this dialect sends it. Raises pydantic's ValidationError when the model
    would refuse it."""
    adapter = _adapter(annotation)
    read = adapter.validate_python(example, by_name=True, by_alias=False)
    is_camel = dialect is Dialect.CAMEL_BARE
    return adapter.dump_python(read, mode="json", by_alias=is_camel, exclude_unset=True)


def is_page(annotation: Any) -> bool:
    """Whether the route answers one page of a list."""
    return isinstance(annotation, type) and issubclass(annotation, Page)


Render = Callable[[Any], bytes]


def renderer(annotation: Any, dialect: Dialect) -> Render:
    """The function that writes a route's answer as bytes, once."""
    adapter = _adapter(annotation)
    if dialect is Dialect.CAMEL_BARE:
        return lambda answer: _write_bare(answer, adapter)
    if is_page(annotation):
        items = _adapter(annotation.model_fields["items"].annotation)
        return lambda answer: _write_page(answer, items)
    return lambda answer: _write_enveloped(answer, adapter)


def _write_bare(answer: Any, adapter: TypeAdapter[Any]) -> bytes:
    if isinstance(answer, RawJson):
        # The rare road: public lists are cached as bytes in front of it.
        body = answer.body if answer.page is None else _assembled_page(answer)
        answer = adapter.validate_json(body, by_name=True, by_alias=False)
    return adapter.dump_json(answer, by_alias=True)


def _assembled_page(answer: RawJson) -> bytes:
    numbers = f',"page":{answer.page},"per_page":{answer.per_page},"total":{answer.total}}}'
    return b'{"items":' + answer.body + numbers.encode()


def _write_enveloped(answer: Any, adapter: TypeAdapter[Any]) -> bytes:
    data = answer.body if isinstance(answer, RawJson) else adapter.dump_json(answer)
    return b'{"success":true,"data":' + data + b',"message":"OK"}'


def _write_page(answer: Any, items: TypeAdapter[Any]) -> bytes:
    data = answer.body if isinstance(answer, RawJson) else items.dump_json(answer.items)
    meta = f',"message":"OK","meta":{{"page":{answer.page},"per_page":{answer.per_page},"total":{answer.total}}}}}'
    return b'{"success":true,"data":' + data + meta.encode()
