"""What OpenAPI says of a storefront, printed: `python -m sojourn.documentation derlg`.

A program of its own, which servers run when somebody reads the documentation: making it takes much memory, and keeps a
processor busy for seconds (docs/decisions/0026-memory.md).
"""

import os
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from sojourn.modules import routers_of
from sojourn.platform.http.describing import document
from sojourn.storefronts import STOREFRONTS

EXAMPLES = Path(__file__).parent / "examples.yaml"


@cache
def load_examples() -> Mapping[str, Any]:
    """What the API's documentation shows as a request, by operation id."""
    examples: dict[str, Any] = yaml.safe_load(EXAMPLES.read_text(encoding="utf-8"))
    return examples


if __name__ == "__main__":
    (chosen,) = sys.argv[1:]
    os.nice(10)  # after the requests of others
    storefront = STOREFRONTS[chosen]
    sys.stdout.buffer.write(document(storefront, routers_of(storefront), examples=load_examples()))
