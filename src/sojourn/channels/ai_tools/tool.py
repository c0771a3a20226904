"""What a tool is: declared once, served over HTTP and by the MCP server alike."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar, get_type_hints

from sojourn.channels.ai_tools.errors import ActingUserRequired
from sojourn.people.auth.access import Actor
from sojourn.platform.errors import Refusal
from sojourn.platform.http.context import Context
from sojourn.platform.http.mount import without_raw
from sojourn.platform.kit.wire import Wire
from sojourn.platform.storefront import LimitClass, Module
from sojourn.providers.vendors import Vendors
from sojourn.sales.payments.payable import Payables

Asked = TypeVar("Asked", bound=Wire)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of a tool: for whom, and what it may use."""

    ctx: Context
    vendors: Vendors
    payables: Payables
    customer: Actor | None

    @property
    def actor(self) -> Actor:
        """The customer it acts for. Raises ActingUserRequired."""
        if self.customer is None:
            raise ActingUserRequired
        return self.customer


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One tool. `description` is written for the model that chooses among tools.

    `is_destructive`: it takes something away from the customer. `is_idempotent`: the same call twice does no more than
    once. `is_open_world`: it asks somebody outside. `limit` counts per customer and tool.
    """

    name: str
    title: str
    description: str
    takes: type[Wire]
    answers: type[Wire]
    run: Callable[[Call, Any], Awaitable[Any]]
    module: Module
    acts_for_customer: bool
    is_read_only: bool
    is_destructive: bool
    is_idempotent: bool
    is_open_world: bool
    limit: LimitClass
    refusals: tuple[type[Refusal], ...]

    @property
    def path(self) -> str:
        """Where it answers below `/ai-tools`: `create_booking` at `/create-booking`."""
        return "/" + self.name.replace("_", "-")


def tool(
    *,
    title: str,
    module: Module,
    acts_for_customer: bool = False,
    is_read_only: bool = True,
    is_destructive: bool = False,
    is_idempotent: bool = True,
    is_open_world: bool = False,
    limit: LimitClass = LimitClass.CATALOG,
    refusals: tuple[type[Refusal], ...] = (),
) -> Callable[[Callable[[Call, Asked], Awaitable[Any]]], Tool]:
    """Declare `async def name(call: Call, asked: In) -> Out` a tool: its name, models and description are its own."""

    def declare(function: Callable[[Call, Asked], Awaitable[Any]]) -> Tool:
        hints = get_type_hints(function, include_extras=True)
        return Tool(
            name=function.__name__,
            title=title,
            description=" ".join((function.__doc__ or "").split()),
            takes=hints["asked"],
            answers=without_raw(hints["return"]),
            run=function,
            module=module,
            acts_for_customer=acts_for_customer,
            is_read_only=is_read_only,
            is_destructive=is_destructive,
            is_idempotent=is_idempotent,
            is_open_world=is_open_world,
            limit=limit,
            refusals=refusals,
        )

    return declare
