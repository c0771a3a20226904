"""KHQR texts against what three public implementations make of the same data.

The vectors were made by running them, their clock stopped at 2026-12-01T03:00:00Z: bakong-khqr 1.0.20 (npm, by
davidhuotkeo, after the National Bank's SDK), ts-khqr 2.2.3 (npm, by ishinvin) and bakong-khqr 0.6.5 (PyPI, by bsthen).
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import md5
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.providers.payments.bakong import BakongQr
from sojourn.providers.payments.khqr import KhqrInvalid, Payee, checksum, khqr_text
from sojourn.providers.payments.port import ProviderMisconfigured, ProviderRefused

MADE_AT = datetime(2026, 12, 1, 3, 0, tzinfo=UTC)
DERLG = Payee(account_id="derlg_travel@devb", name="DerLg Travel", city="Phnom Penh")
SIEM_REAP = Payee(account_id="derlg_travel@devb", name="DerLg Travel", city="Siem Reap")
IN_KHMER = Payee(account_id="derlg_travel@devb", name="ដើរលេង", city="Siem Reap")
HOLYONE = Payee(
    account_id="holyone@aclb", name="Holyone Travels", city="Phnom Penh", merchant_id="HT0007168",
    acquiring_bank="Dev Bank",
)  # fmt: skip
QUARTER, DAY = timedelta(minutes=15), timedelta(days=1)

# Who made it; what of; the text, the digest.
VECTORS = [
    ("bakong-khqr (npm), ts-khqr", DERLG, "200.40", "USD", "DL-ABCDEFGH", None, QUARTER,
     ("00020101021229210017derlg_travel@devb5204599953038405406200.405802KH5912DerLg Travel6010Phnom Penh62"
      "150111DL-ABCDEFGH99340013179609400000001131796094900000630485CA"), "8406fc81ed94fd919aad8ebf470bc388"),
    ("bakong-khqr (npm)", SIEM_REAP, "821700", "KHR", "DL-ABCDEFGH", None, QUARTER,
     ("00020101021229210017derlg_travel@devb52045999530311654068217005802KH5912DerLg Travel6009Siem Reap621"
      "50111DL-ABCDEFGH9934001317960940000000113179609490000063044C0C"), "88de9bb8664a80a1c6b8670d47bffcc9"),
    ("bakong-khqr (npm)", HOLYONE, "75.00", "USD", "HT-2026-001234", None, QUARTER,
     ("00020101021230410012holyone@aclb0109HT00071680208Dev Bank5204599953038405402755802KH5915Holyone Trav"
      "els6010Phnom Penh62180114HT-2026-001234993400131796094000000011317960949000006304B57D"),
     "ab9a0e9edd62f352ddcff2c2312ccff2"),
    ("bakong-khqr (npm), ts-khqr", HOLYONE, "307500", "KHR", "HT-2026-001234", None, QUARTER,
     ("00020101021230410012holyone@aclb0109HT00071680208Dev Bank52045999530311654063075005802KH5915Holyone "
      "Travels6010Phnom Penh62180114HT-2026-001234993400131796094000000011317960949000006304A639"),
     "f1c857863a7b8a5a1cb6a1866df0c313"),
    ("bakong-khqr (npm)", IN_KHMER, "0.05", "USD", "DL-ABCDEFGH", "0A1B2C3D", QUARTER,
     ("00020101021229210017derlg_travel@devb52045999530384054040.055802KH5906ដើរលេង6009Siem Reap62270111DL-"
      "ABCDEFGH07080A1B2C3D9934001317960940000000113179609490000063046557"), "9727050bd75987bc86f5d54eca175f17"),
    ("bakong-khqr (PyPI)", DERLG, "200.45", "USD", "DL-ABCDEFGH", None, DAY,
     ("00020101021229210017derlg_travel@devb5204599953038405406200.455802KH5912DerLg Travel6010Phnom Penh62"
      "150111DL-ABCDEFGH993400131796094000000011317961804000006304332A"), "09ca7230677eee483febfa132a74ed59"),
    ("bakong-khqr (PyPI)", SIEM_REAP, "821700", "KHR", "DL-ABCDEFGH", None, DAY,
     ("00020101021229210017derlg_travel@devb52045999530311654068217005802KH5912DerLg Travel6009Siem Reap621"
      "50111DL-ABCDEFGH993400131796094000000011317961804000006304D366"), "df6316e4ec96da85c9cdd254f53a06ed"),
]  # fmt: skip


def text(payee: Payee = DERLG, **other: Any) -> str:
    asked: dict[str, Any] = {
        "amount": Decimal("10.50"), "currency": "USD", "bill_number": "DL-ABCDEFGH", "created_at": MADE_AT,
        "expires_at": MADE_AT + QUARTER,
    }  # fmt: skip
    return khqr_text(payee, **asked | other)


def fields(encoded: str) -> dict[str, str]:
    found, at = {}, 0
    while at < len(encoded):
        tag, length = encoded[at : at + 2], int(encoded[at + 2 : at + 4])
        found[tag] = encoded[at + 4 : at + 4 + length]
        assert len(found[tag]) == length
        at += 4 + length
    return found


@pytest.mark.parametrize(
    ("made_by", "payee", "amount", "currency", "bill", "terminal", "life", "expected", "digest"), VECTORS
)
def test_is_what_public_implementations_make(
    made_by: str, payee: Payee, amount: str, currency: str, bill: str, terminal: str | None, life: timedelta,
    expected: str, digest: str,
) -> None:  # fmt: skip
    made = khqr_text(
        payee, amount=Decimal(amount), currency=currency, bill_number=bill, terminal=terminal, created_at=MADE_AT,
        expires_at=MADE_AT + life,
    )  # fmt: skip
    assert made == expected, made_by
    assert md5(made.encode(), usedforsecurity=False).hexdigest() == digest


def test_the_checksum_is_ccitt_false() -> None:
    assert checksum("123456789") == "29B1"  # the check value of CRC-16/CCITT-FALSE


@given(
    cents=st.integers(1, 10**12 - 1),
    name=st.text(st.characters(codec="utf-8", categories=["L", "N"]), min_size=1, max_size=25),
    bill=st.text("ABCDEFGHJKLMNPQRSTUVWXYZ3789-", min_size=1, max_size=25),
    seconds=st.integers(1, 86_400),
)
def test_reads_back_as_what_was_asked(cents: int, name: str, bill: str, seconds: int) -> None:
    amount = Decimal(cents).scaleb(-2)
    payee = Payee(account_id="a@b", name=name, city="Kep")
    encoded = text(payee, amount=amount, bill_number=bill, expires_at=MADE_AT + timedelta(seconds=seconds))
    read = fields(encoded)
    assert list(read) == ["00", "01", "29", "52", "53", "54", "58", "59", "60", "62", "99", "63"]
    assert (Decimal(read["54"]), read["59"], fields(read["62"])["01"]) == (amount, name, bill)
    life = fields(read["99"])
    assert int(life["01"]) - int(life["00"]) == seconds * 1000
    assert read["63"] == checksum(encoded[:-4])


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": Decimal(0)}, {"amount": Decimal(-1)}, {"amount": Decimal("0.001")}, {"amount": Decimal("NaN")},
        {"amount": Decimal("Infinity")}, {"amount": Decimal(10**10)}, {"amount": Decimal("100.50"), "currency": "KHR"},
        {"amount": Decimal("12345678901.00")}, {"currency": "EUR"},
        {"bill_number": ""}, {"bill_number": "x" * 26}, {"bill_number": "a\nb"}, {"terminal": "x" * 26},
    ],
)  # fmt: skip
def test_refuses_what_no_bank_would_read(wrong: dict[str, Any]) -> None:
    with pytest.raises(KhqrInvalid):
        text(**wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"account_id": "nobank"}, {"account_id": "@bank"}, {"account_id": "a@b@c"}, {"account_id": "a" * 32 + "@b"},
        {"name": "x" * 26}, {"name": ""}, {"city": "x" * 16}, {"merchant_id": "1"},
        {"merchant_id": "", "acquiring_bank": "Dev Bank"},
    ],
)  # fmt: skip
def test_refuses_a_payee_that_cannot_be_paid(wrong: dict[str, str]) -> None:
    fit: dict[str, Any] = {"account_id": "a@b", "name": "DerLg", "city": "Kep"} | wrong
    with pytest.raises(KhqrInvalid):
        Payee(**fit)
    names = {"name": "merchant_name", "city": "merchant_city"}
    payee: dict[str, Any] = {names.get(part, part): value for part, value in fit.items()}
    with pytest.raises(ProviderMisconfigured):
        BakongQr(token="t", **payee)


def test_a_code_that_cannot_be_made_is_refused_in_the_ports_words() -> None:
    bakong = BakongQr(token="t", account_id="a@b", merchant_name="DerLg", merchant_city="Kep")
    with pytest.raises(ProviderRefused) as refused:
        bakong.create_qr(
            amount=Decimal("1.00"), currency="THB", reference="DL-1", label="1", created_at=MADE_AT,
            expires_at=MADE_AT + QUARTER,
        )  # fmt: skip
    assert refused.value.code == "khqr_invalid"
