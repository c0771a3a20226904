"""The page behind a mail's unsubscribe link, in the language of whoever the mail was for."""

from pathlib import Path

from starlette.responses import HTMLResponse

from sojourn.platform.http.pages import page_template
from sojourn.platform.i18n import Language
from sojourn.platform.storefront import Storefront

_PAGE = Path(__file__).with_name("unsubscribe.html")
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
_TEXTS = {
    Language.EN: {
        "ask": "Unsubscribe", "done": "Unsubscribed",
        "asked": "Stop mails of this kind? Mails about your purchases and the safety of your account still come.",
        "is_done": "You get no more mails of this kind. You can change it again in your account's preferences.",
    },
    Language.KM: {
        "ask": "ឈប់ទទួលអ៊ីមែល", "done": "បានឈប់ទទួលហើយ",
        "asked": "ឈប់ទទួលអ៊ីមែលប្រភេទនេះមែនទេ? អ៊ីមែលអំពីការទិញ និងសុវត្ថិភាពគណនីរបស់លោកអ្នកនឹងនៅតែផ្ញើជូន។",
        "is_done": "លោកអ្នកនឹងមិនទទួលអ៊ីមែលប្រភេទនេះទៀតទេ។ លោកអ្នកអាចកែប្រែវិញក្នុងការកំណត់គណនីរបស់លោកអ្នក។",
    },
    Language.ZH: {
        "ask": "退订邮件", "done": "已退订",
        "asked": "要停止接收此类邮件吗？有关您的购买和账户安全的邮件仍会发送。",
        "is_done": "您将不再收到此类邮件。您可以在账户的偏好设置中重新更改。",
    },
}  # fmt: skip


def unsubscribe_page(storefront: Storefront, language: Language, *, is_done: bool) -> HTMLResponse:
    """What the button would do; or that it is done."""
    texts = _TEXTS[language]
    page = page_template(_PAGE).render(
        storefront=storefront,
        language=language.value,
        title=texts["done" if is_done else "ask"],
        said=texts["is_done" if is_done else "asked"],
        button=None if is_done else texts["ask"],
    )
    return HTMLResponse(page, headers={"Content-Security-Policy": POLICY})
