"""DerLg's emergency contacts as shipped: a number has its source, a missing one says where to look."""

from collections import Counter
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import Field, StringConstraints
from tests.unit.catalogue.derlg_data import (
    Latitude,
    Localized,
    Longitude,
    Slug,
    SpokenLanguage,
    Strict,
    Text,
    entry,
    files_of,
    hidden_characters,
    lies_in,
    provinces,
    raw,
    repeated,
)

FILES = files_of("emergency")
NATIONWIDE = {"POLICE": "117", "FIRE": "118", "AMBULANCE": "119"}

Kind = Literal["POLICE", "FIRE", "AMBULANCE", "TOURIST_POLICE", "HOSPITAL", "EMBASSY"]
Phone = Annotated[str, StringConstraints(pattern=r"^(11[789]|\+[1-9]\d{0,2}( \d{1,5}){2,4})$")]


class Contact(Strict):
    kind: Kind
    name: Localized
    phone: Phone | None
    address: Text | None
    latitude: Latitude | None
    longitude: Longitude | None
    languages: Annotated[list[SpokenLanguage], Field(min_length=1)]
    source: Text


class Contacts(Strict):
    province: Slug | None
    contacts: Annotated[list[Contact], Field(min_length=1)]


PROVINCE_FILES = [path for path in FILES if path.stem != "nationwide"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
class TestEachFile:
    def test_has_exactly_the_fields_in_their_order(self, path: Path) -> None:
        entry(path, Contacts)
        content = raw(path)
        assert list(content) == list(Contacts.model_fields)
        rows = content["contacts"]
        assert isinstance(rows, list)
        assert all(list(row) == list(Contact.model_fields) for row in rows)

    def test_no_number_is_there_without_its_source_nor_missing_without_a_hint(self, path: Path) -> None:
        for contact in entry(path, Contacts).contacts:
            assert contact.source.startswith("No number confirmed; ") is (contact.phone is None), contact.name.en
            assert contact.phone is not None or "see " in contact.source

    def test_a_position_has_both_halves_and_lies_in_the_province(self, path: Path) -> None:
        keys = {province.key: name for name, province in provinces().items()}
        contacts = entry(path, Contacts)
        for contact in contacts.contacts:
            assert (contact.latitude is None) is (contact.longitude is None)
            if contact.latitude is not None and contact.longitude is not None:
                assert contacts.province is not None
                assert lies_in(keys[contacts.province], contact.latitude, contact.longitude)

    def test_nobody_is_listed_twice(self, path: Path) -> None:
        contacts = entry(path, Contacts).contacts
        assert repeated(contact.name.en for contact in contacts) == []
        assert repeated(contact.phone for contact in contacts if contact.phone) == []
        assert all(repeated(contact.languages) == [] for contact in contacts)

    def test_hides_nothing_in_its_text(self, path: Path) -> None:
        assert hidden_characters(path) == []


@pytest.mark.parametrize("path", PROVINCE_FILES, ids=lambda path: path.stem)
class TestEachProvince:
    def test_file_is_named_after_the_province(self, path: Path) -> None:
        assert path.name == f"{entry(path, Contacts).province}.yaml"

    def test_has_police_that_can_be_rung_and_a_hospital(self, path: Path) -> None:
        contacts = entry(path, Contacts).contacts
        assert [contact.phone for contact in contacts if contact.kind == "POLICE"] == ["117"]
        assert any(contact.kind == "HOSPITAL" for contact in contacts)

    def test_says_where(self, path: Path) -> None:
        assert all(contact.address for contact in entry(path, Contacts).contacts)

    def test_embassies_are_in_the_capital_only(self, path: Path) -> None:
        has_embassies = any(contact.kind == "EMBASSY" for contact in entry(path, Contacts).contacts)
        assert has_embassies is (path.stem == "phnom-penh")


class TestTheContactsAsAWhole:
    def test_all_twenty_five_provinces_and_the_nation_have_a_file(self) -> None:
        assert {path.name for path in FILES} == {
            "nationwide.yaml",
            *(f"{province.key}.yaml" for province in provinces().values()),
        }

    def test_the_three_numbers_of_the_nation(self) -> None:
        nationwide = entry(next(path for path in FILES if path.stem == "nationwide"), Contacts)
        assert nationwide.province is None
        assert {contact.kind: contact.phone for contact in nationwide.contacts} == NATIONWIDE

    def test_short_numbers_are_used_for_nothing_else(self) -> None:
        for path in FILES:
            for contact in entry(path, Contacts).contacts:
                if contact.phone in NATIONWIDE.values():
                    assert NATIONWIDE.get(contact.kind) == contact.phone

    def test_the_embassies_of_most_visitors_can_be_rung(self) -> None:
        capital = entry(next(path for path in FILES if path.stem == "phnom-penh"), Contacts)
        embassies = [contact for contact in capital.contacts if contact.kind == "EMBASSY"]
        assert len(embassies) >= 10
        assert sum(embassy.phone is not None for embassy in embassies) >= 8
        assert any("zh" in embassy.languages and embassy.phone for embassy in embassies)

    def test_tourist_police_can_be_rung_in_both_great_cities(self) -> None:
        rung = Counter(
            path.stem
            for path in PROVINCE_FILES
            for contact in entry(path, Contacts).contacts
            if contact.kind == "TOURIST_POLICE" and contact.phone
        )
        assert {"phnom-penh", "siem-reap"} <= set(rung)
