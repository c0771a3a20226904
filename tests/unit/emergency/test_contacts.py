"""Whom to ring: the nearest province by distance, the embassy by country, however either is written."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.care.emergency.contacts import ORDER, contacts_for_alert, read_directory
from sojourn.care.emergency.countries import country_of_embassy, find_country
from sojourn.care.emergency.models import AlertIn, AlertType, ContactKind, Position
from sojourn.care.weather.cities import distance_km
from sojourn.platform.i18n import Language
from sojourn.storefronts.derlg import STOREFRONT
from sojourn.storefronts.holyone import STOREFRONT as OTHER

DIRECTORY = read_directory(STOREFRONT.catalogue)


def test_every_province_has_somebody() -> None:
    assert len(DIRECTORY.provinces) == 25
    assert set(DIRECTORY.contacts) == {None, *DIRECTORY.provinces}


def test_every_embassy_is_of_a_country_we_know_and_no_two_of_one() -> None:
    embassies = [c.name[Language.EN] for file in DIRECTORY.contacts.values() for c in file if c.kind == "EMBASSY"]
    codes = [country_of_embassy(name) for name in embassies]
    assert None not in codes
    assert len(set(codes)) == len(codes) >= 10


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("GB", "GB"), ("gb", "GB"), ("U.K.", "GB"), ("United  States", "US"), ("USA", "US"), ("德国", "DE"),
        ("កម្ពុជា", "KH"), ("Viet Nam", "VN"), ("South Korea", "KR"), ("Atlantis", None), ("", None), ("ZZZ", None),
    ],
)  # fmt: skip
def test_countries_are_known_by_code_and_name(said: str, code: str | None) -> None:
    assert find_country(said) == code


@given(st.floats(9.5, 15), st.floats(102, 108))
def test_the_nearest_province_is_nearest(latitude: float, longitude: float) -> None:
    position = Position(latitude=latitude, longitude=longitude, accuracy_m=None)
    found = DIRECTORY.find_nearest(position)
    away = {
        key: distance_km(latitude, longitude, province.latitude, province.longitude)
        for key, province in DIRECTORY.provinces.items()
    }
    assert (found.key if found else None) == (min(away, key=away.__getitem__) if min(away.values()) <= 250 else None)


@given(st.sampled_from(AlertType), st.sampled_from([None, *DIRECTORY.provinces]), st.sampled_from(Language))
def test_who_is_named_in_need_can_be_rung_in_the_right_order(
    alert_type: AlertType, province: str | None, language: Language
) -> None:
    contacts = contacts_for_alert(
        DIRECTORY, alert_type=alert_type, province=province, position=None, country="Germany", language=language
    )
    assert {"117", "118", "119"} <= {contact.phone for contact in contacts}
    ranks = [ORDER[alert_type].index(contact.kind) for contact in contacts]
    assert ranks == sorted(ranks)
    assert all(contact.phone or contact.kind is ContactKind.EMBASSY for contact in contacts)
    rung = [(contact.kind, contact.phone) for contact in contacts if contact.phone]
    assert len(rung) == len(set(rung))


def test_every_kind_of_contact_has_its_place_in_every_need() -> None:
    assert all(set(order) == set(ContactKind) for order in ORDER.values())
    assert set(ORDER) == set(AlertType)


def test_an_agency_without_files_names_nobody(tmp_path: Path) -> None:
    for catalogue in (OTHER.catalogue, tmp_path):
        directory = read_directory(catalogue)
        assert directory.find_nearest(Position(latitude=13, longitude=104, accuracy_m=None)) is None
        assert (
            contacts_for_alert(
                directory, alert_type=AlertType.SOS, province=None, position=None, country="GB", language=Language.EN
            )
            == []
        )


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda inner: st.lists(inner, max_size=2)))
def test_nothing_said_of_a_position_breaks_a_call(said: object) -> None:
    position = AlertIn.model_validate({"lat": said, "lng": said, "accuracy": said}).position
    assert position is None or (abs(position.latitude) <= 90 and position.latitude != 0)
