"""Choosing a language and writing dates, times and money in it."""

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.platform.i18n import (
    Language,
    format_date,
    format_datetime,
    format_money,
    format_number,
    language_of,
    named_in,
    negotiate,
    pick,
)

ALL = tuple(Language)
LANGUAGES = st.sampled_from(ALL)
QUALITIES = st.integers(min_value=1, max_value=1000).map(lambda thousandths: f"{thousandths / 1000:.3f}")


@pytest.mark.parametrize(
    ("header", "chosen"),
    [
        (None, Language.EN),
        ("", Language.EN),
        ("km", Language.KM),
        ("km-KH,en;q=0.5", Language.KM),
        ("kh", Language.KM),
        ("KM_kh", Language.KM),
        ("zh-CN,zh;q=0.9", Language.ZH),
        ("zh-Hans-CN", Language.ZH),
        ("fr-FR, km;q=0.2, zh;q=0.8", Language.ZH),
        ("zh;q=0.5, km;q=0.5", Language.ZH),
        ("fr, de", Language.EN),
        ("en;q=0", Language.EN),
        ("en;q=0, *", Language.KM),
        ("km;q=0.3, *", Language.EN),
        ("en;q=0.3, km;q=0.3, zh;q=0.2, *", Language.EN),
        ("km;q=2, zh;q=0.1", Language.ZH),
        ("km;q=abc, zh;q=0.1", Language.ZH),
        ("km;q=٠.٩, zh;q=0.1", Language.ZH),
        ("km;q=-1", Language.EN),
    ],
)
def test_negotiation(header: str | None, chosen: Language) -> None:
    assert negotiate(header, offered=ALL, default=Language.EN) is chosen


@given(
    header=st.text() | st.text(alphabet="kmzhen-_*,;q=01.9 \t\r\n"),
    offered=st.lists(LANGUAGES, unique=True),
    default=LANGUAGES,
)
def test_any_header_gives_something_on_offer(header: str, offered: list[Language], default: Language) -> None:
    assert negotiate(header, offered=offered, default=default) in {*offered, default}


@given(order=st.permutations(ALL), qualities=st.lists(QUALITIES, min_size=3, max_size=3, unique=True))
def test_the_highest_quality_wins(order: list[Language], qualities: list[str]) -> None:
    header = ", ".join(f"{language};q={quality}" for language, quality in zip(order, qualities, strict=True))
    best = max(zip(order, qualities, strict=True), key=lambda pair: float(pair[1]))[0]
    assert negotiate(header, offered=ALL, default=Language.EN) is best


@given(wanted=LANGUAGES, default=LANGUAGES)
def test_only_what_is_offered_is_chosen(wanted: Language, default: Language) -> None:
    offered = [language for language in ALL if language is not wanted]
    assert negotiate(wanted.value, offered=offered, default=default) is default


def test_a_preference_behind_a_flood_is_not_read() -> None:
    assert negotiate("x," * 1_000_000 + "km", offered=ALL, default=Language.EN) is Language.EN


@given(st.text())
def test_any_tag_is_a_language_or_none(tag: str) -> None:
    assert language_of(tag) in {None, *ALL}


def test_pick_falls_back() -> None:
    assert pick({"en": "Temple", "km": "ប្រាសាទ"}, Language.KM) == "ប្រាសាទ"
    assert pick({"en": "Temple", "km": None, "zh": ""}, Language.KM) == "Temple"
    assert pick({"en": "Temple", "km": None, "zh": ""}, Language.ZH) == "Temple"
    assert pick({"en": None, "zh": "寺庙"}, Language.KM) == "寺庙"
    assert pick({}, Language.EN) == ""


@pytest.mark.parametrize(
    ("language", "day", "instant"),
    [
        (Language.EN, "November 5, 2026", "November 5, 2026 00:30 (Cambodia Time)"),
        (Language.KM, "ថ្ងៃទី៥ ខែវិច្ឆិកា ឆ្នាំ២០២៦", "ថ្ងៃទី៥ ខែវិច្ឆិកា ឆ្នាំ២០២៦ ម៉ោង ០០:៣០ (ម៉ោងនៅកម្ពុជា)"),
        (Language.ZH, "2026年11月5日", "2026年11月5日 00:30 (柬埔寨时间)"),
    ],
)
def test_dates_and_times(language: Language, day: str, instant: str) -> None:
    late_evening_in_utc = datetime(2026, 11, 4, 17, 30, tzinfo=UTC)
    assert format_date(date(2026, 11, 5), language) == day
    assert format_datetime(late_evening_in_utc, ZoneInfo("Asia/Phnom_Penh"), language) == instant


def test_khmer_months() -> None:
    months = [format_date(date(2026, month, 1), Language.KM).split()[1].removeprefix("ខែ") for month in range(1, 13)]
    assert months == ["មករា", "កុម្ភៈ", "មីនា", "មេសា", "ឧសភា", "មិថុនា", "កក្កដា", "សីហា", "កញ្ញា", "តុលា", "វិច្ឆិកា", "ធ្នូ"]


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        format_datetime(datetime(2026, 11, 5, 2, 30), ZoneInfo("UTC"), Language.EN)  # noqa: DTZ001


def test_utc_goes_by_its_name() -> None:
    at = datetime(2026, 11, 5, 2, 30, tzinfo=UTC)
    assert format_datetime(at, ZoneInfo("UTC"), Language.KM).endswith("(UTC)")


@pytest.mark.parametrize(
    ("amount", "currency", "written"),
    [
        ("1234.5", "USD", ("$1,234.50", "1,234.50$", "US$1,234.50")),
        ("-11.90", "USD", ("-$11.90", "-11.90$", "-US$11.90")),
        ("1488200", "KHR", ("KHR\N{NBSP}1,488,200", "1,488,200៛", "KHR\N{NBSP}1,488,200")),
        ("100.50", "KHR", ("KHR\N{NBSP}100.50", "100.50៛", "KHR\N{NBSP}100.50")),
        ("5", "XTS", ("XTS\N{NBSP}5.00", "5.00\N{NBSP}XTS", "XTS\N{NBSP}5.00")),
    ],
)
def test_money(amount: str, currency: str, written: tuple[str, str, str]) -> None:
    assert tuple(format_money(Decimal(amount), currency, language) for language in ALL) == written


@given(st.decimals(min_value=-(10**10), max_value=10**10, places=2), LANGUAGES)
def test_money_loses_no_cent(amount: Decimal, language: Language) -> None:
    digits = "".join(char for char in format_money(amount, "USD", language) if char in "-.0123456789")
    assert Decimal(digits) == amount


def test_counts_are_grouped() -> None:
    assert [format_number(12345, language) for language in ALL] == ["12,345", "12,345", "12,345"]


@pytest.mark.parametrize(
    ("header", "named"),
    [
        (None, None),
        ("*", None),
        ("fr, *;q=0.5", None),
        ("km;q=0", None),
        ("zh-CN, *", Language.ZH),
        ("km", Language.KM),
    ],
)
def test_only_a_language_that_is_named_was_asked_for(header: str | None, named: Language | None) -> None:
    assert named_in(header, offered=ALL) is named
