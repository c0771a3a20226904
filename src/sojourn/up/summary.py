"""The table at the end of `sojourn up`: where everything is and how to get in."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from sojourn.platform.storefront import Storefront

_PLAIN_WIDTH = 140


def print_summary(
    console: Console,
    *,
    storefronts: Sequence[Storefront],
    environment: Mapping[str, str],
    api: str,
    sandbox: str,
    logs: Path,
    seconds: float,
) -> None:
    table = Table(title=f"Sojourn is ready ({seconds:.1f} s)", title_justify="left", show_header=False, expand=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for storefront in storefronts:
        table.add_row(storefront.name, f"{api}{storefront.prefix}")
        table.add_row("  documentation", f"{api}{storefront.docs_path}")
        table.add_row("  database", environment[f"{storefront.key.upper()}_DATABASE_URL"])
        table.add_section()
    table.add_row("Sandbox", f"{sandbox}  (payments and mails of both)")
    table.add_row("  mailbox", f"{sandbox}/inbox")
    table.add_row("AI service key", environment["AI_SERVICE_KEY"])
    table.add_row("Health", f"{api}/health  {api}/ready  {api}/metrics")
    table.add_row("Logs", str(logs))
    table.add_section()
    table.add_row("To stop", "Ctrl-C here")
    # Piped into a file, nobody can widen the window.
    console.print(table, width=None if console.is_terminal else _PLAIN_WIDTH, highlight=False)
