"""What OpenAPI says of the headers that every call of an agent may carry."""

from typing import Any, Final

from sojourn.channels.ai_tools.access import ACTING_USER, SESSION_ID

_SAID = {ACTING_USER: "The id of the customer it acts for.", SESSION_ID: "The conversation, for the audit."}

HEADERS: Final[dict[str, Any]] = {
    "parameters": [
        {"name": name, "in": "header", "required": False, "schema": {"type": "string"}, "description": said}
        for name, said in _SAID.items()
    ]
}
