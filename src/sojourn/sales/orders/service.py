"""Ordering a service, and changing what the customer said about it."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sojourn.people.auth.access import Actor
from sojourn.platform.audit.trail import Act, record
from sojourn.platform.db.database import Connection
from sojourn.platform.errors import InvalidInput, NotAllowed
from sojourn.platform.http.context import Origin
from sojourn.platform.kit.clock import local_date
from sojourn.platform.kit.ids import new_id
from sojourn.platform.storefront import SalesRules, Storefront
from sojourn.sales.loyalty import service as loyalty
from sojourn.sales.orders import queries
from sojourn.sales.orders.errors import OrderNotModifiable, OrderVersionConflict
from sojourn.sales.orders.models import (
    CustomerInfo,
    CustomerInfoIn,
    Offer,
    Order,
    OrderChangeIn,
    OrderIn,
    ServiceDetails,
)
from sojourn.sales.orders.rules import MODIFIABLE, POINTS_SET_ASIDE, is_travel_date_possible
from sojourn.sales.pricing.models import Price
from sojourn.sales.pricing.rules import max_points, price_service


async def create_order(
    tx: Connection, *, buyer: Actor, body: OrderIn, storefront: Storefront, now: datetime, origin: Origin
) -> UUID:
    """Order a service: priced now, unpaid, its points set aside for a day. Returns the order's id.

    Raises ServiceNotOnSale, InvalidInput (a travel date or points that cannot be), NotEnoughPoints.
    """
    today = local_date(now, storefront.time_zone)
    details = body.service_details
    check_travel_date(details, today=today, rules=storefront.rules)
    offer = await queries.get_offer(tx, id_or_slug=body.service_id, user_id=buyer.user_id, now=now)
    price = _price(offer, body, storefront.rules)
    order_id = new_id()
    if price.points_used:
        await loyalty.reserve(
            tx, user_id=buyer.user_id, purchase_id=order_id, points=price.points_used,
            expires_at=now + POINTS_SET_ASIDE, now=now,
        )  # fmt: skip
    await queries.insert_order(
        tx, order_id=order_id, offer=offer, price=price, quantity=body.quantity,
        customer_info=merged_customer(offer.buyer, body.customer_info), service_details=details,
        language=body.language or offer.buyer_language, user_id=buyer.user_id, storefront=storefront, year=today.year,
        now=now, origin=origin,
    )  # fmt: skip
    return order_id


def _price(offer: Offer, body: OrderIn, rules: SalesRules) -> Price:
    """Points pay for our own service only, so the cap is a share of the service fee after discounts."""

    def priced(points: int) -> Price:
        return price_service(
            title=offer.title, service_fee=offer.service_fee, government_fee=offer.government_fee,
            quantity=body.quantity, is_student=offer.is_student, points=points, rules=rules,
        )  # fmt: skip

    without = priced(0)
    points = body.loyalty_points
    if points % rules.points_block:
        raise InvalidInput.at("loyalty_points", f"must be a multiple of {rules.points_block}")
    most = max_points(after_discounts=without.total - without.non_refundable, available=points, rules=rules)
    if points > most:
        raise InvalidInput.at("loyalty_points", f"at most {most} points can be spent on this order")
    return priced(points) if points else without


async def change_order(
    tx: Connection, *, id_or_number: str, actor: Actor, body: OrderChangeIn, storefront: Storefront, now: datetime,
    origin: Origin,
) -> None:  # fmt: skip
    """Correct whom an order is for or what it is about, before work on it begins.

    Raises OrderNotFound, NotAllowed (its consultant), OrderVersionConflict, OrderNotModifiable, InvalidInput.
    """
    if body.customer_info is None and body.service_details is None:
        raise InvalidInput.at("customer_info", "send `customer_info`, `service_details` or both")
    check_travel_date(body.service_details, today=local_date(now, storefront.time_zone), rules=storefront.rules)
    order = await queries.lock_visible(tx, id_or_number=id_or_number, actor=actor)
    if not (actor.is_admin or order.user_id == actor.user_id):
        raise NotAllowed
    check_version(order, body.version)
    if order.status not in MODIFIABLE:
        raise OrderNotModifiable(details={"status": order.status.value})
    customer = CustomerInfo.model_validate(order.customer_info)
    if body.customer_info is not None:
        customer = merged_customer(customer, body.customer_info)
    details = _merged_details(order, body.service_details)
    await queries.change_details(
        tx, order_id=order.id, customer_info=customer.model_dump(mode="json"), service_details=details, now=now
    )
    # Names of fields only: a passport number has no business in the trail.
    sent = [*_sent("customer_info", body.customer_info), *_sent("service_details", body.service_details)]
    act = Act(
        action="order.changed", subject_kind="ORDER", subject_id=order.id, actor_id=actor.user_id,
        reference=order.order_number, detail={"fields": sent},
    )  # fmt: skip
    await record(tx, act, now=now, origin=origin)


def _sent(name: str, part: CustomerInfoIn | ServiceDetails | None) -> list[str]:
    return [f"{name}.{field}" for field in sorted(part.model_fields_set)] if part is not None else []


def _merged_details(order: Order, sent: ServiceDetails | None) -> dict[str, Any] | None:
    if sent is None:
        return order.service_details
    stored = order.service_details or ServiceDetails().model_dump(mode="json")
    return {**stored, **sent.model_dump(mode="json", include=sent.model_fields_set)}


def merged_customer(known: CustomerInfo, sent: CustomerInfoIn) -> CustomerInfo:
    """`known` with what was sent."""
    return CustomerInfo(
        full_name=sent.full_name or known.full_name,
        email=sent.email or known.email,
        phone=sent.phone or known.phone,
        country=sent.country or known.country,
    )


def check_travel_date(details: ServiceDetails | None, *, today: date, rules: SalesRules) -> None:
    """Raises InvalidInput when travel is asked for today, in the past, or beyond the horizon."""
    day = details.travel_date if details else None
    if day is not None and not is_travel_date_possible(day, today=today, horizon_days=rules.booking_horizon_days):
        message = f"must be from tomorrow to {rules.booking_horizon_days} days ahead"
        raise InvalidInput.at("service_details.travel_date", message)


def check_version(order: Order, expected: int | None) -> None:
    """Raises OrderVersionConflict when the caller has read another version than stands."""
    if expected is not None and expected != order.version:
        raise OrderVersionConflict(details={"version": order.version})
