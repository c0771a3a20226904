"""Names, types and reminders of documents, whatever is sent."""

import unicodedata
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sojourn.care.documents.errors import FileLinkExpired, FileLinkInvalid
from sojourn.care.documents.links import LIFE, make_link, read_token, write_token
from sojourn.care.documents.models import FileVariant
from sojourn.care.documents.rules import (
    JPEG,
    PDF,
    PNG,
    REMIND_AFTER_DAYS,
    clean_file_name,
    content_disposition,
    find_item,
    find_type,
    reminder_due,
)
from sojourn.catalog.services.models import DocumentCategory
from sojourn.platform.kit.ids import new_id

NOW = datetime(2026, 12, 1, 3, 0, tzinfo=UTC)
ENDINGS = {PDF: ".pdf", JPEG: ".jpg", PNG: ".png"}


@given(st.text(max_size=600), st.sampled_from([PDF, JPEG, PNG]))
@example("..", PDF)
@example("\u202epdf.exe", PDF)
@example("%00%0d%0a%22", PNG)
@example(".pdf.PDF", PDF)
@example("a" * 300, JPEG)
def test_no_name_is_hostile(sent: str, mime_type: str) -> None:
    name = clean_file_name(sent, mime_type)
    assert name.endswith(ENDINGS[mime_type])
    assert 4 < len(name) <= 104
    assert not set(name) & set('/\\<>:"|?*')
    assert not name.startswith((".", " "))
    assert all(unicodedata.category(sign) not in ("Cc", "Cs") for sign in name)
    assert not set(name) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")
    assert clean_file_name(name, mime_type) == name
    assert content_disposition(name).isascii()


@pytest.mark.parametrize(
    ("sent", "mime_type", "name"),
    [
        ("Passport of Dara.PDF", PDF, "Passport of Dara.pdf"),
        ("scan.jpeg", JPEG, "scan.jpg"),
        ("scan.png", JPEG, "scan.png.jpg"),
        ("C:\\Scans\\page 1.pdf", PDF, "page 1.pdf"),
        ("/home/dara/.pdf", PDF, "document.pdf"),
        ("a%22b%1f%0ac.png", PNG, "a_bc.png"),
        ("a:b?c.pdf", PDF, "a_b_c.pdf"),
        ("លិខិតឆ្លងដែន.pdf", PDF, "លិខិតឆ្លងដែន.pdf"),
        ("  two \t  words . .pdf", PDF, "two words.pdf"),
        ("x" * 150, PDF, "x" * 100 + ".pdf"),
    ],
)
def test_a_name_is_kept_as_far_as_it_can_be(sent: str, mime_type: str, name: str) -> None:
    assert clean_file_name(sent, mime_type) == name


@given(st.binary(max_size=200))
def test_no_bytes_make_it_stumble(content: bytes) -> None:
    assert find_type(content) in (None, PDF, JPEG, PNG)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"%PDF-1.4\n", PDF), (b"\xff\xd8\xff\xe0", JPEG), (b"\x89PNG\r\n\x1a\n", PNG),
        (b" %PDF-1.4", None), (b"", None),
        # Known to a reader of signatures, and not the formats that we take.
        (b"\r\n%PDF-1.4", None), (b"%PDF 1.4", None), (b"\xff\xd8AAAA", None),
        (b"\x00\x00\x00\x0cjP  \r\n\x87\n", None),
    ],
)  # fmt: skip
def test_types(content: bytes, kind: str | None) -> None:
    assert find_type(content) == kind


@given(st.integers(min_value=0, max_value=60 * 24 * 30))
def test_the_latest_reminder_whose_day_has_come(minutes: int) -> None:
    due = reminder_due(since=NOW - timedelta(minutes=minutes), now=NOW)
    passed = [days for days in REMIND_AFTER_DAYS if days * 24 * 60 <= minutes]
    assert due == (passed[-1] if passed else None)


@pytest.mark.parametrize(
    ("hours", "due"),
    [(0, None), (71.999, None), (72, 3), (167.999, 3), (168, 7), (335.999, 7), (336, 14), (5000, 14)],
)
def test_reminders_after_three_seven_and_fourteen_days(hours: float, due: int | None) -> None:
    assert reminder_due(since=NOW - timedelta(hours=hours), now=NOW) == due


def test_items_by_key_or_by_the_only_category() -> None:
    items = [
        {"key": "own", "category": "BANK_STATEMENT"}, {"key": "other", "category": "BANK_STATEMENT"},
        {"key": "pass", "category": "PASSPORT"},
    ]  # fmt: skip
    assert find_item(items, key="other", category=None) is items[1]
    assert find_item(items, key=None, category=DocumentCategory.PASSPORT) is items[2]
    assert find_item(items, key=None, category=DocumentCategory.BANK_STATEMENT) is None
    assert find_item(items, key="none", category=DocumentCategory.PASSPORT) is None
    assert find_item(items, key=None, category=None) is None


@given(st.sampled_from(FileVariant), st.data())
def test_links_come_back_and_nobody_changes_them(variant: FileVariant, data: st.DataObject) -> None:
    link = make_link(owner_id=new_id(), actor_id=new_id(), part=variant, now=NOW)
    token = write_token(link, secret="a")
    assert read_token(token, secret="a", now=NOW) == link
    with pytest.raises(FileLinkExpired):
        read_token(token, secret="a", now=NOW + LIFE)
    with pytest.raises(FileLinkInvalid):
        read_token(token, secret="b", now=NOW)
    with pytest.raises(FileLinkInvalid):
        read_token(token, secret="a", now=NOW, purpose=b"another:")
    position = data.draw(st.integers(0, len(token) - 2))  # the last sign carries bits that count for nothing
    sign = data.draw(st.sampled_from("ABCxyz019-_"))
    if token[position] != sign:
        with pytest.raises(FileLinkInvalid):
            read_token(token[:position] + sign + token[position + 1 :], secret="a", now=NOW)
