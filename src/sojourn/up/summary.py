"""What `sojourn up` ends with: where everything is, how to get in, how to stop."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console

from sojourn.people.staff.bootstrap import DemoAccount
from sojourn.platform.http.rate_limit import DEFAULT_LIMITS
from sojourn.platform.storefront import LimitClass, Module, Storefront

Section = tuple[str, list[tuple[str, str]]]


def print_summary(
    console: Console,
    *,
    storefronts: Sequence[Storefront],
    accounts: Mapping[str, Sequence[DemoAccount]],
    environment: Mapping[str, str],
    api: str,
    sandbox: str,
    logs: Path,
    seconds: float,
) -> None:
    sections: list[Section] = [
        (storefront.name, _of_storefront(storefront, accounts[storefront.key], environment, api))
        for storefront in storefronts
    ]
    sections.append(("Sandbox", [("vendors", sandbox), ("mailbox", f"{sandbox}/inbox")]))
    whole = [
        ("AI service key", environment["AI_SERVICE_KEY"]),
        ("health", f"{api}/ready"),
        ("metrics", f"{api}/metrics"),
    ]
    sections.append(("All of it", [*whole, ("logs", str(logs)), ("to stop", "Ctrl-C here")]))
    console.print(f"\nSojourn is ready ({seconds:.1f} s)", style="bold green", highlight=False)
    width = max(len(label) for _title, rows in sections for label, _value in rows)
    for title, rows in sections:
        console.print(f"\n{title}", style="bold", highlight=False)
        for label, value in rows:
            # Never folded: these are there to be copied.
            console.print(f"  {label:<{width}}  {value}", markup=False, highlight=False, soft_wrap=True)
    console.print()


def _of_storefront(
    storefront: Storefront, accounts: Sequence[DemoAccount], environment: Mapping[str, str], api: str
) -> list[tuple[str, str]]:
    key = storefront.key.upper()
    limit = environment.get(f"{key}_RATE_LIMIT_AUTH") or environment["RATE_LIMIT_AUTH"]
    usual = DEFAULT_LIMITS[LimitClass.AUTH].requests
    return [
        ("API", f"{api}{storefront.prefix}"),
        ("documentation", f"{api}{storefront.docs_path}"),
        ("Google", f"{api}{storefront.prefix}/auth/google?return_to={api}{storefront.docs_path}"),
        *([("MCP server", f"{api}{storefront.prefix}/mcp")] if Module.AI_TOOLS in storefront.modules else []),
        ("database", environment[f"{key}_DATABASE_URL"]),
        ("rate limits", f"{limit} sign-ups and sign-ins a minute here, {usual} in production"),
        *((account.role.lower(), f"{account.email}  {account.password}") for account in accounts),
    ]
