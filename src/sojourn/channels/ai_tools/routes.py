"""Every tool at `POST /ai-tools/<name>`, and their list. One way for all: who, for whom, the trail, the tool."""

from dataclasses import replace
from typing import Annotated, Protocol
from uuid import UUID

from fastapi import Depends, Request
from pydantic import Field, create_model

from sojourn.channels.ai_tools import trail
from sojourn.channels.ai_tools.access import Agent, TheAgent, acting_user_id, find_customer
from sojourn.channels.ai_tools.advice import next_step
from sojourn.channels.ai_tools.documented import HEADERS
from sojourn.channels.ai_tools.errors import (
    ActingUserNotFound,
    ActingUserRequired,
    ServiceKeyInvalid,
    ToolNotOffered,
)
from sojourn.channels.ai_tools.tool import Call, Tool
from sojourn.channels.ai_tools.toolbox import TOOLS, ToolsShown, show
from sojourn.people.auth.access import Actor
from sojourn.platform.errors import Refusal
from sojourn.platform.http.context import Context, Ctx
from sojourn.platform.http.idempotency import never_replayed
from sojourn.platform.http.mount import refuses
from sojourn.platform.http.routing import Router
from sojourn.platform.kit.wire import Wire
from sojourn.providers.vendors import TheVendors, Vendors
from sojourn.sales.payments.payable import Payables

router = Router(prefix="/ai-tools", tags=["ai-tools"])


async def _get_payables(request: Request) -> Payables:
    payables: Payables = request.app.state.payables
    return payables


ThePayables = Annotated[Payables, Depends(_get_payables)]


@router.get("", operation_id="list_agent_tools", responses=refuses(ServiceKeyInvalid), openapi_extra=HEADERS)
async def list_agent_tools(ctx: Ctx, agent: TheAgent) -> ToolsShown:
    """What an agent may do here: each tool with its description, hints and JSON schemas, as the MCP server shows it."""
    return show(ctx.storefront)


class _Body(Protocol):
    """The tool's input, and for whom."""

    @property
    def user_id(self) -> UUID | None: ...


async def _call(tool: Tool, ctx: Context, *, agent: Agent, vendors: Vendors, payables: Payables, body: _Body) -> object:
    if tool.module not in ctx.storefront.modules:
        raise ToolNotOffered
    customer = await find_customer(ctx, acting_user_id(agent, body.user_id))
    if customer is None and tool.acts_for_customer:
        raise ActingUserRequired
    if customer is not None:
        ctx = replace(ctx, language=ctx.language_for(customer.language))
    await _limit(ctx, tool, agent, customer)
    await trail.note_call(ctx, agent=agent, customer=customer, tool=tool.name)
    try:
        return await tool.run(Call(ctx=ctx, vendors=vendors, payables=payables, customer=customer), body)
    except Refusal as refusal:
        await trail.note_refusal(ctx, agent=agent, customer=customer, tool=tool.name, code=refusal.code)
        raise


async def _limit(ctx: Context, tool: Tool, agent: Agent, customer: Actor | None) -> None:
    """Per customer and tool: one agent speaks for many, from one address."""
    who = str(customer.user_id) if customer is not None else f"agent:{agent.key_name}"
    await ctx.runtime.limiter.spend(tool.limit, who=who, endpoint=f"ai-tools:{tool.name}")


def _with_customer(tool: Tool) -> type[Wire]:
    """What is sent: the tool's input, and for whom, unless the header says it."""
    said = "The customer it acts for, where the header X-Acting-User does not say so."
    return create_model(
        f"{tool.name.title().replace('_', '')}Call",
        __base__=tool.takes,
        __module__=__name__,
        user_id=(UUID | None, Field(None, description=said)),
    )


def _declare(tool: Tool) -> None:
    async def answer(ctx: Ctx, agent: TheAgent, vendors: TheVendors, payables: ThePayables, body: _Body) -> object:
        try:
            return await _call(tool, ctx, agent=agent, vendors=vendors, payables=payables, body=body)
        except Refusal as refusal:
            if (advice := next_step(refusal.code)) is not None:
                refusal.details["next_step"] = advice
            raise

    answer.__name__ = tool.name
    answer.__doc__ = tool.description
    answer.__annotations__ |= {"body": _with_customer(tool), "return": tool.answers}
    if tool.is_read_only:
        never_replayed(answer)
    router.post(
        tool.path,
        operation_id=f"agent_{tool.name}",
        responses=refuses(ServiceKeyInvalid, ActingUserRequired, ActingUserNotFound, ToolNotOffered, *tool.refusals),
        openapi_extra=HEADERS,
    )(answer)


for _tool in TOOLS:
    _declare(_tool)
