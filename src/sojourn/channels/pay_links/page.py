"""The page behind a payment link: what is bought, what it costs, until when, and one button."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode, urlsplit
from zoneinfo import ZoneInfo

from sojourn.platform.http.pages import page_template
from sojourn.platform.i18n import Language, format_datetime, format_money, language_of
from sojourn.platform.storefront import Storefront
from sojourn.sales.payments.models import IntentOut
from sojourn.sales.payments.payable import Purchase, PurchaseState

_PAGE = Path(__file__).with_name("page.html")
_TEXTS = {
    Language.EN: {
        "pay": "Pay by card", "until": "Held for you until", "due": "To pay", "paid": "This is paid. Thank you.",
        "over": "The hold has ended. Ask for a new one.", "cancelled": "This was cancelled. Nothing is due.",
        "ended": "This payment link has ended. Ask for a new one.",
        "reference": "Reference",
    },
    Language.KM: {
        "pay": "បង់ប្រាក់តាមកាត", "until": "រក្សាទុកជូនអ្នករហូតដល់", "due": "ត្រូវបង់", "paid": "បានបង់ប្រាក់រួច។ សូមអរគុណ។",
        "over": "ការរក្សាទុកបានផុតកំណត់។ សូមស្នើសុំថ្មី។", "cancelled": "បានលុបចោល។ មិនមានអ្វីត្រូវបង់ទេ។",
        "ended": "តំណបង់ប្រាក់នេះបានផុតកំណត់។ សូមស្នើសុំថ្មី។",
        "reference": "លេខយោង",
    },
    Language.ZH: {
        "pay": "银行卡支付", "until": "为您保留至", "due": "应付", "paid": "已付款，谢谢。",
        "over": "保留已结束，请重新申请。", "cancelled": "已取消，无需付款。",
        "ended": "此付款链接已失效，请重新申请。", "reference": "编号",
    },
}  # fmt: skip
_SAID_OF = {
    PurchaseState.PAID: "paid",
    PurchaseState.LAPSED: "over",
    PurchaseState.CANCELLED: "cancelled",
}


@dataclass(frozen=True, slots=True)
class CardPage:
    """Where a card is taken: on the storefront's frontend, with Stripe's own script. `sandbox` is the pretended
    provider's address, which has a page of its own."""

    sandbox: str | None

    def address(self, storefront: Storefront, *, reference: str, intent: IntentOut) -> str:
        if self.sandbox is not None:
            return f"{self.sandbox}/pay/{intent.payment_intent_id}"
        named = {
            "payment_intent": intent.payment_intent_id,
            "payment_intent_client_secret": intent.client_secret,
        }
        return f"{storefront.frontend_url}/pay/{reference}?{urlencode(named)}"

    def policy(self, storefront: Storefront) -> str:
        """The page's content security policy: nothing from anywhere, and its one form leads there."""
        parts = urlsplit(self.sandbox or storefront.frontend_url)
        return (
            "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'; "
            f"form-action 'self' {parts.scheme}://{parts.netloc}"
        )


def purchase_page(storefront: Storefront, purchase: Purchase) -> str:
    """What is to be paid, or why nothing is."""
    language = language_of(purchase.language) or storefront.default_language
    texts = _TEXTS[language]
    is_open = purchase.state is PurchaseState.OPEN
    return page_template(_PAGE).render(
        storefront=storefront,
        language=language.value,
        texts=texts,
        title=purchase.title,
        reference=purchase.reference,
        amount=format_money(purchase.amount_due, purchase.currency, language) if is_open else None,
        until=_until(purchase, storefront, language) if is_open else None,
        said=None if is_open else texts[_SAID_OF[purchase.state]],
    )


def ended_page(storefront: Storefront, language: Language) -> str:
    """The link's time is over."""
    texts = _TEXTS[language]
    return page_template(_PAGE).render(
        storefront=storefront, language=language.value, texts=texts, title=storefront.name, reference=None,
        amount=None, until=None, said=texts["ended"],
    )  # fmt: skip


def _until(purchase: Purchase, storefront: Storefront, language: Language) -> str | None:
    return (
        format_datetime(purchase.expires_at, ZoneInfo(storefront.time_zone), language) if purchase.expires_at else None
    )
