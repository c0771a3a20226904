"""Points on the wire."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from sojourn.platform.kit.wire import Money, MoneyIn, Wire
from sojourn.sales.loyalty.rules import EntryKind, EntryStatus


class ExpiringPoints(Wire):
    """`expires_on` is the day in the storefront's zone on which they end."""

    points: int
    expires_on: date


class Balance(Wire):
    """A customer's points as they stand.

    `available` can be spent now, never below 0; `pending` become available when their purchase is completed;
    `reserved` are kept for open holds; `debt` is what future points pay off first. `value_usd` is what `available` is
    worth, in the storefront's currency.
    """

    available: int
    pending: int
    reserved: int
    debt: int
    expiring_soon: list[ExpiringPoints]
    value_usd: Money


class PointsEntry(Wire):
    """One movement of points; `points` is signed. `reference` and `title` name the purchase behind it."""

    id: UUID
    kind: EntryKind
    points: int
    status: EntryStatus
    purchase_id: UUID | None
    booking_id: UUID | None
    reference: str | None
    title: str | None
    created_at: datetime


class RedemptionIn(Wire):
    """`subtotal` is the price after discounts. Without `points`, the most that may be used is taken."""

    subtotal: MoneyIn
    points: Annotated[int, Field(ge=0, le=100_000_000)] | None = None


class Redemption(Wire):
    """How many points a price of `subtotal` takes: whole blocks, a share of the price, no more than are available.

    `points` is what would be used of those asked for, `discount` their worth, `total` what is left to pay.
    """

    subtotal: Money
    available: int
    max_points: int
    points: int
    discount: Money
    total: Money
