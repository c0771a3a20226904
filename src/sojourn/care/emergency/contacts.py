"""Whom to ring: the numbers of the storefront's data files, the nearest and most fitting first.

`emergency/nationwide.yaml` and `emergency/<province>.yaml` below the storefront's catalogue say who there is, and
`provinces.yaml` where the provinces are. A storefront without these files has nobody to name.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import BaseModel, ConfigDict

from sojourn.care.emergency.countries import country_of_embassy, find_country
from sojourn.care.emergency.errors import ProvinceUnknown
from sojourn.care.emergency.models import AlertType, ContactKind, ContactOut, ContactsAsked, ContactsOut, Position
from sojourn.care.weather.cities import distance_km
from sojourn.catalog.provinces import Province, find_province, read_provinces
from sojourn.platform.errors import InvalidInput
from sojourn.platform.i18n import Language, pick

# Further from every seat of a province than any place of the country is: the position is elsewhere, or wrong.
REACH_KM: Final = 250.0
_POLICE_FIRST: Final = (
    ContactKind.POLICE, ContactKind.TOURIST_POLICE, ContactKind.AMBULANCE, ContactKind.FIRE, ContactKind.HOSPITAL,
    ContactKind.EMBASSY,
)  # fmt: skip
_HELP_FIRST: Final = (
    ContactKind.AMBULANCE, ContactKind.HOSPITAL, ContactKind.POLICE, ContactKind.FIRE, ContactKind.TOURIST_POLICE,
    ContactKind.EMBASSY,
)  # fmt: skip
_TOURISTS_FIRST: Final = (
    ContactKind.TOURIST_POLICE, ContactKind.POLICE, ContactKind.EMBASSY, ContactKind.AMBULANCE, ContactKind.FIRE,
    ContactKind.HOSPITAL,
)  # fmt: skip
ORDER: Final[Mapping[AlertType, Sequence[ContactKind]]] = {
    AlertType.SOS: _POLICE_FIRST,
    AlertType.MEDICAL: _HELP_FIRST,
    AlertType.ACCIDENT: _HELP_FIRST,
    AlertType.THEFT: _TOURISTS_FIRST,
    AlertType.LOST: _TOURISTS_FIRST,
    AlertType.OTHER: _POLICE_FIRST,
}


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Contact(_Strict):
    """One number. Degrees, WGS 84."""

    kind: ContactKind
    name: Mapping[Language, str]
    phone: str | None
    address: str | None
    latitude: float | None
    longitude: float | None
    languages: tuple[str, ...]
    source: str


class _File(_Strict):
    province: str | None
    contacts: tuple[Contact, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """Everybody who can be rung, by province; those of the whole country under None."""

    provinces: Mapping[str, Province]
    contacts: Mapping[str | None, Sequence[Contact]]

    def find_nearest(self, position: Position | None) -> Province | None:
        """The province whose seat is nearest; None without a position, or with one far from all of them."""
        if position is None or not self.provinces:
            return None
        away, province = min(
            ((_away(position, province), province) for province in self.provinces.values()), key=lambda found: found[0]
        )
        return province if away <= REACH_KM else None

    def get_province(self, name: str) -> Province:
        """By key or by a name in any of our languages. Raises `ProvinceUnknown`."""
        province = find_province(self.provinces, name)
        if province is None:
            raise ProvinceUnknown(details={"known": list(self.provinces)})
        return province


@cache
def read_directory(catalogue: Path) -> Directory:
    """The storefront's data files, read once. Raises pydantic.ValidationError for a file that says something else."""
    files = [_File.model_validate(_load(path)) for path in sorted((catalogue / "emergency").glob("*.yaml"))]
    return Directory(
        provinces=read_provinces(catalogue),
        contacts={file.province: file.contacts for file in files},
    )


def contacts_for_alert(
    directory: Directory, *, alert_type: AlertType, province: str | None, position: Position | None,
    country: str | None, language: Language,
) -> list[ContactOut]:  # fmt: skip
    """Whom to ring in this need: numbers that are known, the most fitting kind first, of one kind the nearest first;
    of the embassies the traveller's own alone."""
    found = [contact for contact in _shown(directory, province, position, language) if contact.phone is not None]
    found += _embassies(directory, country=country, position=position, language=language)
    return _sorted(found, ORDER[alert_type])


def answer(directory: Directory, *, asked: ContactsAsked, language: Language) -> ContactsOut:
    """Whom there is. Raises `InvalidInput` and `ProvinceUnknown`."""
    if (asked.lat is None) != (asked.lng is None):
        raise InvalidInput.at("lat" if asked.lat is None else "lng", "is needed as well", kind="missing")
    if asked.province is not None and asked.lat is not None:
        raise InvalidInput.at("province", "must not stand beside lat and lng")
    position = None
    if asked.lat is not None and asked.lng is not None:
        position = Position(latitude=asked.lat, longitude=asked.lng, accuracy_m=None)
    province = directory.get_province(asked.province) if asked.province else directory.find_nearest(position)
    found = _shown(directory, province.key if province else None, position, language)
    found += _embassies(directory, country=asked.country, position=position, language=language)
    return ContactsOut(
        province=province.key if province else None,
        province_name=pick(province.names, language) if province else None,
        contacts=_sorted(found, _POLICE_FIRST),
    )


def _shown(
    directory: Directory, province: str | None, position: Position | None, language: Language
) -> list[ContactOut]:
    """Everybody of the country and the province but the embassies."""
    keys = [None] if province is None else [None, province]
    return [
        _out(contact, key, position, language)
        for key in keys
        for contact in directory.contacts.get(key, ())
        if contact.kind is not ContactKind.EMBASSY
    ]


def _embassies(
    directory: Directory, *, country: str | None, position: Position | None, language: Language
) -> list[ContactOut]:
    """The embassy of one country, wherever it stands; none for one that has none or is not known."""
    code = find_country(country) if country else None
    return [
        _out(contact, key, position, language)
        for key, contacts in directory.contacts.items()
        for contact in contacts
        if contact.kind is ContactKind.EMBASSY
        and code is not None
        and country_of_embassy(contact.name[Language.EN]) == code
    ]


def _sorted(contacts: Iterable[ContactOut], order: Sequence[ContactKind]) -> list[ContactOut]:
    # 117 reaches the police of the province from everywhere: it is named once, by its province where one is meant.
    by_number = {(contact.kind, contact.phone or contact.name): contact for contact in contacts}
    return sorted(by_number.values(), key=lambda contact: (order.index(contact.kind), _distance(contact)))


def _out(contact: Contact, province: str | None, position: Position | None, language: Language) -> ContactOut:
    away = None
    if position is not None and contact.latitude is not None and contact.longitude is not None:
        away = round(distance_km(position.latitude, position.longitude, contact.latitude, contact.longitude), 1)
    return ContactOut(
        kind=contact.kind,
        name=pick({key.value: name for key, name in contact.name.items()}, language),
        phone=contact.phone,
        address=contact.address,
        province=province,
        lat=contact.latitude,
        lng=contact.longitude,
        languages=list(contact.languages),
        distance_km=away,
        source=contact.source,
    )


def _distance(contact: ContactOut) -> float:
    return contact.distance_km if contact.distance_km is not None else float("inf")


def _away(position: Position, province: Province) -> float:
    return distance_km(position.latitude, position.longitude, province.latitude, province.longitude)


def _load(path: Path) -> Any:  # noqa: ANN401 - whatever the file says; the models judge it
    return yaml.safe_load(path.read_text(encoding="utf-8"))
