"""Header lines that survive folding.

The standard library's own folding drops the space between two words that both need encoding, as in a Khmer and a
Chinese word side by side. The older `email.header.Header` encodes the whole text at once and keeps it.
"""

from email.header import Header
from email.headerregistry import BaseHeader, HeaderRegistry, UniqueSingleAddressHeader, UniqueUnstructuredHeader
from email.policy import SMTP as SMTP_LINES
from email.policy import Policy
from typing import cast

_ENCODED_WORD = "=?"
_LONGEST_PLAIN = 900


def _encoded(text: str, *, after: int, linesep: str) -> str:
    is_plain = text.isascii() and _ENCODED_WORD not in text and len(text) < _LONGEST_PLAIN
    charset = "us-ascii" if is_plain else "utf-8"
    return Header(text, charset, maxlinelen=76, header_name=" " * after).encode(linesep=linesep)


class _Subject(UniqueUnstructuredHeader):
    name: str

    def fold(self, *, policy: Policy) -> str:
        return f"{self.name}: {_encoded(str(self), after=len(self.name), linesep=policy.linesep)}{policy.linesep}"


class _Person(UniqueSingleAddressHeader):
    name: str

    def fold(self, *, policy: Policy) -> str:
        person = self.address
        if person.display_name.isascii():
            return f"{self.name}: {person}{policy.linesep}"
        name = _encoded(person.display_name, after=len(self.name), linesep=policy.linesep)
        return f"{self.name}: {name}{policy.linesep} <{person.addr_spec}>{policy.linesep}"


def _registry() -> HeaderRegistry:
    registry = HeaderRegistry()
    # The registry itself mixes BaseHeader in, which the types do not know.
    registry.map_to_type("subject", cast("type[BaseHeader]", _Subject))
    for name in ("from", "to", "reply-to"):
        registry.map_to_type(name, cast("type[BaseHeader]", _Person))
    return registry


POLICY = SMTP_LINES.clone(header_factory=_registry())
