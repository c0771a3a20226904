"""The cancellation policies an agency chooses from (rules, section 4). Bookings keep a copy of theirs."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from sojourn.platform.kit.money import ZERO
from sojourn.platform.kit.wire import Money, Wire


class PolicyName(StrEnum):
    FLEXIBLE = "FLEXIBLE"
    MODERATE = "MODERATE"
    STRICT = "STRICT"
    NON_REFUNDABLE = "NON_REFUNDABLE"


class RefundTier(Wire):
    """At `min_hours_before` hours or more before the start, `refund_percent` % comes back, less `fixed_fee` (USD)."""

    min_hours_before: Annotated[int, Field(ge=0)]
    refund_percent: Annotated[int, Field(ge=0, le=100)]
    fixed_fee: Money = ZERO


class CancellationPolicy(Wire):
    """The first tier whose hours are left applies; below the last one nothing comes back."""

    name: PolicyName
    tiers: list[RefundTier]


_TIERS: dict[PolicyName, tuple[tuple[int, int], ...]] = {
    PolicyName.FLEXIBLE: ((24, 100),),
    PolicyName.MODERATE: ((168, 100), (72, 50)),
    PolicyName.STRICT: ((336, 50),),
    PolicyName.NON_REFUNDABLE: (),
}


def preset(name: PolicyName) -> CancellationPolicy:
    """The tiers behind a preset's name."""
    tiers = [RefundTier(min_hours_before=hours, refund_percent=percent) for hours, percent in _TIERS[name]]
    return CancellationPolicy(name=name, tiers=tiers)
