"""What agents did, and for whom: a row for each call before it is made, another when it is refused.

The tool's own acts (`booking.held`, ...) carry the same request id.
"""

from sojourn.channels.ai_tools.access import Agent
from sojourn.people.auth.access import Actor
from sojourn.platform.audit.trail import Act, ActorKind, record
from sojourn.platform.http.context import Context


async def note_call(ctx: Context, *, agent: Agent, customer: Actor | None, tool: str) -> None:
    """An agent calls a tool. Written before the call, so that nothing is done without it."""
    await _note(ctx, "agent.called", agent=agent, customer=customer, detail={"tool": tool})


async def note_refusal(ctx: Context, *, agent: Agent, customer: Actor | None, tool: str, code: str) -> None:
    """The call was refused with `code`."""
    await _note(ctx, "agent.refused", agent=agent, customer=customer, detail={"tool": tool, "code": code})


async def _note(ctx: Context, action: str, *, agent: Agent, customer: Actor | None, detail: dict[str, str]) -> None:
    act = Act(
        action=action, subject_kind="USER", subject_id=customer.user_id if customer is not None else None,
        actor_kind=ActorKind.SERVICE, detail=detail | {"key": agent.key_name, "session_id": agent.session_id},
    )  # fmt: skip
    async with ctx.read() as connection:
        await record(connection, act, now=ctx.now(), origin=ctx.origin)
