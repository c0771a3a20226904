"""New objects as Stripe sends them, with every field a client may read."""

from sojourn.sandbox.account import new_id, now_seconds
from sojourn.sandbox.cards import Card
from sojourn.sandbox.errors import Json
from sojourn.sandbox.parameters import CustomerFields, IntentCreate

EMPTY_BILLING: Json = {
    "address": {"city": None, "country": None, "line1": None, "line2": None, "postal_code": None, "state": None},
    "email": None,
    "name": None,
    "phone": None,
    "tax_id": None,
}


def new_customer(params: CustomerFields) -> Json:
    return {
        "id": new_id("cus"),
        "object": "customer",
        "address": params.address,
        "balance": 0,
        "created": now_seconds(),
        "currency": None,
        "default_source": None,
        "delinquent": False,
        "description": params.description,
        "email": params.email,
        "livemode": False,
        "metadata": params.metadata or {},
        "name": params.name,
        "phone": params.phone,
        "preferred_locales": params.preferred_locales or [],
        "shipping": params.shipping,
    }


def new_method(card: Card, *, exp_month: int, exp_year: int, billing: Json | None, metadata: Json | None) -> Json:
    return {
        "id": new_id("pm"),
        "object": "payment_method",
        "allow_redisplay": "unspecified",
        "billing_details": {**EMPTY_BILLING, **(billing or {})},
        "card": {
            "brand": card.brand,
            "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
            "country": "US",
            "display_brand": card.brand,
            "exp_month": exp_month,
            "exp_year": exp_year,
            "fingerprint": card.fingerprint,
            "funding": "credit",
            "generated_from": None,
            "last4": card.number[-4:],
            "networks": {"available": [card.brand], "preferred": None},
            "three_d_secure_usage": {"supported": True},
            "wallet": None,
        },
        "created": now_seconds(),
        "customer": None,
        "livemode": False,
        "metadata": metadata or {},
        "type": "card",
    }


def new_paypal_method(*, billing: Json | None, metadata: Json | None) -> Json:
    return {
        "id": new_id("pm"),
        "object": "payment_method",
        "allow_redisplay": "unspecified",
        "billing_details": {**EMPTY_BILLING, **(billing or {})},
        "created": now_seconds(),
        "customer": None,
        "livemode": False,
        "metadata": metadata or {},
        "paypal": {"country": "KH", "payer_email": "sok.dara@example.com", "payer_id": "SANDBOXPAYER"},
        "type": "paypal",
    }


def new_intent(params: IntentCreate) -> Json:
    intent_id = new_id("pi")
    return {
        "id": intent_id,
        "object": "payment_intent",
        "amount": params.amount,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": _automatic_methods(params),
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": params.capture_method or "automatic_async",
        "client_secret": f"{intent_id}_{new_id('secret')}",
        "confirmation_method": params.confirmation_method,
        "created": now_seconds(),
        "currency": params.currency,
        "customer": params.customer,
        "description": params.description,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": params.metadata or {},
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_configuration_details": None,
        "payment_method_options": params.payment_method_options or {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": params.payment_method_types or params.allowed_payment_method_types or ["card"],
        "processing": None,
        "receipt_email": params.receipt_email,
        "review": None,
        "setup_future_usage": params.setup_future_usage,
        "shipping": params.shipping,
        "source": None,
        "statement_descriptor": params.statement_descriptor,
        "statement_descriptor_suffix": params.statement_descriptor_suffix,
        "status": "requires_payment_method",
        "transfer_data": None,
        "transfer_group": params.transfer_group,
    }


def _automatic_methods(params: IntentCreate) -> Json | None:
    if params.payment_method_types or params.allowed_payment_method_types:
        return None
    given = params.automatic_payment_methods or {"enabled": "true"}
    return {
        "allow_redirects": given.get("allow_redirects", "always"),
        "enabled": str(given.get("enabled")).lower() == "true",
    }


def new_charge(intent: Json, method: Json, *, receipt_url: str | None, is_captured: bool, decline: Json | None) -> Json:
    """A charge of the intent's amount; `decline` is the error of one that failed."""
    is_paid = decline is None
    return {
        "id": new_id("ch"),
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": intent["amount"] if is_paid and is_captured else 0,
        "amount_refunded": 0,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": None,
        "billing_details": method["billing_details"],
        "calculated_statement_descriptor": "SANDBOX",
        "captured": is_paid and is_captured,
        "created": now_seconds(),
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": None if decline is None else decline["code"],
        "failure_message": None if decline is None else decline["message"],
        "fraud_details": {},
        "livemode": False,
        "metadata": intent["metadata"],
        "on_behalf_of": None,
        "outcome": _outcome(decline),
        "paid": is_paid,
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": _charged(method, intent, is_paid=is_paid),
        "receipt_email": intent["receipt_email"],
        "receipt_number": None,
        "receipt_url": receipt_url,
        "refunded": False,
        "review": None,
        "shipping": intent["shipping"],
        "statement_descriptor": intent["statement_descriptor"],
        "statement_descriptor_suffix": intent["statement_descriptor_suffix"],
        "status": "succeeded" if is_paid else "failed",
        "transfer_data": None,
        "transfer_group": intent["transfer_group"],
    }


def _charged(method: Json, intent: Json, *, is_paid: bool) -> Json:
    kind = method["type"]
    if kind == "paypal":
        payer = {name: method["paypal"][name] for name in ("payer_email", "payer_id")}
        return {"paypal": {**payer, "transaction_id": new_id("pp"), "seller_protection": None}, "type": kind}
    return {"card": _charged_card(method["card"], intent, is_paid=is_paid), "type": kind}


def _charged_card(card: Json, intent: Json, *, is_paid: bool) -> Json:
    shown = ("brand", "checks", "country", "exp_month", "exp_year", "fingerprint", "funding", "last4", "wallet")
    return {
        **{name: card[name] for name in shown},
        "amount_authorized": intent["amount"] if is_paid else None,
        "network": card["brand"],
        "three_d_secure": None,
    }


def _outcome(decline: Json | None) -> Json:
    if decline is None:
        return {
            "network_status": "approved_by_network",
            "reason": None,
            "risk_level": "normal",
            "seller_message": "Payment complete.",
            "type": "authorized",
        }
    return {
        "network_status": "declined_by_network",
        "reason": decline.get("decline_code") or decline["code"],
        "risk_level": "normal",
        "seller_message": "The bank did not return any further details with this decline.",
        "type": "issuer_declined",
    }


def new_refund(charge: Json, *, amount: int, reason: str | None, metadata: Json, status: str) -> Json:
    return {
        "id": new_id("re"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": charge["id"],
        "created": now_seconds(),
        "currency": charge["currency"],
        "destination_details": {
            "card": {"reference_status": "pending", "reference_type": "acquirer_reference_number", "type": "refund"},
            "type": "card",
        },
        "failure_balance_transaction": None,
        "metadata": metadata,
        "payment_intent": charge["payment_intent"],
        "reason": reason,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": status,
        "transfer_reversal": None,
    }


def new_dispute(charge: Json, *, due_by: int) -> Json:
    return {
        "id": new_id("du"),
        "object": "dispute",
        "amount": charge["amount_captured"],
        "balance_transactions": [],
        "charge": charge["id"],
        "created": now_seconds(),
        "currency": charge["currency"],
        "evidence": {},
        "evidence_details": {"due_by": due_by, "has_evidence": False, "past_due": False, "submission_count": 0},
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "reason": "fraudulent",
        "status": "needs_response",
    }
