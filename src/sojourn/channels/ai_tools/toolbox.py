"""The list of all tools, in the order in which they are shown."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from sojourn.channels.ai_tools import (
    around,
    buying,
    changing,
    helping,
    khqr,
    personal,
    planning,
    shelf,
    student,
    suggesting,
)
from sojourn.channels.ai_tools.tool import Tool
from sojourn.platform.http.dialect import variant
from sojourn.platform.kit.wire import Wire
from sojourn.platform.storefront import Dialect, Storefront

TOOLS: Sequence[Tool] = (
    *suggesting.TOOLS,
    *shelf.TOOLS,
    *around.TOOLS,
    *helping.TOOLS,
    *planning.TOOLS,
    *personal.TOOLS,
    *student.TOOLS,
    *buying.TOOLS,
    *khqr.TOOLS,
    *changing.TOOLS,
)


class Annotations(Wire):
    """What a call may do, in the words of the Model Context Protocol."""

    read_only_hint: bool
    destructive_hint: bool
    idempotent_hint: bool
    open_world_hint: bool


class ToolShown(Wire):
    """One tool as a model is told of it. The schemas are JSON Schema 2020-12; POST its input to `path`."""

    name: str
    title: str
    description: str
    path: str
    acts_for_customer: bool
    annotations: Annotations
    input_schema: dict[str, Any]
    output_schema: dict[str, Any]


class ToolsShown(Wire):
    tools: list[ToolShown]


def offered(storefront: Storefront) -> list[Tool]:
    """The tools whose modules this storefront has switched on."""
    return [tool for tool in TOOLS if tool.module in storefront.modules]


def show(storefront: Storefront) -> ToolsShown:
    """What a model is told: names, what they are for, schemas in the storefront's casing."""
    return ToolsShown(tools=[_shown(tool.name, storefront.dialect, storefront.prefix) for tool in offered(storefront)])


@cache
def _shown(name: str, dialect: Dialect, prefix: str) -> ToolShown:
    tool = next(tool for tool in TOOLS if tool.name == name)
    return ToolShown(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        path=f"{prefix}/ai-tools{tool.path}",
        acts_for_customer=tool.acts_for_customer,
        annotations=Annotations(
            read_only_hint=tool.is_read_only,
            destructive_hint=tool.is_destructive,
            idempotent_hint=tool.is_idempotent,
            open_world_hint=tool.is_open_world,
        ),
        input_schema=TypeAdapter(variant(tool.takes, dialect)).json_schema(mode="validation"),
        output_schema=TypeAdapter(variant(tool.answers, dialect)).json_schema(mode="serialization"),
    )
