"""Holyone's services as shipped: every file is complete, adds up and is readable in three languages."""

from __future__ import annotations

import re
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

SERVICES = Path(__file__).resolve().parents[3] / "src/sojourn/storefronts/holyone/catalogue/services"
SERVICE_FILES = sorted(path for path in SERVICES.rglob("*") if path.is_file())

KHMER = re.compile(r"[\u1780-\u17ff]")
HAN = re.compile(r"[\u4e00-\u9fff]")
# Khmer code points that Unicode deprecates or that only typing slips leave behind (two vowels or signs in a row alike).
KHMER_SLIP = re.compile(r"[\u17a3\u17a4\u200b\u200c\u200d]|([\u17b6-\u17d1])\1")
# Chinese sentences close with Chinese punctuation; a comma between digits is a number's.
HALF_WIDTH_AFTER_HAN = re.compile(r"[\u4e00-\u9fff][,;:?!]")

ServiceType = Literal["MAIN", "MICRO", "DIGITAL"]
Category = Literal["PASSPORT", "PHOTO", "BANK_STATEMENT", "TRAVEL_ITINERARY", "OTHER"]
RefundStage = Literal["NOT_STARTED", "IN_REVIEW", "INFORMATION_MISSING", "LODGED", "COMPLETED"]
# What the customer gets back at each stage, in percent of the service fee; it can only fall while the work proceeds.
REFUND_PERCENT: dict[RefundStage, int] = {
    "NOT_STARTED": 100,
    "IN_REVIEW": 90,
    "INFORMATION_MISSING": 90,
    "LODGED": 0,
    "COMPLETED": 0,
}
REGIONS = {"Europe", "North America", "Oceania", "East Asia", "South-East Asia", "South Asia", "Middle East"}

Text = Annotated[str, StringConstraints(min_length=1, pattern=r"^\S(.*\S)?$")]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
Key = Annotated[str, StringConstraints(pattern=r"^[a-z]+(_[a-z]+)*$")]
Money = Annotated[str, StringConstraints(pattern=r"^(0|[1-9]\d{0,3})\.\d{2}$")]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Localized(Strict):
    en: Text
    km: Text
    zh: Text

    @model_validator(mode="after")
    def each_is_in_its_own_script(self) -> Localized:
        if KHMER.search(self.en) or HAN.search(self.en):
            raise ValueError(f"not English: {self.en}")
        if not KHMER.search(self.km) or HAN.search(self.km) or KHMER_SLIP.search(self.km):
            raise ValueError(f"not Khmer: {self.km}")
        if not HAN.search(self.zh) or KHMER.search(self.zh) or HALF_WIDTH_AFTER_HAN.search(self.zh):
            raise ValueError(f"not Chinese: {self.zh}")
        return self


class Specs(Strict):
    delivery_days: Annotated[int, Field(ge=0, le=60)]
    revisions: Annotated[int, Field(ge=0, le=5)]
    languages: Annotated[list[Literal["en", "km", "zh"]], Field(min_length=1)]
    consultations_included: Annotated[int, Field(ge=0, le=10)]
    format: Literal["PDF"] | None
    pages: Annotated[int, Field(ge=1)] | None
    edition: Annotated[str, StringConstraints(pattern=r"^20\d\d$")] | None


class ChecklistItem(Strict):
    key: Key
    category: Category
    title: Localized
    hint: Text
    is_required: bool


class Stage(Strict):
    key: Key
    title: Localized
    refund_stage: RefundStage
    promised_days: Annotated[int, Field(ge=0, le=30)] | None = None


class Service(Strict):
    slug: Slug
    type: ServiceType
    title: Localized
    description: Localized
    long_description: Localized
    price: Money
    service_fee: Money
    government_fee: Money
    old_price: Money | None
    price_range: Text | None
    region: Text | None
    features: Annotated[list[Text], Field(min_length=4, max_length=10)]
    specs: Specs
    checklist: Annotated[list[ChecklistItem], Field(min_length=1)]
    stages: Annotated[list[Stage], Field(min_length=2)]
    requires_consultant: bool
    is_active: bool
    sort_order: Annotated[int, Field(ge=0)]
    images: list[Text]

    @model_validator(mode="after")
    def fees_add_up(self) -> Service:
        if Decimal(self.price) != Decimal(self.service_fee) + Decimal(self.government_fee):
            raise ValueError("price is not service_fee + government_fee")
        if Decimal(self.service_fee) <= 0:
            raise ValueError("the agency works for nothing")
        if self.old_price is not None and Decimal(self.old_price) <= Decimal(self.price):
            raise ValueError("old_price is no higher than price")
        return self

    @model_validator(mode="after")
    def keys_are_unique(self) -> Service:
        for name, keys in (("checklist", [i.key for i in self.checklist]), ("stages", [s.key for s in self.stages])):
            if len(keys) != len(set(keys)):
                raise ValueError(f"{name}: a key stands twice")
        if len(self.features) != len(set(self.features)) or len(self.specs.languages) != len(set(self.specs.languages)):
            raise ValueError("a feature or language stands twice")
        return self

    @model_validator(mode="after")
    def stages_run_from_untouched_to_completed(self) -> Service:
        refunds = [REFUND_PERCENT[stage.refund_stage] for stage in self.stages]
        if self.stages[0].refund_stage != "NOT_STARTED" or self.stages[-1].refund_stage != "COMPLETED":
            raise ValueError("stages do not run from NOT_STARTED to COMPLETED")
        promised = sum(stage.promised_days or 0 for stage in self.stages)
        if self.type != "DIGITAL" and promised != self.specs.delivery_days:
            raise ValueError("what the stages promise is not the service's delivery time")
        if refunds != sorted(refunds, reverse=True):
            raise ValueError("a later stage refunds more than an earlier one")
        if Decimal(self.government_fee) > 0 and "LODGED" not in [stage.refund_stage for stage in self.stages]:
            raise ValueError("a government fee is spent by lodging, and nothing is lodged")
        return self

    @model_validator(mode="after")
    def type_decides_what_is_told(self) -> Service:
        is_digital = self.type == "DIGITAL"
        if is_digital != (self.region is not None) or (is_digital and self.region not in REGIONS):
            raise ValueError("region belongs to digital guides, and to all of them")
        if is_digital != (self.specs.format is not None) or is_digital != (self.specs.edition is not None):
            raise ValueError("format and edition belong to digital guides, and to all of them")
        if is_digital != ([stage.key for stage in self.stages] == ["purchase", "delivery"]):
            raise ValueError("purchase and delivery are the stages of a digital guide, and of nothing else")
        if not is_digital and not any(item.is_required for item in self.checklist):
            raise ValueError("nothing is required of the customer")
        if self.specs.consultations_included > 0 and not self.requires_consultant:
            raise ValueError("sessions without a consultant to hold them")
        return self


class NoDuplicateKeys(yaml.SafeLoader):
    """Plain YAML lets the last of two equal keys win in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        names = [key.value for key, _ in node.value]
        if len(names) != len(set(names)):
            raise yaml.constructor.ConstructorError(None, None, f"a key stands twice in {names}", node.start_mark)
        return super().construct_mapping(node, deep=deep)


def read(path: Path) -> dict[str, Any]:
    loaded = yaml.load(path.read_text(encoding="utf-8"), Loader=NoDuplicateKeys)
    assert isinstance(loaded, dict)
    return loaded


@pytest.fixture(scope="module")
def services() -> list[Service]:
    return [Service.model_validate(read(path)) for path in SERVICE_FILES]


@pytest.mark.parametrize("path", SERVICE_FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_file_is_a_complete_service_in_its_place(path: Path) -> None:
    loaded = read(path)
    service = Service.model_validate(loaded)
    assert path.relative_to(SERVICES).as_posix() == f"{service.type.lower()}/{service.slug}.yaml"
    assert list(loaded) == list(Service.model_fields), "fields stand in the agreed order"


@pytest.mark.parametrize("path", SERVICE_FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_the_texts_have_the_length_of_their_place(path: Path) -> None:
    service = Service.model_validate(read(path))
    for language, stop in (("en", "."), ("km", "។"), ("zh", "。")):
        short, long = getattr(service.description, language), getattr(service.long_description, language)
        assert short.endswith(stop), language
        assert long.endswith(stop), language
        assert len(long) > len(short), language
    # Every translation tells the whole story: as many sentences as the English one.
    sentences = len(re.findall(r"\.(?= [A-Z]|$)", service.long_description.en))
    assert 2 <= sentences <= 5
    assert service.long_description.km.count("។") == sentences
    assert service.long_description.zh.count("。") == sentences


def test_the_catalogue_has_its_breadth(services: list[Service]) -> None:
    counts = Counter(service.type for service in services)
    assert counts["MAIN"] == 3
    assert counts["MICRO"] >= 14
    assert counts["DIGITAL"] >= 22
    assert {service.region for service in services if service.type == "DIGITAL"} == REGIONS


def test_no_two_services_share_a_slug_a_place_or_a_title(services: list[Service]) -> None:
    for field in ("slug", "sort_order"):
        assert [value for value, times in Counter(getattr(s, field) for s in services).items() if times > 1] == []
    for language in ("en", "km", "zh"):
        titles = Counter(getattr(service.title, language) for service in services)
        assert [title for title, times in titles.items() if times > 1] == []


def test_packages_stand_first_and_grow_in_price(services: list[Service]) -> None:
    first = sorted(services, key=lambda service: service.sort_order)[:3]
    assert [service.slug for service in first] == ["starter", "professional", "premium"]
    assert sorted(first, key=lambda service: Decimal(service.price)) == first
    assert [service.requires_consultant for service in first] == [False, True, True]


def test_the_tourist_e_visa_passes_on_the_government_fee(services: list[Service]) -> None:
    filing = next(service for service in services if service.slug == "cambodia-e-visa-filing")
    assert filing.government_fee == "30.00"


def test_a_checklist_item_means_the_same_everywhere(services: list[Service]) -> None:
    meanings = {(item.key, item.category, item.title) for service in services for item in service.checklist}
    assert [key for key, times in Counter(key for key, _, _ in meanings).items() if times > 1] == []


def test_guides_send_the_reader_to_the_official_source(services: list[Service]) -> None:
    for service in services:
        if service.type == "DIGITAL":
            assert "check with" in service.long_description.en, service.slug
            assert "សូមផ្ទៀងផ្ទាត់ជាមួយ" in service.long_description.km, service.slug
            assert "核实" in service.long_description.zh, service.slug


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"discount": "5.00"}, "Extra inputs are not permitted"),
        ({"price": 299.0}, "valid string"),
        ({"price": "300.00"}, "price is not service_fee"),
        ({"old_price": "299.00"}, "old_price is no higher"),
        ({"description": {"en": "Yes.", "km": "Yes.", "zh": "是。"}}, "not Khmer"),
        ({"description": {"en": "Yes.", "km": "បាទ។", "zh": "ok"}}, "not Chinese"),
        ({"checklist": []}, "at least 1 item"),
        ({"region": "Europe"}, "region belongs to digital guides"),
        ({"requires_consultant": False}, "sessions without a consultant"),
    ],
)
def test_the_check_itself_bites(change: dict[str, Any], complaint: str) -> None:
    whole = read(SERVICES / "main" / "professional.yaml")
    Service.model_validate(whole)
    with pytest.raises(ValidationError, match=complaint):
        Service.model_validate(whole | change)


def test_stages_may_not_give_back_more_as_they_proceed() -> None:
    whole = read(SERVICES / "main" / "professional.yaml")
    lodged_early = [whole["stages"][0], whole["stages"][6], *whole["stages"][1:6], whole["stages"][7]]
    with pytest.raises(ValidationError, match="refunds more"):
        Service.model_validate(whole | {"stages": lodged_early})
