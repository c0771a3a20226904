"""Every guide of the starting catalogue can be handed over, in every language."""

from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import yaml
from pypdf import PdfReader

from sojourn.care.downloads.guide import compose
from sojourn.care.downloads.models import BoughtService, Guide, GuideHelp, GuideLine
from sojourn.platform.i18n import Language
from sojourn.sales.orders.models import OrderStatus
from sojourn.storefronts import STOREFRONTS

HOLYONE = STOREFRONTS["holyone"]
GUIDES = sorted((HOLYONE.catalogue / "services" / "digital").glob("*.yaml"))
# The languages in turn: which words a guide has is the catalogue's own test.
CASES = [(path, list(Language)[number % 3]) for number, path in enumerate(GUIDES)]
HELP = (GuideHelp(title="Photo check", price=Decimal("5.00")),)


def entry_in(path: Path) -> dict[str, Any]:
    entry: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return entry


def guide_in(entry: dict[str, Any], language: Language, **more: Any) -> Guide:
    told = {
        "title": entry["title"][language], "edition": entry["specs"]["edition"], "region": entry["region"],
        "summary": entry["description"][language], "text": entry["long_description"][language],
        "covers": tuple(entry["features"]), "government_fee": None, "help": HELP,
        "checklist": tuple(
            GuideLine(title=item["title"][language], hint=item["hint"], is_required=item["is_required"])
            for item in entry["checklist"]
        ),
        "updated_at": datetime(2026, 12, 1, tzinfo=UTC),
    }  # fmt: skip
    return Guide(**told | more)


def bought_in(language: Language) -> BoughtService:
    return BoughtService(
        id=UUID(int=1), order_number="HT-2026-000001", user_id=UUID(int=2), service_id=UUID(int=3),
        status=OrderStatus.CONFIRMED, language=language, customer_email="buyer@example.com", is_refunded=False,
    )  # fmt: skip


async def printed(guide: Guide, language: Language) -> list[str]:
    """The text of its pages."""
    content = await compose(guide, bought=bought_in(language), storefront=HOLYONE)
    return [page.extract_text() for page in PdfReader(BytesIO(content)).pages]


@pytest.mark.parametrize(("path", "language"), CASES, ids=lambda value: getattr(value, "stem", str(value)))
async def test_it_is_a_document_in_the_buyers_name(path: Path, language: Language) -> None:
    entry = entry_in(path)
    guide = guide_in(entry, language)
    pages = await printed(guide, language)
    assert 1 <= len(pages) <= 5
    assert all("HT-2026-000001" in page and "buyer@example.com" in page for page in pages)
    whole = "".join("".join(pages).split())
    for part in (*guide.covers, *(line.hint for line in guide.checklist)):
        assert "".join(part.split()).replace("\u2019", "'")[:30] in whole.replace("\u2019", "'"), part


async def test_what_an_entry_says_is_never_markup() -> None:
    entry = entry_in(GUIDES[0])
    hostile = '#read("guide.typ") $x$ *b* <l> @l \\ "q" // c'
    guide = guide_in(entry, Language.EN, title=hostile, text=hostile, covers=(hostile,), government_fee=Decimal(30))
    whole = "".join(await printed(guide, Language.EN))
    assert whole.count('#read("guide.typ")') + whole.count("#read(“guide.typ”)") >= 2
    assert "30.00" in whole


async def test_a_bare_entry_is_a_document_too() -> None:
    bare = Guide(
        title="Guide", edition=None, region=None, summary="Short.", text="", covers=(), checklist=(),
        government_fee=None, help=(), updated_at=datetime(2026, 12, 1, tzinfo=UTC),
    )  # fmt: skip
    [page] = await printed(bare, Language.EN)
    assert "Checklist" not in page
    assert "Please note" in page
