"""The places whose weather may be asked for. There are few, and no others: each is a key of the cache and costs calls
of the vendor's quota."""

import math
import unicodedata
from functools import cache
from pathlib import Path
from typing import Final

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter

from sojourn.platform.i18n import Language

FILE: Final = Path(__file__).parent / "cities.yaml"
# Mean radius of the Earth, IUGG.
EARTH_KM: Final = 6371.0088
# Beyond it the nearest place has weather of its own.
REACH_KM: Final = 80.0
_PUNCTUATION: Final = str.maketrans("", "", " -_.,'’\u200b")
_SUFFIXES: Final = ("province", "city", "省", "市")


class City(BaseModel):
    """A place in Cambodia. Degrees, WGS 84."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    en: str
    km: str
    zh: str
    latitude: float
    longitude: float
    aliases: tuple[str, ...] = ()

    def name(self, language: Language) -> str:
        return {Language.EN: self.en, Language.KM: self.km, Language.ZH: self.zh}[language]


@cache
def known_cities() -> tuple[City, ...]:
    """All of them, by key."""
    return TypeAdapter(tuple[City, ...]).validate_python(yaml.safe_load(FILE.read_text(encoding="utf-8")))


def find_city(name: str) -> City | None:
    """The place of that key, name or alias, in any of our languages, however it is capitalised and hyphenated."""
    return _by_name().get(_folded(name))


def find_nearest(latitude: float, longitude: float) -> tuple[City, float] | None:
    """The nearest known place and its distance in km; None when none lies within `REACH_KM`."""
    distance, city = min(
        ((distance_km(latitude, longitude, city.latitude, city.longitude), city) for city in known_cities()),
        key=lambda found: found[0],
    )
    return (city, distance) if distance <= REACH_KM else None


def distance_km(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """Great-circle distance of two places in degrees, by the haversine formula."""
    phi, other_phi = math.radians(latitude), math.radians(other_latitude)
    half_chord = (
        math.sin((other_phi - phi) / 2) ** 2
        + math.cos(phi) * math.cos(other_phi) * math.sin(math.radians(other_longitude - longitude) / 2) ** 2
    )
    return 2 * EARTH_KM * math.asin(min(1.0, math.sqrt(half_chord)))


@cache
def _by_name() -> dict[str, City]:
    return {
        _folded(name): city for city in known_cities() for name in (city.key, city.en, city.km, city.zh, *city.aliases)
    }


def _folded(name: str) -> str:
    folded = unicodedata.normalize("NFKC", name).casefold().translate(_PUNCTUATION)
    for suffix in _SUFFIXES:
        folded = folded.removesuffix(suffix)
    return folded
