"""What payments know of a purchase. Orders and bookings implement `Payable`; the composition root registers them, so
payments import neither (docs/payments.md).

The lock law of money: the purchase first, then its payments. Nobody locks them the other way round.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple, Protocol, runtime_checkable
from uuid import UUID

from sojourn.platform.db.database import Connection
from sojourn.platform.db.together import Write
from sojourn.platform.jobs.queue import Effect
from sojourn.platform.kit.money import ZERO
from sojourn.platform.redis.port import Change
from sojourn.platform.storefront import SalesRules, Storefront
from sojourn.sales.payments.models import Payment
from sojourn.sales.purchases import PurchaseKind


class PurchaseState(StrEnum):
    """All that a payment needs to know of a purchase's status."""

    OPEN = "OPEN"  # may be paid
    LAPSED = "LAPSED"  # its hold has ended unpaid
    PAID = "PAID"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """A purchase as payments see it. `amount_due` is what one payment must bring, no more and no less.
    `changed_booking_id`: the booking that a change is of. `non_refundable`: what is spent, and comes back to nobody."""

    kind: PurchaseKind
    id: UUID
    user_id: UUID
    reference: str
    title: str
    state: PurchaseState
    amount_due: Decimal
    currency: str
    expires_at: datetime | None
    customer_email: str
    language: str
    changed_booking_id: UUID | None = None
    non_refundable: Decimal = ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRefund:
    """What the purchase's own policy would give back if its customer cancelled now, in the purchase's currency."""

    tier: str
    percent: int
    amount: Decimal


class Paid(NamedTuple):
    """A purchase, and the id by which the provider knows a payment of it."""

    purchase_id: UUID
    provider: str
    intent_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """Money that has arrived for a purchase."""

    payment_id: UUID
    amount: Decimal
    currency: str
    is_late: bool


class Payable(Protocol):
    """The purchase's side. Every method works inside the caller's transaction."""

    async def find(self, connection: Connection, *, purchase_id: UUID, now: datetime) -> Purchase | None:
        """The purchase as it stands, without a lock."""
        ...

    async def lock(self, tx: Connection, *, purchase_id: UUID, now: datetime) -> Purchase | None:
        """The purchase, locked until the transaction ends."""
        ...

    async def revive(self, tx: Connection, *, purchase: Purchase, now: datetime) -> bool:
        """Take the stock of a lapsed purchase again. False when it is gone."""
        ...

    async def confirm(
        self, tx: Connection, *, purchase: Purchase, captured: Captured, storefront: Storefront, now: datetime
    ) -> Sequence[Effect]:
        """The purchase is paid: confirm it, keep its stock, consume and earn points. Returns the effects."""
        ...

    async def note_refunds(
        self, tx: Connection, *, purchase_id: UUID, captured: Decimal, refunded: Decimal, rules: SalesRules,
        now: datetime,
    ) -> None:  # fmt: skip
        """The sum of succeeded refunds has changed: it is less when one has failed after all."""
        ...

    async def find_policy_refund(
        self, connection: Connection, *, purchase_id: UUID, storefront: Storefront, now: datetime
    ) -> PolicyRefund | None:
        """What cancelling would bring its customer; None when it cannot be cancelled, or not by itself."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """What confirming a purchase writes, what it sets going, and how Redis follows. `sure`: how many rows parts of it
    answer, if the purchase is still as it was read; the first of them locks it."""

    writes: Sequence[Write]
    effects: Sequence[Effect]
    sure: Mapping[str, int]
    mirrored: Sequence[Change]


@runtime_checkable
class PlainPayable(Payable, Protocol):
    """A purchase that is mostly confirmed without anything to ask first (docs/decisions/0025-judge-then-write.md)."""

    async def find_with_payments(
        self, connection: Connection, *, paid: Sequence[Paid], now: datetime
    ) -> dict[Paid, tuple[Purchase, Payment]]:
        """Those purchases with those payments, in one statement, without a lock."""
        ...

    def confirm_plainly(
        self, *, purchase: Purchase, captured: Captured, storefront: Storefront, now: datetime
    ) -> Confirmation | None:
        """What `confirm` would write, where it is no more than that; None where it must read or lock more."""
        ...


class Payables:
    """Which `Payable` answers for which kind; filled once, in the composition root."""

    def __init__(self, by_kind: dict[PurchaseKind, Payable]) -> None:
        self._by_kind = by_kind
        self._plain = {kind: payable for kind, payable in by_kind.items() if isinstance(payable, PlainPayable)}

    def of(self, kind: PurchaseKind) -> Payable:
        return self._by_kind[kind]

    def plain(self, kind: PurchaseKind) -> PlainPayable | None:
        """Asked for each webhook: whether a class fits a protocol takes long to find out."""
        return self._plain.get(kind)
