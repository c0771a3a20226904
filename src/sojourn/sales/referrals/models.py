"""What referrals are, as rows and on the wire."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from sojourn.platform.kit.texts import Reason
from sojourn.platform.kit.wire import Money, PageIn, SortByTime, Wire
from sojourn.sales.purchases import PurchaseKind


class ReferralStatus(StrEnum):
    """`PENDING`: paid for, not yet travelled or delivered. `FLAGGED`: a person must look."""

    PENDING = "PENDING"
    FLAGGED = "FLAGGED"
    APPROVED = "APPROVED"
    VOIDED = "VOIDED"


class VoidReason(StrEnum):
    """`REFUNDED`: too little of the purchase was kept when it was completed."""

    PURCHASE_CANCELLED = "PURCHASE_CANCELLED"
    REFUNDED = "REFUNDED"
    REJECTED = "REJECTED"


class Flag(StrEnum):
    """What the friend has in common with who sent them."""

    SAME_CARD = "SAME_CARD"
    SAME_PHONE = "SAME_PHONE"
    SAME_DEVICE = "SAME_DEVICE"


class FriendStatus(StrEnum):
    """How far a friend is, as whoever sent them sees it."""

    REGISTERED = "REGISTERED"
    PENDING = "PENDING"
    APPROVED = "APPROVED"
    VOIDED = "VOIDED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Referral:
    """A row of `referrals`. `kept` is what of the purchase's money was not refunded, in the storefront's currency."""

    id: UUID
    referrer_id: UUID
    friend_id: UUID
    status: ReferralStatus
    flags: tuple[Flag, ...]
    is_cleared: bool
    completed_at: datetime | None
    purchase_id: UUID
    amount: Decimal
    currency: str
    kept: Decimal


class ReferralSummary(Wire):
    """What a customer shares, and what came of it.

    `registered` counts everybody who signed up by the code; `pending`, `approved` and `voided` their first purchases.
    """

    code: str
    link: str
    registered: int
    pending: int
    approved: int
    voided: int
    points_earned: int
    points_per_friend: int
    points_for_friend: int
    rewarded_this_year: int
    rewards_left_this_year: int


class Friend(Wire):
    """One friend, without a word about who it is. `points` is what the customer got for them."""

    status: FriendStatus
    points: int
    registered_at: datetime
    updated_at: datetime


class ReferralFilters(PageIn):
    status: ReferralStatus | None = None
    sort: SortByTime = SortByTime.OLDEST


class Person(Wire):
    """Who it is, for the desk."""

    id: UUID
    name: str
    email: str


class ReferralOut(Wire):
    """A referral as the desk sees it. Points are those that were given."""

    id: UUID
    referrer: Person
    friend: Person
    status: ReferralStatus
    flags: list[Flag]
    is_cleared: bool
    void_reason: VoidReason | None
    purchase_kind: PurchaseKind
    purchase_id: UUID
    reference: str | None
    amount: Money
    currency: str
    referrer_points: int
    friend_points: int
    completed_at: datetime | None
    approved_at: datetime | None
    decided_by: UUID | None
    decided_at: datetime | None
    note: str | None
    created_at: datetime


class Decision(StrEnum):
    """`CLEAR`: two people after all. `REJECT`: one person twice."""

    CLEAR = "CLEAR"
    REJECT = "REJECT"


class ReferralDecisionIn(Wire):
    """What a person decides about a flagged referral, and why."""

    decision: Decision
    note: Reason
