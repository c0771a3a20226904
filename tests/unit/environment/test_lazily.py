"""What a serving process imports when it needs it: each name can be imported, and none of them is at the start."""

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from sojourn.platform.kit.lazily import lazily

SOURCE = Path(__file__).parents[3] / "src"
# Libraries that few requests need, the drivers of vendors that a storefront has not chosen, and what belongs to the
# worker or to the command line.
NOT_WITH_THE_START = (
    "PIL", "aiosmtplib", "alembic", "attr", "charset_normalizer", "click", "greenlet", "holidays", "icalendar",
    "jinja2", "mcp", "mjml", "obstore", "pgqueuer", "psutil", "puremagic", "pygments", "pyotp", "redis", "requests",
    "rich", "segno", "sojourn.cli", "sojourn.demo", "sojourn.sandbox", "sojourn.up", "sojourn.worker", "sqlalchemy",
    "typer", "typst", "urllib3",
)  # fmt: skip
START = """
import json, os, sys
from sojourn.serve import application
application()
from sojourn.settings import load_settings
from sojourn.vendors import choose_vendors
choose_vendors(load_settings(os.environ, known=("derlg", "holyone")).per_storefront["derlg"])
from babel.localedata import _cache
print(json.dumps({"modules": [name for name, module in sys.modules.items() if module], "locales": list(_cache)}))
"""
SETTINGS = {
    "SOJOURN_ENVIRONMENT": "production",
    "SOJOURN_STOREFRONTS": "derlg",
    "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
    "JWT_ACCESS_SECRET": "0123456789abcdef0123456789abcdef-access",
    "JWT_REFRESH_SECRET": "0123456789abcdef0123456789abcdef-refresh",
    "RESEND_API_KEY": "re_none",
    "STRIPE_SECRET_KEY": "sk_test_none",
    "STRIPE_WEBHOOK_SECRET": "whsec_none",
}


def pairs() -> Iterator[tuple[str, dict[str, str], dict[str, str]]]:
    """Of each module that has them: the names bound for the type checker and those bound lazily, with their modules."""
    for path in SOURCE.rglob("*.py"):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.If) and "lazily(" in ast.unparse(node):
                yield str(path.relative_to(SOURCE)), _imported(node.body), _lazy(node.orelse)


def _imported(body: list[ast.stmt]) -> dict[str, str]:
    found: dict[str, str] = {}
    for node in body:
        if isinstance(node, ast.Import):
            found |= {alias.asname or alias.name: alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return found


def _lazy(body: list[ast.stmt]) -> dict[str, str]:
    found: dict[str, str] = {}
    for node in body:
        assert isinstance(node, ast.Assign), ast.unparse(node)
        assert isinstance(node.targets[0], ast.Name), ast.unparse(node)
        assert isinstance(node.value, ast.Call), ast.unparse(node)
        found[node.targets[0].id] = ast.literal_eval(node.value.args[0])
    return found


@pytest.mark.parametrize(("path", "checked", "lazy"), [pytest.param(*pair, id=pair[0]) for pair in sorted(pairs())])
def test_both_halves_name_the_same_modules(path: str, checked: dict[str, str], lazy: dict[str, str]) -> None:
    assert lazy
    for name, module in lazy.items():
        assert checked[name] == module, path
        assert import_module(module).__name__ == module


def test_nothing_is_imported_before_its_first_use() -> None:
    later = lazily("sndhdr_of_nobody")
    assert repr(later).startswith("<module")
    with pytest.raises(ModuleNotFoundError, match="sndhdr_of_nobody"):
        later.anything()
    colors = lazily("colorsys")
    assert colors.rgb_to_hsv(0, 0, 0) == (0.0, 0.0, 0)


def test_a_serving_process_starts_without_what_few_requests_need() -> None:
    """Each of these is up to eight MiB in every process (docs/decisions/0026-memory.md)."""
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    ended = subprocess.run(
        [sys.executable, "-c", START], env={**environment, **SETTINGS}, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout.splitlines()[-1])
    started = set(told["modules"])
    assert "sojourn.main" in started
    assert [name for name in NOT_WITH_THE_START if name in started] == []
    assert told["locales"] == [], "the words of a language are read with the first of them"
