"""Refuses files of more than 400 lines and functions of more than 50.

A function's docstring is not counted: saying more about it must never be what makes it too long.
"""

import ast
import sys
from pathlib import Path

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 50
ROOTS = ("src", "tests", "tools", "bench", "migrations")

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


def function_length(node: FunctionNode) -> int:
    first = node.body[0]
    length = (node.end_lineno or node.lineno) - node.lineno + 1
    if ast.get_docstring(node, clean=False) is not None:
        length -= (first.end_lineno or first.lineno) - first.lineno + 1
    return length


def find_oversized(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8")
    lines = text.count("\n")
    found = [f"{path}: {lines} lines, at most {MAX_FILE_LINES}"] if lines > MAX_FILE_LINES else []
    return found + [
        f"{path}:{node.lineno}: {node.name} has {length} lines, at most {MAX_FUNCTION_LINES}"
        for node in ast.walk(ast.parse(text, filename=str(path)))
        if isinstance(node, FunctionNode) and (length := function_length(node)) > MAX_FUNCTION_LINES
    ]


def main() -> int:
    files = sorted(file for root in ROOTS for file in Path(root).rglob("*.py"))
    oversized = [line for file in files for line in find_oversized(file)]
    for line in oversized:
        print(line)
    print(f"sizes: {len(files)} files, {len(oversized)} too large")
    return 1 if oversized else 0


if __name__ == "__main__":
    sys.exit(main())
