"""Guides composed from the catalogue: a buyer always gets something, in the language of the purchase, in their name."""

from functools import cache
from pathlib import Path
from typing import Final

import yaml

from sojourn.care.downloads.models import BoughtService, Guide
from sojourn.platform.colors import ink_on
from sojourn.platform.i18n import Language, format_date, format_money
from sojourn.platform.kit.clock import local_date
from sojourn.platform.pdf import render_pdf_async
from sojourn.platform.storefront import Storefront

_TEMPLATES: Final = Path(__file__).parent / "templates"


async def compose(guide: Guide, *, bought: BoughtService, storefront: Storefront) -> bytes:
    """The guide as PDF, the same bytes each time until its service changes; each page names order and buyer."""
    return await render_pdf_async(
        template=_TEMPLATES / "guide.typ",
        data=_printed(guide, bought, storefront),
        created_at=guide.updated_at,
    )


def _printed(guide: Guide, bought: BoughtService, storefront: Storefront) -> dict[str, object]:
    language, labels = bought.language, _labels()[bought.language]
    as_of = format_date(local_date(guide.updated_at, storefront.time_zone), language)
    about = [
        guide.region,
        f"{labels['edition']} {guide.edition}" if guide.edition else None,
        f"{labels['as_of']} {as_of}",
    ]
    fee = guide.government_fee
    return {
        "lang": language.value,
        "labels": labels,
        "brand_color": storefront.primary_color,
        "brand_ink": ink_on(storefront.primary_color),
        "agency": storefront.name,
        "contact": storefront.support_email,
        "title": guide.title,
        "about": " · ".join(part for part in about if part),
        "summary": guide.summary,
        "text": guide.text,
        "covers": guide.covers,
        "checklist": [[line.title, line.hint, line.is_required] for line in guide.checklist],
        "fees": labels["fees_known"].format(fee=format_money(fee, storefront.currency, language))
        if fee is not None
        else labels["fees_unknown"],
        "help": [[work.title, format_money(work.price, storefront.currency, language)] for work in guide.help],
        "stamp": labels["stamp"].format(order=bought.order_number, email=bought.customer_email),
    }


@cache
def _labels() -> dict[Language, dict[str, str]]:
    source = yaml.safe_load((_TEMPLATES / "labels.yaml").read_text(encoding="utf-8"))
    return {Language(key): words for key, words in source.items()}
