"""What a rule on visas must be, when it is too old, and what a file of them may look like."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from sojourn.catalog.eligibility import rules
from sojourn.catalog.eligibility.models import EligibilityRuleIn, Outcome

Json = dict[str, Any]


def rule(**changes: Any) -> EligibilityRuleIn:
    values = {
        "nationality": "KH", "destination": "VN", "purpose": "TOURISM", "outcome": "VISA_FREE", "max_stay_days": 30,
        "documents": ["PASSPORT", "PHOTO"], "source_name": "The embassy", "source_url": "https://example.com/visas",
        "checked_on": "2026-06-01", "services": ["one", "two"], **changes,
    }  # fmt: skip
    return EligibilityRuleIn.model_validate(values)


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({}, []),
        ({"destination": "KH"}, ["destination"]),
        ({"documents": ["PASSPORT", "PHOTO", "PASSPORT"]}, ["documents"]),
        ({"services": ["one", "two", "one"]}, ["services"]),
    ],
)
def test_fields_of_a_rule(changes: Json, wrong: list[str]) -> None:
    assert [fault.field for fault in rules.faults_of(rule(**changes))] == wrong


@pytest.mark.parametrize("outcome", Outcome)
def test_a_stay_belongs_to_an_entry_that_is_allowed(outcome: Outcome) -> None:
    is_allowed = outcome in (Outcome.VISA_FREE, Outcome.VISA_ON_ARRIVAL, Outcome.E_VISA)
    for stay in (None, 30):
        wrong = [] if is_allowed or stay is None else ["max_stay_days"]
        assert [fault.field for fault in rules.faults_of(rule(outcome=outcome, max_stay_days=stay))] == wrong


@pytest.mark.parametrize(
    ("today", "is_old"), [("2026-06-01", False), ("2026-11-28", False), ("2026-11-29", True), ("2027-06-01", True)]
)
def test_six_months_are_180_days(today: str, *, is_old: bool) -> None:
    assert rules.is_outdated(date(2026, 6, 1), today=date.fromisoformat(today), months=6) is is_old


def table(**changes: Any) -> Json:
    entry = {
        "nationalities": ["KH", "VN"], "purposes": ["TOURISM", "BUSINESS"], "outcome": "E_VISA",
        "services": ["every"], "services_of": {"VN": ["one"]},
    }  # fmt: skip
    return {
        "source_name": "Authority", "source_url": "https://example.com", "checked_on": "2026-06-01",
        "destinations": ["VN", "TH"], "rules": [entry], **changes,
    }  # fmt: skip


def test_a_file_is_spread_over_all_it_names() -> None:
    spread = list(rules.spread_file(table()))
    found = [(row["destination"], row["nationality"], row["purpose"], row["services"]) for row in spread]
    assert found == [
        ("VN", "KH", "TOURISM", ["one", "every"]),
        ("VN", "KH", "BUSINESS", ["one", "every"]),
        ("TH", "KH", "TOURISM", ["every"]),
        ("TH", "KH", "BUSINESS", ["every"]),
        ("TH", "VN", "TOURISM", ["every"]),
        ("TH", "VN", "BUSINESS", ["every"]),
    ]
    for row in spread:
        assert row["outcome"] == "E_VISA"
        assert (row["source_name"], row["source_url"]) == ("Authority", "https://example.com")
        assert row.keys().isdisjoint({"nationalities", "purposes", "services_of"})


def _entry(**changes: Any) -> Callable[[], Json]:
    return lambda: table(rules=[{**table()["rules"][0], **changes}])


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (lambda: table(destination="VN"), "unknown field destination"),
        (lambda: table(rules=None), "rules must be a list"),
        (lambda: table(rules=[]), "rules must be a list"),
        (lambda: table(rules=["VISA_FREE"]), "rules must be a list of entries"),
        (lambda: table(rules=[*table()["rules"], "VISA_FREE"]), "rules must be a list of entries"),
        (lambda: table(destinations="VN"), "destinations must be a list"),
        (_entry(nationalities=[]), "nationalities must be a list"),
        (_entry(purposes="TOURISM"), "purposes must be a list"),
    ],
)
def test_a_file_of_another_shape_is_refused(broken: Callable[[], Json], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        list(rules.spread_file(broken()))


def test_what_a_file_leaves_out_is_left_to_its_entries() -> None:
    without = {name: value for name, value in table().items() if name != "checked_on"}
    assert all("checked_on" not in row for row in rules.spread_file(without))
