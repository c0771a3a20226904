import datetime as dt
from collections.abc import Callable
from decimal import Decimal

import pytest

from sojourn.platform.i18n import Language
from sojourn.sales.invoices.rendering import (
    Buyer,
    DiscountLine,
    InvoiceDocument,
    InvoiceKind,
    InvoiceLine,
    Seller,
)

_SELLER = Seller(
    name="DerLg Travel Co., Ltd.",
    address_lines=("Street 240, Chakto Mukh", "Phnom Penh 120207, Cambodia"),
    tax_id="K001-901234567",
    email="accounts@derlg.example",
    brand_color="#0f766e",
    time_zone="Asia/Phnom_Penh",
)
_TITLES = {
    Language.EN: ("Angkor sunrise and temples", "Guide and entrance, adult"),
    Language.KM: ("ដំណើរទស្សនាថ្ងៃរះនៅអង្គរវត្ត និងប្រាសាទបុរាណនានា", "មគ្គុទ្ទេសក៍ និងសំបុត្រចូលទស្សនា សម្រាប់មនុស្សពេញវ័យ"),
    Language.ZH: ("吴哥窟日出与古寺之旅", "导游与门票（成人）"),
}
_BUYERS = {Language.EN: "Anna Berg", Language.KM: "ចាន់ សុខា", Language.ZH: "王小明"}


def invoice_of(
    *, lines: int = 12, language: Language = Language.EN, kind: InvoiceKind = InvoiceKind.INVOICE, **changes: object
) -> InvoiceDocument:
    title, description = _TITLES[language]
    subtotal = Decimal("119.00") * lines
    document = InvoiceDocument(
        kind=kind,
        number="DLI-2026-000017",
        issued_on=dt.date(2026, 11, 5),
        language=language,
        seller=_SELLER,
        buyer=Buyer(
            name=_BUYERS[language], email="anna@traveller.example", phone="+855 12 345 678", country="Cambodia"
        ),
        reference="DL-ABCD3789",
        title=title,
        lines=tuple(
            InvoiceLine(description=f"{description} {number}", unit_price=Decimal("119.00"), amount=Decimal("119.00"))
            for number in range(1, lines + 1)
        ),
        subtotal=subtotal,
        discounts=(DiscountLine(description="10 % / -10", amount=Decimal("-11.90")),),
        total=subtotal - Decimal("11.90"),
        currency="USD",
        paid_at=dt.datetime(2026, 11, 5, 2, 30, tzinfo=dt.UTC),
        payment_method="Visa •••• 4242",
    )
    return InvoiceDocument.model_validate(document.model_dump() | changes)


@pytest.fixture
def make_invoice() -> Callable[..., InvoiceDocument]:
    return invoice_of
