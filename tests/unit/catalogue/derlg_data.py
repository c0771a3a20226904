"""What the tests of DerLg's data files share: strict reading, texts in three scripts, places on the map."""

import re
import unicodedata
from collections import Counter
from collections.abc import Hashable, Iterable
from functools import cache
from math import asin, cos, radians, sin, sqrt
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, model_validator

CATALOGUE = Path(__file__).resolve().parents[3] / "src/sojourn/storefronts/derlg/catalogue"

# The farthest sight of a province lies some 75 km from its seat of government.
PROVINCE_REACH_KM = 85
EARTH_RADIUS_KM = 6371

KHMER = re.compile(r"[\u1780-\u17ff]")
HAN = re.compile(r"[\u4e00-\u9fff]")
LATIN = re.compile(r"[A-Za-z]")

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=120)]
Money = Annotated[str, StringConstraints(pattern=r"^\d{1,4}\.\d{2}$")]
ClockTime = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Policy = Literal["FLEXIBLE", "MODERATE", "STRICT", "NON_REFUNDABLE"]
SpokenLanguage = Literal["en", "km", "zh", "fr", "de", "ja", "ko", "th", "vi", "ru"]
# Cambodia with its islands; a swapped or mistyped pair falls outside.
Latitude = Annotated[float, Field(ge=9.9, le=14.7)]
Longitude = Annotated[float, Field(ge=102.3, le=107.7)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Localized(Strict):
    en: Text
    km: Text
    zh: Text

    @model_validator(mode="after")
    def each_is_in_its_own_script(self) -> Self:
        scripts = {"en": LATIN, "km": KHMER, "zh": HAN}
        for language, text in (("en", self.en), ("km", self.km), ("zh", self.zh)):
            foreign = [name for name, script in scripts.items() if name != language and script.search(text)]
            if foreign or not scripts[language].search(text):
                raise ValueError(f"not all {language}: {text}")
        return self


class Province(Strict):
    key: Slug
    en: Text
    km: Text
    zh: Text
    latitude: Latitude
    longitude: Longitude


class _UniqueKeyLoader(yaml.SafeLoader):
    """PyYAML keeps the last of two equal keys without a word; an editor's slip must not pass that way."""


def _mapping_without_duplicates(loader: _UniqueKeyLoader, node: yaml.MappingNode) -> dict[Hashable, object]:
    duplicates = [key for key, count in Counter(key.value for key, _ in node.value).items() if count > 1]
    if duplicates:
        raise ValueError(f"{node.start_mark}: written twice: {duplicates}")
    return loader.construct_mapping(node, deep=True)


_UniqueKeyLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping_without_duplicates)

Entry = TypeVar("Entry", bound=BaseModel)


def files_of(folder: str) -> list[Path]:
    """Everything in a folder of the catalogue, so that a stray file is tested too, and fails."""
    return sorted((CATALOGUE / folder).glob("*"))


def parse(text: str) -> dict[str, object]:
    return TypeAdapter(dict[str, object]).validate_python(yaml.load(text, Loader=_UniqueKeyLoader))


def raw(path: Path) -> dict[str, object]:
    return parse(path.read_text(encoding="utf-8"))


def entry(path: Path, model: type[Entry]) -> Entry:
    return model.model_validate(raw(path))


@cache
def provinces() -> dict[str, Province]:
    """The provinces by their English name."""
    rows = yaml.load((CATALOGUE / "provinces.yaml").read_text(encoding="utf-8"), Loader=_UniqueKeyLoader)
    return {row["en"]: Province.model_validate(row) for row in rows}


def lies_in(province: str, latitude: float, longitude: float) -> bool:
    """Whether a point is near enough to the province's seat to belong to it."""
    seat = provinces()[province]
    lat, seat_lat = radians(latitude), radians(seat.latitude)
    half = (
        sin((lat - seat_lat) / 2) ** 2
        + cos(lat) * cos(seat_lat) * sin(radians(longitude - seat.longitude) / 2) ** 2
    )  # fmt: skip
    return 2 * EARTH_RADIUS_KM * asin(sqrt(half)) <= PROVINCE_REACH_KM


def repeated(values: Iterable[object]) -> list[object]:
    """The values that are there more than once."""
    return [value for value, count in Counter(values).items() if count > 1]


def hidden_characters(path: Path) -> list[str]:
    """Characters nobody sees, and `not NFC` for letters in pieces."""
    text = path.read_text(encoding="utf-8")
    found = [char for char in text if unicodedata.category(char) in {"Cf", "Co", "Cn"} or char == "\ufffd"]
    return found if unicodedata.is_normalized("NFC", text) else [*found, "not NFC"]
