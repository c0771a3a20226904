"""One call of the Stripe API on its way to the function that answers it, and lists of objects."""

import json
from dataclasses import dataclass
from typing import Generic, TypeVar

from sojourn.sandbox.account import Account
from sojourn.sandbox.errors import Json, StripeError
from sojourn.sandbox.forms import P
from sojourn.sandbox.parameters import ListPage
from sojourn.sandbox.store import Value, read_json

KIND_BY_PREFIX = {
    "ch": "charge",
    "cus": "customer",
    "du": "dispute",
    "evt": "event",
    "pi": "payment_intent",
    "pm": "payment_method",
    "re": "refund",
}
COMPARISONS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[P]):
    """`id` is the object of the path, empty where the path names none."""

    account: Account
    params: P
    id: str = ""
    is_publishable: bool = False


L = TypeVar("L", bound=ListPage)


def page(call: Call[L], kind: str, **equals: Value | list[str]) -> Json:
    """Objects of the kind, newest first; `equals` filters on fields, a list meaning any of it, None nothing."""
    account, params = call.account, call.params
    bounds = {"gte": params.created, "lte": params.created} if isinstance(params.created, int) else params.created
    conditions: list[tuple[str, Value]] = [
        ("account = ?", account.key),
        ("kind = ?", kind),
        *((f"created {COMPARISONS[name]} ?", value) for name, value in (bounds or {}).items()),
        *(_matches(name, value) for name, value in equals.items() if value is not None),
    ]
    if params.starting_after:
        conditions.append(("seq < ?", _position(account, kind, params.starting_after, "starting_after")))
    if params.ending_before:
        conditions.append(("seq > ?", _position(account, kind, params.ending_before, "ending_before")))
    arguments = [*(value for _, value in conditions), params.limit + 1]
    where = " AND ".join(text for text, _ in conditions)
    order = "ASC" if params.ending_before else "DESC"
    # The text holds names from this module and its callers only; what a request says goes in as a value.
    statement = f"SELECT body FROM objects WHERE {where} ORDER BY seq {order} LIMIT ?"  # noqa: S608
    found = [read_json(row["body"]) for row in account.store.rows(statement, *arguments)]
    shown = found[: params.limit]
    if params.ending_before:
        shown.reverse()
    return {"object": "list", "data": shown, "has_more": len(found) > params.limit, "url": f"/v1/{kind}s"}


def _matches(name: str, value: Value | list[str]) -> tuple[str, Value]:
    field = f"json_extract(body, '$.{name}')"
    if isinstance(value, list):
        return f"{field} IN (SELECT value FROM json_each(?))", json.dumps(value)  # noqa: S608 - as above
    return f"{field} = ?", value


def _position(account: Account, kind: str, object_id: str, param: str) -> int:
    account.get(kind, object_id, param=param)
    row = account.store.row("SELECT seq FROM objects WHERE account = ? AND id = ?", account.key, object_id)
    return int(row["seq"]) if row is not None else 0


def expand(account: Account, body: Json, paths: list[str]) -> Json:
    """Put objects in the place of their ids, as `expand[]` asks.

    Raises:
        StripeError: 400, the property holds no object's id.
    """
    for path in paths:
        _expand(account, body, path.split("."), path)
    return body


def _expand(account: Account, body: Json, names: list[str], path: str) -> None:
    name, *rest = names
    if body.get("object") == "list" and name == "data" and rest:
        for item in body["data"]:
            _expand(account, item, rest, path)
        return
    value = body.get(name, ...)
    if isinstance(value, str):
        kind = KIND_BY_PREFIX.get(value.partition("_")[0])
        value = None if kind is None or name == "id" else account.find(kind, value)
        if value is not None:
            body[name] = value
    elif value is None:
        return
    if not isinstance(value, dict) or "object" not in value:
        raise StripeError(f"This property cannot be expanded ({path}).", param="expand")
    if rest:
        _expand(account, value, rest, path)
