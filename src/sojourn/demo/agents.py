"""An agent as its host runs it: with the service key, for one customer, by its tools."""

from typing import Final

from sojourn.demo.visitor import Json, Visitor

_TOOLS: Final = "/ai-tools"
EVENTS: Final = f"{_TOOLS}/events"


class Agent:
    """`visitor` shows the key and the customer with every call."""

    def __init__(self, visitor: Visitor) -> None:
        self.visitor = visitor

    async def use(self, tool: str, *, once: str | None = None, **asked: object) -> Json:
        """What a tool answers; with the same `once` it is done once. Raises `Unexpected` when it is refused."""
        headers = {"Idempotency-Key": once} if once else None
        return await self.visitor.send("POST", f"{_TOOLS}/{tool.replace('_', '-')}", asked, headers=headers)

    async def list_tools(self) -> list[str]:
        """The names of the tools over HTTP."""
        return [tool["name"] for tool in (await self.visitor.get(_TOOLS))["tools"]]

    async def list_tools_over_mcp(self) -> list[str]:
        """The same as a host of the Model Context Protocol is told."""
        return [tool["name"] for tool in (await self.visitor.call("/mcp", "tools/list"))["tools"]]

    async def remember(self, conversation: str, state: Json) -> Json:
        """Keep a conversation, then read it as another process of the agent would."""
        await self.visitor.send("PUT", f"{_TOOLS}/sessions/{conversation}", {"state": state})
        return await self.visitor.get(f"{_TOOLS}/sessions/{conversation}")
