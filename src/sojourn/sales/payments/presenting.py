"""A payment row as the documents' field names."""

from typing import Any
from uuid import UUID

from sojourn.platform.http.context import Context
from sojourn.platform.kit.money import round_money
from sojourn.sales.payments.models import PaymentMethod, PaymentOut, RefundOut
from sojourn.sales.payments.qr_pictures import picture_key
from sojourn.sales.purchases import PurchaseKind


def picture_url(ctx: Context, payment_id: UUID, ending: str) -> str:
    """Where a KHQR payment's code is drawn, as `png` or `svg`. An image in a page sends no token: the key stands for
    it."""
    base = f"{ctx.runtime.public_url.rstrip('/')}{ctx.storefront.prefix}/payments/{payment_id}/qr.{ending}"
    return f"{base}?key={picture_key(payment_id, secret=ctx.runtime.access_secret)}"


def present(ctx: Context, row: dict[str, Any]) -> PaymentOut:
    """The wire form of a row of `queries.find_detail` or `queries.list_of_user`."""
    kind = PurchaseKind(row["purchase_kind"])
    booking_id = row["purchase_id"] if kind is PurchaseKind.BOOKING else row["changed_booking_id"]
    share = (row["purchase_amount"] or row["amount"]) / row["amount"]
    is_qr = row["method"] == PaymentMethod.BAKONG_QR
    refunds = [RefundOut.model_validate({n: r[n] for n in RefundOut.model_fields}) for r in row["refunds"]]
    return PaymentOut(
        id=row["id"],
        order_id=row["purchase_id"] if kind is PurchaseKind.ORDER else None,
        booking_id=booking_id,
        user_id=row["user_id"],
        reference=row["reference"],
        amount=row["amount"],
        amount_usd=row["purchase_amount"] or row["amount"],
        currency=row["currency"],
        status=row["status"],
        payment_method=row["method"],
        stripe_payment_intent_id=None if is_qr else row["provider_intent_id"],
        stripe_charge_id=None if is_qr else row["provider_charge_id"],
        stripe_event_id=row["success_event_id"],
        card_last4=row["card_last4"],
        card_brand=row["card_brand"],
        failure_code=row["failure_code"],
        failure_message=row["failure_message"],
        failure_reason=row["failure_message"] or row["failure_code"],
        payment_attempts=row["payment_attempts"],
        disposition=row["disposition"],
        dispute_status=row["dispute_status"],
        refund_amount=row["refunded_amount"],
        refund_amount_usd=round_money(row["refunded_amount"] * share),
        refund_reason=refunds[-1].reason if refunds else None,
        exchange_rate=row["exchange_rate"],
        qr_code_url=picture_url(ctx, row["id"], "png") if is_qr else None,
        paid_at=row["paid_at"],
        refunded_at=row["refunded_at"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        refunds=refunds,
    )
