"""Customers and payment methods."""

from datetime import UTC, datetime

from sojourn.sandbox.account import Account, merge_metadata
from sojourn.sandbox.calls import Call, page
from sojourn.sandbox.cards import card_by_method_name, card_by_number, refuse_expired
from sojourn.sandbox.errors import Json, ParameterError, StripeError
from sojourn.sandbox.forms import Params
from sojourn.sandbox.parameters import (
    Confirming,
    CustomerFields,
    ListCustomers,
    ListMethods,
    MethodAttach,
    MethodCreate,
    Retrieve,
)
from sojourn.sandbox.stripe_objects import new_customer, new_method, new_paypal_method

CUSTOMER_FIELDS = ("email", "name", "phone", "description", "address", "shipping", "preferred_locales")


def create_customer(call: Call[CustomerFields]) -> Json:
    customer = call.account.save(new_customer(call.params))
    call.account.emit("customer.created", customer)
    return customer


def retrieve_customer(call: Call[Retrieve]) -> Json:
    return call.account.get("customer", call.id)


def update_customer(call: Call[CustomerFields]) -> Json:
    customer = call.account.get("customer", call.id)
    change = call.params.given(*CUSTOMER_FIELDS)
    if "metadata" in call.params.model_fields_set:
        change["metadata"] = merge_metadata(customer["metadata"], call.params.metadata)
    previous = {name: customer[name] for name, value in change.items() if customer[name] != value}
    customer.update(change)
    call.account.save(customer)
    if previous:
        call.account.emit("customer.updated", customer, previous)
    return customer


def list_customers(call: Call[ListCustomers]) -> Json:
    return page(call, "customer", email=call.params.email)


def create_method(call: Call[MethodCreate]) -> Json:
    return save_method(call.account, call.params)


def retrieve_method(call: Call[Retrieve]) -> Json:
    return find_method(call.account, call.id, param="id")


def list_methods(call: Call[ListMethods]) -> Json:
    return page(call, "payment_method", customer=call.params.customer, type=call.params.type)


def attach_method(call: Call[MethodAttach]) -> Json:
    method = find_method(call.account, call.id, param="id")
    return attach(call.account, method, call.params.customer)


def detach_method(call: Call[Params]) -> Json:
    method = call.account.get("payment_method", call.id)
    if method["customer"] is None:
        raise StripeError("The payment method you provided is not attached to a customer so detachment is impossible.")
    method["customer"] = None
    call.account.save(method)
    call.account.emit("payment_method.detached", method)
    return method


def attach(account: Account, method: Json, customer: str) -> Json:
    """Keep the method for the customer.

    Raises:
        StripeError: no such customer, or the method belongs to another one.
    """
    account.get("customer", customer, param="customer")
    if method["customer"] == customer:
        return method
    if method["customer"] is not None:
        raise StripeError("The payment method you provided has already been attached to a customer.")
    method["customer"] = customer
    account.save(method)
    account.emit("payment_method.attached", method)
    return method


def save_method(account: Account, params: MethodCreate, *, param: str = "card") -> Json:
    """A payment method of the given card number, or PayPal.

    Raises:
        CardError: the number is none, or no test card's.
        ParameterError: the card is missing or has expired.
    """
    if params.type == "paypal":
        return account.save(new_paypal_method(billing=params.billing_details, metadata=params.metadata))
    if params.card is None:
        raise ParameterError(f"Missing required param: {param}.", code="parameter_missing", param=param)
    today = datetime.now(UTC)
    refuse_expired(params.card.exp_year, params.card.exp_month, this_year=today.year, this_month=today.month)
    return account.save(
        new_method(
            card_by_number(params.card.number),
            exp_month=params.card.exp_month,
            exp_year=params.card.exp_year,
            billing=params.billing_details,
            metadata=params.metadata,
        )
    )


def find_method(account: Account, name: str, *, param: str) -> Json:
    """The stored method, or a new one where `name` is a test method such as `pm_card_visa`.

    Raises:
        StripeError: 404 `resource_missing`.
    """
    card = card_by_method_name(name)
    if card is None:
        return account.get("payment_method", name, param=param)
    year = datetime.now(UTC).year + 1
    return account.save(new_method(card, exp_month=12, exp_year=year, billing=None, metadata=None))


def chosen_method(account: Account, params: Confirming) -> Json | None:
    """The method a request names or describes; None when it does neither."""
    if params.payment_method is not None:
        return find_method(account, params.payment_method, param="payment_method")
    if params.payment_method_data is not None:
        return save_method(account, params.payment_method_data, param="payment_method_data[card]")
    return None
