"""Holyone's eligibility table as shipped: what is in it has a source, and leads to services that exist."""

from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from sojourn.catalog.eligibility.rules import spread_file

CATALOGUE = Path(__file__).resolve().parents[3] / "src/sojourn/storefronts/holyone/catalogue"
FILES = sorted((CATALOGUE / "eligibility").glob("*.yaml"))
SERVICES = {path.stem for path in CATALOGUE.glob("services/**/*.yaml")}


def rules_of(path: Path) -> list[dict[str, Any]]:
    return list(spread_file(yaml.safe_load(path.read_text(encoding="utf-8"))))


def all_rules() -> list[dict[str, Any]]:
    return [rule for path in FILES for rule in rules_of(path)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_file_leads_to_services_that_exist_and_names_an_authority(path: Path) -> None:
    for rule in rules_of(path):
        assert set(rule["services"]) <= SERVICES
        assert urlsplit(rule["source_url"]).scheme == "https"
        assert rule["documents"]


def test_a_visa_to_apply_for_leads_to_something_to_buy() -> None:
    lacking = [rule for rule in all_rules() if rule["outcome"] in ("VISA_REQUIRED", "E_VISA") and not rule["services"]]
    assert {(rule["destination"], rule["nationality"]) for rule in lacking} <= {("AU", "US"), ("AU", "FR")}


def test_no_question_has_two_answers() -> None:
    asked = Counter((rule["nationality"], rule["destination"], rule["purpose"]) for rule in all_rules())
    assert asked.most_common(1)[0][1] == 1


def test_cambodians_are_answered_for_more_than_forty_destinations() -> None:
    answered = {rule["destination"] for rule in all_rules() if rule["nationality"] == "KH"}
    assert len(answered) > 40
    assert {"US", "GB", "FR", "DE", "AU", "CA", "JP", "KR", "CN", "SG", "TH", "VN", "NO"} <= answered
