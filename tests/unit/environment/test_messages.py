"""Messages that speak of a field have it in backticks: only those are respelled for a storefront of another casing."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).parents[3] / "src" / "sojourn"
FLOORS = ("people", "catalog", "sales/orders", "sales/payments", "sales/loyalty", "care", "desk", "channels")
FIELD = re.compile(r"(?<![`\w.])[a-z]+(?:_[a-z]+)+(?![\w`.])")


def messages() -> Iterator[tuple[str, str]]:
    """Every fixed text that is said of a field, and where."""
    for path in sorted(path for floor in FLOORS for path in (SOURCE / floor).rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text())):
            if not isinstance(call, ast.Call):
                continue
            name = ast.unparse(call.func)
            said = call.args[1:] if name in {"InvalidInput.at", "Fault"} else call.args if name == "ValueError" else []
            for text in (part for argument in said for part in ast.walk(argument)):
                if isinstance(text, ast.Constant) and isinstance(text.value, str):
                    yield f"{path.relative_to(SOURCE)}:{call.lineno}", text.value


def test_fields_in_messages_stand_in_backticks() -> None:
    found = list(messages())
    assert len(found) > 100
    assert not [(where, text) for where, text in found if FIELD.search(text)]
