"""Pages for people: read the mail, pay the bill, play the card's bank."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit, urlunsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from sojourn.sandbox import attempts, mailbox
from sojourn.sandbox.api import StripeApi
from sojourn.sandbox.cards import TEST_CARDS
from sojourn.sandbox.errors import CardError, Json, StripeError
from sojourn.sandbox.forms import read_params
from sojourn.sandbox.intents import OPEN
from sojourn.sandbox.parameters import PayInBrowser
from sojourn.sandbox.store import Store, read_json
from sojourn.sandbox.switches import Switchboard

HERE = Path(__file__).parent
POLICY = "default-src 'none'; style-src 'self'; img-src 'self' data:; frame-src 'self'; base-uri 'none'"
WITHOUT_MINOR_UNIT = frozenset(
    ("bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "ugx", "vnd", "vuv", "xaf", "xof", "xpf")
)
HOME_MAILS, HOME_PAYMENTS, INBOX_MAILS = 8, 8, 200


class Pages:
    def __init__(self, store: Store, api: StripeApi, switchboard: Switchboard, on_change: Callable[[], None]) -> None:
        self._store = store
        self._api = api
        self._switchboard = switchboard
        self._on_change = on_change
        self._templates = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters.update(money=money, moment=moment, card_number=card_number)

    def routes(self) -> list[Route]:
        return [
            Route("/", self.home, methods=["GET"]),
            Route("/inbox", self.inbox, methods=["GET"]),
            Route("/inbox/{id}", self.mail, methods=["GET"]),
            Route("/pay/{id}", self.pay_page, methods=["GET"]),
            Route("/pay/{id}", self.pay, methods=["POST"]),
            Route("/3ds/{id}", self.bank_page, methods=["GET"]),
            Route("/3ds/{id}", self.bank, methods=["POST"]),
            Route("/paypal/{id}", self.bank_page, methods=["GET"]),
            Route("/paypal/{id}", self.bank, methods=["POST"]),
            Route("/sandbox.css", self.style, methods=["GET"]),
        ]

    async def style(self, _: Request) -> Response:
        return FileResponse(HERE / "static" / "sandbox.css", media_type="text/css")

    async def home(self, _: Request) -> Response:
        payments = {account: self._latest_payments(account) for account in self._store.accounts()}
        return self.render(
            "home.html",
            mails=mailbox.list_mails(self._store, limit=HOME_MAILS),
            payments={account: intents for account, intents in payments.items() if intents},
        )

    async def inbox(self, request: Request) -> Response:
        to, subject = request.query_params.get("to", ""), request.query_params.get("subject", "")
        mails = mailbox.list_mails(self._store, to=to, subject=subject, limit=INBOX_MAILS)
        return self.render("inbox.html", mails=mails, to=to, subject=subject)

    async def mail(self, request: Request) -> Response:
        mail = mailbox.find(self._store, request.path_params["id"])
        return self._missing("mail") if mail is None else self.render("mail.html", mail=mail)

    async def pay_page(self, request: Request) -> Response:
        intent = self._find_intent(request)
        return self._missing("payment") if intent is None else self._pay_page(intent)

    async def pay(self, request: Request) -> Response:
        intent = self._find_intent(request)
        if intent is None:
            return self._missing("payment")
        form = parse_qs((await request.body()).decode(errors="replace"), keep_blank_values=True)
        try:
            params = read_params(PayInBrowser, {"card": form.get("card", [""])[0]})
            intent = self._switchboard.pay_intent(intent["id"], params)
        except CardError as decline:
            return self._pay_page(self._find_intent(request) or intent, problem=str(decline), status=decline.status)
        except StripeError as error:
            return self._pay_page(intent, problem=str(error), status=error.status)
        page = "3ds" if intent["status"] == "requires_action" else "pay"
        return RedirectResponse(f"/{page}/{intent['id']}", status_code=303)

    async def bank_page(self, request: Request) -> Response:
        intent = self._find_intent(request)
        return self._missing("payment") if intent is None else self.render(_asking(intent), intent=intent)

    async def bank(self, request: Request) -> Response:
        """The holder's answer; then on to the shop's return address, as Stripe does, or to the pay page."""
        intent = self._find_intent(request)
        owner = None if intent is None else self._store.find_owner("payment_intent", intent["id"])
        if intent is None or owner is None:
            return self._missing("payment")
        answer = parse_qs((await request.body()).decode(errors="replace")).get("answer", [""])[0]
        if answer not in {"approve", "fail"}:
            return self.render(_asking(intent), status=400, intent=intent)
        asked = intent["next_action"] or {}
        return_url = asked.get("redirect_to_url", {}).get("return_url")
        with self._store.transaction():
            intent = attempts.answer_holder(self._api.account(owner), intent, is_approved=answer == "approve")
        self._on_change()
        return RedirectResponse(_way_back(intent, return_url), status_code=303)

    def _pay_page(self, intent: Json, *, problem: str | None = None, status: int = 200) -> Response:
        charge = intent["latest_charge"]
        return self.render(
            "pay.html",
            status=status,
            intent=intent,
            charge=None if charge is None else self._store.find_object(self._owner(intent), "charge", charge),
            is_open=intent["status"] in OPEN,
            cards=TEST_CARDS,
            problem=problem,
        )

    def _owner(self, intent: Json) -> str:
        return self._store.find_owner("payment_intent", intent["id"]) or ""

    def _find_intent(self, request: Request) -> Json | None:
        intent_id = request.path_params["id"]
        owner = self._store.find_owner("payment_intent", intent_id)
        return None if owner is None else self._store.find_object(owner, "payment_intent", intent_id)

    def _latest_payments(self, account: str) -> list[Json]:
        rows = self._store.rows(
            "SELECT body FROM objects WHERE account = ? AND kind = 'payment_intent' ORDER BY seq DESC LIMIT ?",
            account,
            HOME_PAYMENTS,
        )
        return [read_json(row["body"]) for row in rows]

    def _missing(self, what: str) -> Response:
        return self.render("missing.html", status=404, what=what)

    def render(self, template: str, *, status: int = 200, **values: object) -> Response:
        """One page, which can run no scripts."""
        text = self._templates.get_template(template).render(**values)
        return HTMLResponse(text, status_code=status, headers={"Content-Security-Policy": POLICY})


def money(amount: int, currency: str) -> str:
    """Minor units as people write them: `1,234.50 USD`."""
    if currency in WITHOUT_MINOR_UNIT:
        return f"{amount:,} {currency.upper()}"
    return f"{Decimal(amount) / 100:,.2f} {currency.upper()}"


def moment(text: str) -> str:
    """`2026-11-21T20:00:00.123Z` as `2026-11-21 20:00:00 UTC`."""
    return f"{text[:19].replace('T', ' ')} UTC"


def card_number(number: str) -> str:
    return " ".join(number[start : start + 4] for start in range(0, len(number), 4))


def _asking(intent: Json) -> str:
    """Who asks the payer: PayPal, or the card's bank."""
    return "paypal.html" if "paypal" in intent["payment_method_types"] else "bank.html"


def _way_back(intent: Json, return_url: str | None) -> str:
    if return_url is None or urlsplit(return_url).scheme not in {"http", "https"}:
        return f"/pay/{intent['id']}"
    parts = urlsplit(return_url)
    query = [
        *parse_qsl(parts.query, keep_blank_values=True),
        ("payment_intent", intent["id"]),
        ("payment_intent_client_secret", intent["client_secret"]),
        ("redirect_status", "failed" if intent["last_payment_error"] else "succeeded"),
    ]
    return urlunsplit(parts._replace(query=urlencode(query)))
