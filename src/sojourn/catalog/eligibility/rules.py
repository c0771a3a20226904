"""What the fields of a rule must be to each other, when it is too old, and how a data file lists many of them."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from sojourn.catalog.eligibility.models import EligibilityRuleIn, Outcome
from sojourn.catalog.faults import Fault
from sojourn.catalog.values import find_repeated

_DAYS_A_MONTH = 30
_OF_THE_FILE = ("source_name", "source_url", "checked_on")


def faults_of(rule: EligibilityRuleIn) -> Iterator[Fault]:
    """A traveller is not at home, a stay belongs to an entry that is allowed, and nothing is said twice."""
    if rule.nationality == rule.destination:
        yield Fault("destination", "is the nationality's own country")
    if rule.max_stay_days is not None and rule.outcome in (Outcome.VISA_REQUIRED, Outcome.ASK_A_CONSULTANT):
        yield Fault("max_stay_days", "is the visa's to say")
    if (document := find_repeated(rule.documents)) is not None:
        yield Fault("documents", f"has {document} twice")
    if (slug := find_repeated(rule.services)) is not None:
        yield Fault("services", f"has {slug} twice")


def is_outdated(checked_on: date, *, today: date, months: int) -> bool:
    """Whether nobody has looked for longer than `months`, of 30 days each."""
    return today - checked_on > timedelta(days=months * _DAYS_A_MONTH)


def spread_file(content: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The rules of a data file, one for each nationality, destination and purpose that an entry of it names.

    A file has one authority's `source_name`, `source_url` and `checked_on`, `destinations`, and `rules` with
    `nationalities`, `purposes` and what holds for them. `services_of` adds a destination's own services before the
    entry's. Nationals of a destination are left out. Raises ValueError for a file of another shape.
    """
    shared = {name: content[name] for name in _OF_THE_FILE if name in content}
    unknown = content.keys() - {*_OF_THE_FILE, "destinations", "rules"}
    if unknown:
        raise ValueError(f"has the unknown field {min(unknown)}")
    entries = _list_of(content, "rules")
    if not all(isinstance(entry, dict) for entry in entries):
        raise ValueError("rules must be a list of entries with fields")
    for entry in entries:
        said = {name: value for name, value in entry.items() if name not in _SPREAD}
        for destination in _list_of(content, "destinations"):
            services = [*entry.get("services_of", {}).get(destination, []), *entry.get("services", [])]
            for nationality in _list_of(entry, "nationalities"):
                if nationality == destination:
                    continue
                for purpose in _list_of(entry, "purposes"):
                    codes = {"nationality": nationality, "destination": destination, "purpose": purpose}
                    yield {**shared, **said, **codes, "services": services}


_SPREAD = frozenset({"nationalities", "purposes", "services", "services_of"})


def _list_of(content: Mapping[str, Any], name: str) -> list[Any]:
    value = content.get(name)
    if not isinstance(value, list) or not value:
        raise ValueError(f"{name} must be a list")
    return value
