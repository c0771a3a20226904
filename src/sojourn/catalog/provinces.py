"""The provinces that there are: `provinces.yaml` of a storefront's catalogue. Without the file any name will do."""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Protocol, Self, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter

from sojourn.catalog.faults import Fault, refuse
from sojourn.catalog.values import province_key


class _Copied(Protocol):
    def model_copy(self, *, update: Mapping[str, Any] | None = None) -> Self: ...


Model = TypeVar("Model", bound=_Copied)


class Province(BaseModel):
    """A province and the position of its seat of government."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    en: str
    km: str
    zh: str
    latitude: float
    longitude: float

    @property
    def names(self) -> Mapping[str, str | None]:
        return {"en": self.en, "km": self.km, "zh": self.zh}


@cache
def read_provinces(catalogue: Path) -> Mapping[str, Province]:
    """By key, read once. Raises pydantic.ValidationError for a file that says something else."""
    listed = catalogue / "provinces.yaml"
    content = yaml.safe_load(listed.read_text(encoding="utf-8")) if listed.exists() else ()
    found = TypeAdapter(tuple[Province, ...]).validate_python(content)
    return {province.key: province for province in found}


def find_province(provinces: Mapping[str, Province], name: str) -> Province | None:
    """By key or by a name in any of our languages."""
    wanted = province_key(name)
    for province in provinces.values():
        if wanted in (province.key, *(province_key(text) for text in province.names.values())):
            return province
    return None


def as_listed(catalogue: Path, entry: Model) -> Model:
    """`entry` with its provinces by their English names, by which they are kept and looked for.

    Raises `InvalidInput` for one that does not exist: it names the field and which there are.
    """
    provinces = read_provinces(catalogue)
    refuse(faults_of_provinces(provinces, entry))
    listed = {
        field: [_listed(provinces, name) for name in said] if isinstance(said, list) else _listed(provinces, said)
        for field, said in _provinces_of(entry)
    }
    return entry.model_copy(update=listed) if listed else entry


def faults_of_provinces(provinces: Mapping[str, Province], entry: object) -> Iterator[Fault]:
    """Which of an entry's provinces there are not."""
    for field, said in _provinces_of(entry) if provinces else ():
        for name in said if isinstance(said, list) else [said]:
            if find_province(provinces, name) is None:
                choices = ", ".join(province.en for province in provinces.values())
                yield Fault(field, f"{name} is no province; must be one of {choices}", "enum")


def _provinces_of(entry: object) -> Iterator[tuple[str, str | list[str]]]:
    """What `entry` says in the fields that catalogues have for it, as far as it says anything."""
    for field in ("province", "provinces"):
        if said := getattr(entry, field, None):
            yield field, said


def _listed(provinces: Mapping[str, Province], name: str) -> str:
    province = find_province(provinces, name)
    return province.en if province else name
