"""Someone who talks to one storefront over HTTP."""

from collections.abc import Generator
from contextlib import AbstractAsyncContextManager
from itertools import count
from typing import Any
from uuid import UUID

import httpx
from tests.support.statements import recorded_statements

from sojourn.people.auth.tokens import issue_access_token
from sojourn.people.roles import Role, role_on_wire
from sojourn.platform.db.database import Database
from sojourn.platform.http.context import Runtime
from sojourn.platform.kit.ids import new_id, new_reference
from sojourn.platform.storefront import Dialect, Storefront

PASSWORD = "a long and unusual pass phrase"

_INSERT_USER = """
INSERT INTO users (id, email, email_verified_at, name, role, referral_code, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $3, $3)
"""
_numbers = count(1)


class FreshToken(httpx.Auth):
    """An access token issued anew for each request, so that a test may move the clock by hours."""

    def __init__(self, runtime: Runtime, *, user_id: UUID, email: str, role: str) -> None:
        self._runtime = runtime
        self._user_id = user_id
        self._email = email
        self._role = role

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        token = issue_access_token(
            user_id=self._user_id,
            email=self._email,
            role=self._role,
            version=0,
            now=self._runtime.clock.now(),
            secret=self._runtime.access_secret,
        )
        request.headers["Authorization"] = f"Bearer {token}"
        yield request


class StorefrontClient(httpx.AsyncClient):
    """A visitor of one storefront: `await derlg.get("/trips")`. Paths are relative to the storefront's prefix.

    `user_id` and `email` are set for whoever came by `sign_in_as` or `register`.
    """

    def __init__(
        self, runtime: Runtime, transport: httpx.AsyncBaseTransport, *, origin: str, auth: httpx.Auth | None = None,
        user_id: UUID | None = None, email: str | None = None,
    ) -> None:  # fmt: skip
        super().__init__(transport=transport, base_url=origin + runtime.storefront.prefix, auth=auth, timeout=30)
        self.runtime = runtime
        self._own = (transport, origin)
        self._user_id = user_id
        self._email = email

    @property
    def storefront(self) -> Storefront:
        return self.runtime.storefront

    @property
    def database(self) -> Database:
        return self.runtime.db

    @property
    def user_id(self) -> UUID:
        assert self._user_id is not None, "nobody has signed in"
        return self._user_id

    @property
    def email(self) -> str:
        assert self._email is not None, "nobody has signed in"
        return self._email

    def visitor(
        self, *, auth: httpx.Auth | None = None, user_id: UUID | None = None, email: str | None = None
    ) -> "StorefrontClient":
        """Somebody else in the same storefront, with cookies of their own."""
        transport, origin = self._own
        return StorefrontClient(self.runtime, transport, origin=origin, auth=auth, user_id=user_id, email=email)

    async def sign_in_as(
        self, role: Role = Role.CUSTOMER, *, email: str | None = None, name: str = "Sok Dara"
    ) -> "StorefrontClient":
        """A new account with that role, written straight into the database (no password), signed in."""
        user_id = new_id()
        email = email or f"{role.lower()}-{next(_numbers)}@example.com"
        now = self.runtime.clock.now()
        async with self.database.read() as connection:
            await connection.execute(_INSERT_USER, user_id, email, now, name, role, new_reference("REF"))
        token = FreshToken(self.runtime, user_id=user_id, email=email, role=role_on_wire(role, self.storefront))
        return self.visitor(auth=token, user_id=user_id, email=email)

    async def register(
        self, *, email: str | None = None, password: str = PASSWORD, **fields: object
    ) -> "StorefrontClient":
        """A new customer through the front door, signed in with the token that registering answers."""
        email = email or f"guest-{next(_numbers)}@example.com"
        name = {"fullName" if self.storefront.dialect is Dialect.CAMEL_BARE else "name": "Sok Dara"}
        visitor = self.visitor()
        answer = await visitor.post("/auth/register", json={"email": email, "password": password, **name, **fields})
        body = read(answer, 201)
        user, token = body["user"], body.get("access_token") or body.get("accessToken")
        visitor._user_id, visitor._email = UUID(user["id"]), email
        visitor.headers["Authorization"] = f"Bearer {token}"
        return visitor

    def statements(self) -> AbstractAsyncContextManager[list[str]]:
        """What the storefront says to its database within the block (see `recorded_statements`)."""
        return recorded_statements(self.database)

    async def rows(self, query: str, *arguments: object) -> list[dict[str, Any]]:
        """What stands in the storefront's database."""
        async with self.database.read() as connection:
            return [dict(row) for row in await connection.fetch(query, *arguments)]


def read(answer: httpx.Response, status: int = 200) -> Any:
    """The body of an answer that must have this status, out of its envelope where there is one. None when empty."""
    assert answer.status_code == status, (
        f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text}"
    )
    if not answer.content:
        return None
    body = answer.json()
    if isinstance(body, dict) and body.get("success") is True:
        return body["data"]
    return body


def refusal(answer: httpx.Response, status: int) -> str:
    """The machine code of a refusal that must have this status."""
    assert answer.status_code == status, (
        f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text}"
    )
    body = answer.json()
    code: str = body["error"]["code"] if "error" in body else body["code"]
    return code


def faulty_fields(answer: httpx.Response) -> list[str]:
    """The names of the fields that a 400 complains about."""
    assert answer.status_code == 400, (
        f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text}"
    )
    body = answer.json()
    errors = body["error"]["details"].get("fields", []) if "error" in body else body.get("errors", [])
    return [error["field"] for error in errors]
