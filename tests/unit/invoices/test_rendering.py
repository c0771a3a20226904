"""Invoices and credit notes as printed: read back from the PDF."""

import asyncio
import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import pytest
import typst
import yaml
from pydantic import ValidationError
from pypdf import PdfReader

from sojourn.platform.i18n import Language
from sojourn.platform.pdf import render_pdf, render_pdf_async
from sojourn.sales.invoices import rendering
from sojourn.sales.invoices.rendering import InvoiceDocument, InvoiceKind, render_invoice

Make = Callable[..., InvoiceDocument]
TEMPLATES = Path(rendering.__file__).parent / "templates"
LABELS = yaml.safe_load((TEMPLATES / "labels.yaml").read_text(encoding="utf-8"))


def pages_of(document: InvoiceDocument) -> list[str]:
    return [page.extract_text() for page in PdfReader(BytesIO(render_invoice(document))).pages]


@pytest.mark.parametrize("language", Language)
def test_twelve_lines_are_one_page(language: Language, make_invoice: Make) -> None:
    document = make_invoice(lines=12, language=language)
    (page,) = pages_of(document)
    for part in ("DLI-2026-000017", "DL-ABCD3789", "K001-901234567", "anna@traveller.example", "1,416.10", "4242"):
        assert part in page
    assert "-" in page
    assert "11.90" in page


def test_two_hundred_lines_are_numbered_pages(make_invoice: Make) -> None:
    pages = pages_of(make_invoice(lines=200))
    assert len(pages) > 3
    for number, page in enumerate(pages, start=1):
        assert f"Page {number} / {len(pages)}" in page
        assert "Unit price" in page
    printed = re.findall(r"adult (\d+)\b", " ".join(pages))
    assert printed == [str(number) for number in range(1, 201)]
    assert "$23,788.10" in pages[-1]


def test_khmer_is_printed_in_khmer(make_invoice: Make) -> None:
    (page,) = pages_of(make_invoice(language=Language.KM))
    assert sum("\u1780" <= char <= "\u17ff" for char in page) > 300
    assert "\ufffd" not in page
    assert "២០២៦" in page
    assert "Invoice" in page


def test_chinese_is_printed_in_chinese(make_invoice: Make) -> None:
    (page,) = pages_of(make_invoice(language=Language.ZH))
    for part in ("发票", "王小明", "吴哥窟日出与古寺之旅", "导游与门票", "US$1,416.10", "Invoice"):
        assert part in page


def test_no_character_is_missing_from_the_fonts(make_invoice: Make) -> None:
    """PDF/A refuses a document with a missing glyph, so the mark of PDF/A says that each was found."""
    names = {Language.EN: "Zoë Łukasz Ελένη Иван", Language.KM: "ចាន់ សុខា", Language.ZH: "王小明 サクラ 김민지"}
    for language, name in names.items():
        buyer = {"name": name, "email": "a@b.example"}
        assert b"pdfaid:part" in render_invoice(make_invoice(language=language, buyer=buyer))


@pytest.mark.parametrize("name", ["Party 😀 Person", "مريم", "Bell\x07", "\u202eevil"])
def test_a_strange_name_keeps_no_invoice_from_being_issued(name: str, make_invoice: Make) -> None:
    (page,) = pages_of(make_invoice(lines=1, buyer={"name": name, "email": "a@b.example"}))
    assert "DLI-2026-000017" in page


@pytest.mark.parametrize(
    "text", ['#panic("x")', '#read("labels.yaml")', "*b* _i_ $x$ <l> @l `r`", "\\ // /* ]) }", '"}],"total":["x","y"]']
)
def test_markup_in_data_is_printed_as_it_is(text: str, make_invoice: Make) -> None:
    line = {"description": text, "unit_price": Decimal(1), "amount": Decimal(1)}
    buyer = {"name": text, "email": text, "phone": text, "country": text}
    document = make_invoice(lines=1, title=text, note=text, buyer=buyer, payment_method=text)
    document = InvoiceDocument.model_validate(document.model_dump() | {"lines": (line,)})
    (page,) = pages_of(document)
    assert page.replace("\n", "").replace(" ", "").count(text.replace(" ", "")) == 8


def test_a_long_word_stays_on_the_page(make_invoice: Make) -> None:
    """Text that runs off the paper is not extracted line by line; broken text fills several lines."""
    (page,) = pages_of(make_invoice(lines=1, title="W" * 300))
    assert page.replace("\n", "").replace("\u200b", "").count("W") == 300
    assert max(line.count("W") for line in page.splitlines()) < 80


def test_a_credit_note_says_what_it_corrects(make_invoice: Make) -> None:
    document = make_invoice(
        lines=1, kind=InvoiceKind.CREDIT_NOTE, number="DLC-2026-000003", corrects_number="DLI-2026-000017"
    )
    (page,) = pages_of(document)
    for part in ("Credit note", "DLC-2026-000003", "Corrects invoice", "DLI-2026-000017", "Total credited", "Refunded"):
        assert part in page
    assert "Paid" not in page


def test_what_is_absent_is_not_printed(make_invoice: Make) -> None:
    document = make_invoice(
        lines=1,
        discounts=(),
        total=Decimal("119.00"),
        paid_at=None,
        payment_method=None,
        buyer={"name": "B", "email": ""},
    )
    (page,) = pages_of(document)
    assert not [word for word in ("Subtotal", "Paid", "Payment method", "Corrects", "Note", "None") if word in page]


def test_the_same_document_gives_the_same_bytes(make_invoice: Make) -> None:
    assert render_invoice(make_invoice()) == render_invoice(make_invoice())
    assert render_invoice(make_invoice()) != render_invoice(make_invoice(issued_on=date(2026, 11, 6)))


async def test_threads_print_the_same(make_invoice: Make) -> None:
    documents = [make_invoice(lines=number) for number in range(1, 7)]
    together = await asyncio.gather(*(asyncio.to_thread(render_invoice, document) for document in documents))
    assert together == [render_invoice(document) for document in documents]


async def test_render_pdf_async_is_render_pdf(tmp_path: Path, make_invoice: Make) -> None:
    template = tmp_path / "page.typ"
    template.write_text('#set text(font: "Noto Sans")\n#json(bytes(sys.inputs.data)).word', encoding="utf-8")
    paid_at = make_invoice().paid_at
    assert paid_at
    document = await render_pdf_async(template=template, data={"word": "Angkor"}, created_at=paid_at)
    assert document == render_pdf(template=template, data={"word": "Angkor"}, created_at=paid_at)
    reader = PdfReader(BytesIO(document))
    assert reader.pages[0].extract_text() == "Angkor"
    assert reader.metadata
    assert reader.metadata.creation_date == paid_at


def test_a_broken_template_is_not_hidden(tmp_path: Path, make_invoice: Make) -> None:
    template = tmp_path / "broken.typ"
    template.write_text("#nonsense()", encoding="utf-8")
    paid_at = make_invoice().paid_at
    assert paid_at
    with pytest.raises(typst.TypstError, match="nonsense"):
        render_pdf(template=template, data={}, created_at=paid_at)


def test_labels_are_the_same_in_every_language() -> None:
    assert set(LABELS) == set(Language)
    assert all(words.keys() == LABELS["en"].keys() for words in LABELS.values())
    assert all(word.strip() for words in LABELS.values() for word in words.values())


@pytest.mark.parametrize(
    "changes",
    [{"currency": "usd"}, {"lines": ()}, {"language": "fr"}, {"paid_at": "2026-11-05T00:00:00"}, {"surprise": 1}],
)
def test_a_malformed_document_is_refused(changes: dict[str, object], make_invoice: Make) -> None:
    with pytest.raises(ValidationError):
        InvoiceDocument.model_validate(make_invoice().model_dump() | changes)


def test_a_color_is_a_color(make_invoice: Make) -> None:
    seller = make_invoice().seller.model_dump() | {"brand_color": "red"}
    with pytest.raises(ValidationError):
        make_invoice(seller=seller)
