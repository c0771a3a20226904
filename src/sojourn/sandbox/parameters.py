"""The parameters each call of the Stripe API takes here."""

from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from sojourn.sandbox.forms import Amount, Currency, Id, Metadata, Names, Nested, Params, Text

SetupFutureUsage = Literal["off_session", "on_session"] | None
# Seconds; the bound is where JSON numbers stop being exact.
Moment = Annotated[int, Field(ge=0, le=2**53)]
CaptureMethod = Literal["automatic", "automatic_async", "manual"]


class Retrieve(Params):
    """An id in the path says it all."""


class RetrieveIntent(Params):
    client_secret: str | None = None
    key: str | None = None


class ListPage(Params):
    """Newest first; `created` is a time in seconds or `created[gt|gte|lt|lte]`."""

    limit: Annotated[int, Field(ge=1, le=100)] = 10
    starting_after: Id | None = None
    ending_before: Id | None = None
    created: Moment | dict[Literal["gt", "gte", "lt", "lte"], Moment] | None = None


class ListIntents(ListPage):
    customer: Id | None = None


class ListCharges(ListPage):
    customer: Id | None = None
    payment_intent: Id | None = None


class ListRefunds(ListPage):
    charge: Id | None = None
    payment_intent: Id | None = None


class ListEvents(ListPage):
    type: str | None = None
    types: Names | None = None


class ListCustomers(ListPage):
    email: str | None = None


class ListMethods(ListPage):
    customer: Id | None = None
    type: Literal["card", "paypal"] | None = None


class CustomerFields(Params):
    email: Text = None
    name: Text = None
    phone: Text = None
    description: Text = None
    address: Nested = None
    shipping: Nested = None
    preferred_locales: Names | None = None
    metadata: Metadata = None


class CardNumber(Params):
    number: Id
    exp_month: Annotated[int, Field(ge=1, le=12)] = 12
    exp_year: Annotated[int, Field(ge=2000, le=2100)] = 2099
    cvc: Text = None


class MethodCreate(Params):
    """A card needs its number; PayPal asks who pays on its own page."""

    type: Literal["card", "paypal"]
    card: CardNumber | None = None
    billing_details: Nested = None
    allow_redisplay: Literal["always", "limited", "unspecified"] | None = None
    metadata: Metadata = None


class MethodCreateInBrowser(MethodCreate):
    """What Stripe.js adds when it sends a card from the customer's browser."""

    key: str | None = None
    guid: str | None = None
    muid: str | None = None
    sid: str | None = None
    payment_user_agent: str | None = None
    referrer: str | None = None
    time_on_page: str | None = None


class MethodAttach(Params):
    customer: Id


class Confirming(Params):
    """What a confirmation may carry, in a call of its own or in create with `confirm=true`."""

    payment_method: Id | None = None
    payment_method_data: MethodCreateInBrowser | None = None
    return_url: Text = None
    off_session: bool | None = None
    error_on_requires_action: bool | None = None
    use_stripe_sdk: bool | None = None
    mandate_data: Nested = None
    receipt_email: Text = None
    setup_future_usage: SetupFutureUsage = None
    payment_method_options: Nested = None
    payment_method_types: Names | None = None
    shipping: Nested = None
    capture_method: CaptureMethod | None = None


class IntentFields(Confirming):
    customer: Id | None = None
    description: Text = None
    metadata: Metadata = None
    statement_descriptor: Annotated[str | None, Field(max_length=22)] = None
    statement_descriptor_suffix: Annotated[str | None, Field(max_length=22)] = None
    transfer_group: Text = None


class IntentCreate(IntentFields):
    amount: Amount
    currency: Currency
    automatic_payment_methods: Nested = None
    allowed_payment_method_types: Names | None = None
    confirm: bool = False
    confirmation_method: Literal["automatic", "manual"] = "automatic"


class IntentUpdate(IntentFields):
    amount: Amount | None = None
    currency: Currency | None = None


class IntentConfirm(Confirming):
    client_secret: str | None = None
    key: str | None = None
    expected_payment_method_type: str | None = None


class IntentCapture(Params):
    amount_to_capture: Amount | None = None
    final_capture: bool | None = None
    statement_descriptor_suffix: Annotated[str | None, Field(max_length=22)] = None
    metadata: Metadata = None


class IntentCancel(Params):
    cancellation_reason: Literal["duplicate", "fraudulent", "requested_by_customer", "abandoned"] | None = None


class RefundCreate(Params):
    payment_intent: Id | None = None
    charge: Id | None = None
    amount: Amount | None = None
    reason: Literal["duplicate", "fraudulent", "requested_by_customer"] | None = None
    metadata: Metadata = None


class MetadataUpdate(Params):
    metadata: Metadata = None


class ChargeUpdate(MetadataUpdate):
    description: Text = None
    receipt_email: Text = None


class DisputeUpdate(MetadataUpdate):
    evidence: Nested = None
    submit: bool | None = None


class EndpointCreate(Params):
    url: Id
    enabled_events: Names
    description: Text = None
    api_version: str | None = None
    metadata: Metadata = None


class PayInBrowser(Params):
    """A test card's number, or a payment method such as `pm_card_visa`; exactly one of them."""

    card: Id | None = None
    payment_method: Id | None = None
    return_url: Text = None

    @model_validator(mode="after")
    def _is_one(self) -> "PayInBrowser":
        if (self.card is None) == (self.payment_method is None):
            raise PydanticCustomError("choice", "Pass exactly one of card and payment_method.")
        return self

    def confirming(self) -> Confirming:
        if self.payment_method is not None:
            return Confirming(payment_method=self.payment_method, return_url=self.return_url)
        card = CardNumber(number=self.card or "")
        return Confirming(payment_method_data=MethodCreateInBrowser(type="card", card=card), return_url=self.return_url)
