"""Writes down which operations each storefront has: `python -m tests.contract.snapshot [origin]` beside `make up`."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from sojourn.storefronts import STOREFRONTS

FOLDER = Path(__file__).parent


def named_operations(document: Mapping[str, Any]) -> dict[str, str]:
    """`METHOD /path` by operation id, sorted."""
    found = {
        told["operationId"]: f"{method.upper()} {path}"
        for path, methods in document["paths"].items()
        for method, told in methods.items()
    }
    return dict(sorted(found.items()))


def write(origin: str) -> None:
    for key, storefront in STOREFRONTS.items():
        answer = httpx.get(f"{origin}{storefront.docs_path}/openapi.json", trust_env=False).raise_for_status()
        text = json.dumps(named_operations(answer.json()), indent=2, ensure_ascii=False)
        (FOLDER / f"{key}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    write(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000")
