"""Charges and what goes back on them: refunds that work, wait or fail, and disputes."""

from sojourn.sandbox.account import Account, merge_metadata, now_seconds
from sojourn.sandbox.calls import Call, page
from sojourn.sandbox.cards import Outcome, card_by_fingerprint
from sojourn.sandbox.errors import Json, ParameterError, StripeError
from sojourn.sandbox.forms import Params
from sojourn.sandbox.parameters import (
    ChargeUpdate,
    DisputeUpdate,
    ListCharges,
    ListRefunds,
    MetadataUpdate,
    RefundCreate,
    Retrieve,
)
from sojourn.sandbox.stripe_objects import new_dispute, new_refund

EVIDENCE_DAYS = 7
FINISHED_DISPUTES = ("won", "lost")


def retrieve_charge(call: Call[Retrieve]) -> Json:
    return call.account.get("charge", call.id)


def list_charges(call: Call[ListCharges]) -> Json:
    params = call.params
    return page(call, "charge", payment_intent=params.payment_intent, customer=params.customer)


def update_charge(call: Call[ChargeUpdate]) -> Json:
    charge = call.account.get("charge", call.id)
    charge.update(call.params.given("description", "receipt_email"))
    _merge(charge, call.params)
    call.account.save(charge)
    call.account.emit("charge.updated", charge, {})
    return charge


def create(call: Call[RefundCreate]) -> Json:
    account, params = call.account, call.params
    charge = _charge_of(account, params)
    left = charge["amount_captured"] - refunded_amount(account, charge)
    if charge["disputed"]:
        raise StripeError(
            f"Charge {charge['id']} has been charged back; cannot issue a refund.", code="charge_disputed"
        )
    if left <= 0:
        raise StripeError(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    amount = params.amount if params.amount is not None else left
    if amount > left:
        raise StripeError(
            f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left}).", param="amount"
        )
    card = charge["payment_method_details"].get("card")
    outcome = card_by_fingerprint(card["fingerprint"]).outcome if card else Outcome.PAYS
    status = "pending" if outcome is Outcome.DELAYS_REFUNDS else "succeeded"
    refund = new_refund(charge, amount=amount, reason=params.reason, metadata=params.metadata or {}, status=status)
    account.save(refund)
    account.emit("refund.created", refund)
    account.emit("charge.refunded", _recount(account, charge))
    if outcome is Outcome.FAILS_REFUNDS:
        account.later("fail_refund", refund["id"], account.settle_seconds)
    if outcome is Outcome.DELAYS_REFUNDS:
        account.later("finish_refund", refund["id"], account.settle_seconds)
    return refund


def refunded_amount(account: Account, charge: Json) -> int:
    """What has gone back or is on its way, in minor units; a failed refund counts no more."""
    row = account.store.row(
        "SELECT coalesce(sum(json_extract(body, '$.amount')), 0) AS total FROM objects WHERE account = ? "
        "AND kind = 'refund' AND json_extract(body, '$.payment_intent') = ? "
        "AND json_extract(body, '$.charge') = ? AND json_extract(body, '$.status') IN ('pending', 'succeeded')",
        account.key,
        charge["payment_intent"],
        charge["id"],
    )
    return int(row["total"]) if row is not None else 0


def _charge_of(account: Account, params: RefundCreate) -> Json:
    if (params.charge is None) == (params.payment_intent is None):
        raise ParameterError(
            "Pass exactly one of payment_intent and charge.", code="parameter_missing", param="payment_intent"
        )
    charge_id = params.charge
    if params.payment_intent is not None:
        charge_id = account.get("payment_intent", params.payment_intent, param="payment_intent")["latest_charge"]
    charge = None if charge_id is None else account.get("charge", charge_id, param="charge")
    if charge is None or charge["status"] != "succeeded" or not charge["captured"]:
        raise StripeError(
            f"{params.payment_intent or params.charge} does not have a successful charge to refund.",
            code="payment_intent_unexpected_state" if params.payment_intent else "charge_not_refundable",
            param="payment_intent" if params.payment_intent else "charge",
        )
    return charge


def _recount(account: Account, charge: Json) -> Json:
    refunded = refunded_amount(account, charge)
    released = charge["amount"] - charge["amount_captured"]
    charge.update(amount_refunded=refunded + released, refunded=refunded >= charge["amount_captured"])
    return account.save(charge)


def fail_refund(account: Account, refund_id: str) -> None:
    """The bank sent the money back: the refund fails after it had been reported as made."""
    refund = account.get("refund", refund_id)
    previous = {"status": refund["status"]}
    refund.update(status="failed", failure_reason="expired_or_canceled_card")
    account.save(refund)
    account.emit("refund.updated", refund, previous)
    account.emit("refund.failed", refund)
    account.emit("charge.updated", _recount(account, account.get("charge", refund["charge"])), {})


def finish_refund(account: Account, refund_id: str) -> None:
    refund = account.get("refund", refund_id)
    refund["status"] = "succeeded"
    account.save(refund)
    account.emit("refund.updated", refund, {"status": "pending"})


def retrieve(call: Call[Retrieve]) -> Json:
    return call.account.get("refund", call.id)


def list_refunds(call: Call[ListRefunds]) -> Json:
    params = call.params
    return page(call, "refund", charge=params.charge, payment_intent=params.payment_intent)


def update(call: Call[MetadataUpdate]) -> Json:
    refund = call.account.get("refund", call.id)
    previous = {"metadata": refund["metadata"]}
    _merge(refund, call.params)
    call.account.save(refund)
    call.account.emit("refund.updated", refund, previous)
    return refund


def open_dispute(account: Account, charge_id: str) -> None:
    charge = account.get("charge", charge_id)
    dispute = account.save(new_dispute(charge, due_by=now_seconds() + EVIDENCE_DAYS * 86_400))
    charge["disputed"] = True
    account.save(charge)
    account.emit("charge.dispute.created", dispute)
    account.emit("charge.dispute.funds_withdrawn", dispute)


def retrieve_dispute(call: Call[Retrieve]) -> Json:
    return call.account.get("dispute", call.id)


def list_disputes(call: Call[ListRefunds]) -> Json:
    params = call.params
    return page(call, "dispute", charge=params.charge, payment_intent=params.payment_intent)


def update_dispute(call: Call[DisputeUpdate]) -> Json:
    """Evidence is judged at once by Stripe's test words: `winning_evidence`, `losing_evidence`."""
    account, params = call.account, call.params
    dispute = _open_dispute(account, call.id)
    _merge(dispute, params)
    dispute["evidence"] = {**dispute["evidence"], **(params.evidence or {})}
    dispute["evidence_details"]["has_evidence"] = bool(dispute["evidence"])
    if params.submit is not False and params.evidence:
        dispute["evidence_details"]["submission_count"] += 1
        dispute["status"] = "under_review"
    account.save(dispute)
    account.emit("charge.dispute.updated", dispute, {})
    verdict = {"winning_evidence": "won", "losing_evidence": "lost"}
    word = dispute["evidence"].get("uncategorized_text")
    if dispute["status"] == "under_review" and word in verdict:
        return _end_dispute(account, dispute, verdict[word])
    return dispute


def close_dispute(call: Call[Params]) -> Json:
    return _end_dispute(call.account, _open_dispute(call.account, call.id), "lost")


def _open_dispute(account: Account, dispute_id: str) -> Json:
    dispute = account.get("dispute", dispute_id)
    if dispute["status"] in FINISHED_DISPUTES:
        raise StripeError(f"This dispute is already closed as {dispute['status']}.")
    return dispute


def _end_dispute(account: Account, dispute: Json, status: str) -> Json:
    dispute["status"] = status
    account.save(dispute)
    account.emit("charge.dispute.closed", dispute)
    if status == "won":
        account.emit("charge.dispute.funds_reinstated", dispute)
    return dispute


def _merge(body: Json, params: MetadataUpdate) -> None:
    if "metadata" in params.model_fields_set:
        body["metadata"] = merge_metadata(body["metadata"], params.metadata)
