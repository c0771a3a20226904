"""What every chapter is given: the running system, its sandbox, people to send there, and a teller."""

import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from sojourn.demo.agents import Agent
from sojourn.demo.teller import Teller
from sojourn.demo.vendors import Vendors
from sojourn.demo.visitor import Visitor
from sojourn.people.roles import Role
from sojourn.people.staff.bootstrap import DEMO_PASSWORD
from sojourn.platform.storefront import Dialect
from sojourn.settings import Settings, load_settings
from sojourn.storefronts import STOREFRONTS
from sojourn.up.state import State

PASSWORD = "monsoon-lotus-ferry-71"
_TIMEOUT = httpx.Timeout(30)
_HOW = "Start it with `make up`, and in another terminal `make demo`."


class NotRunning(RuntimeError):
    """There is no running system to drive; the message says how to get one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """`environment` is what the programs of the running system were told; `run` marks this telling's people.

    `accounts` are the storefronts' keys at the payment provider, `service_keys` what their agents carry.
    """

    environment: Mapping[str, str]
    state: State
    vendors: Vendors
    teller: Teller
    origins: Mapping[str, str]
    accounts: Mapping[str, str]
    service_keys: Mapping[str, str]
    run: str = field(default_factory=lambda: secrets.token_hex(3))
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def visitor(self, key: str, *, email: str = "") -> Visitor:
        """Somebody new at a storefront, with cookies and a connection of their own."""
        http = await self._stack.enter_async_context(httpx.AsyncClient(timeout=_TIMEOUT, trust_env=False))
        return Visitor(http, STOREFRONTS[key], origin=self.origins[key], email=email)

    async def register(self, key: str, who: str, *, name: str) -> Visitor:
        """A new customer, signed in. The address is new in every telling."""
        email = f"{who}.{self.run}@example.com"
        visitor = await self.visitor(key, email=email)
        named = "fullName" if STOREFRONTS[key].dialect is Dialect.CAMEL_BARE else "name"
        body = {named: name, "email": email, "password": PASSWORD}
        _carry_token(visitor, await visitor.send("POST", "/auth/register", body, status=201))
        return visitor

    async def agent(self, key: str, *, customer_id: str) -> Agent:
        """The storefront's agent, acting for a customer."""
        visitor = await self.visitor(key)
        visitor.show({"X-Service-Key": self.service_keys[key], "X-Acting-User": customer_id})
        return Agent(visitor)

    async def sign_in(self, key: str, role: Role) -> Visitor:
        """The storefront's demo account of that role."""
        email = f"{role.lower()}@{key}.example"
        visitor = await self.visitor(key, email=email)
        _carry_token(visitor, await visitor.send("POST", "/auth/login", {"email": email, "password": DEMO_PASSWORD}))
        return visitor


def _carry_token(visitor: Visitor, session: Mapping[str, Any]) -> None:
    visitor.carry(session.get("access_token") or session["accessToken"])


@asynccontextmanager
async def running_world(state: State, given: Mapping[str, str], teller: Teller) -> AsyncIterator[World]:
    """The system that `sojourn up` runs from this clone. Raises `NotRunning`."""
    published = state.published()
    if not published:
        raise NotRunning(f"Sojourn does not run from here. {_HOW}")
    environment = {**published, **given}
    settings = load_settings(environment, known=tuple(STOREFRONTS))
    if missing := set(STOREFRONTS) - set(settings.storefronts):
        raise NotRunning(f"The demo visits every storefront, but {', '.join(sorted(missing))} is not served here.")
    origins = {key: own.public_url for key, own in settings.per_storefront.items()}
    sandbox = _sandbox(settings)
    for address in (*sorted(set(origins.values())), sandbox):
        await _require_answer(address)
    async with (
        AsyncExitStack() as stack,
        httpx.AsyncClient(base_url=sandbox, timeout=_TIMEOUT, trust_env=False) as http,
    ):
        yield World(
            environment=environment,
            state=state,
            vendors=Vendors(http),
            teller=teller,
            origins=origins,
            service_keys={k: next(iter(own.service_keys), "") for k, own in settings.per_storefront.items()},
            accounts={k: own.stripe_secret_key.get_secret_value() for k, own in settings.per_storefront.items()},
            _stack=stack,
        )


def _sandbox(settings: Settings) -> str:
    addresses = {own.stripe_api_base for own in settings.per_storefront.values()}
    address = addresses.pop()
    if addresses or address is None:
        raise NotRunning("The demo pays with test cards: it needs the sandbox of `make up` behind every storefront.")
    return address


async def _require_answer(address: str) -> None:
    async with httpx.AsyncClient(timeout=5, trust_env=False) as http:
        try:
            await http.get(address)
        except httpx.TransportError as fault:
            raise NotRunning(f"{address} does not answer. {_HOW}") from fault
