"""Cancellation policies, chosen by an agency or its own (rules, section 4). Bookings keep a copy of theirs."""

from collections.abc import Mapping
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Discriminator, Field, Tag

from sojourn.platform.kit.money import ZERO
from sojourn.platform.kit.wire import ALTERNATIVE, Money, MoneyIn, Wire

MAX_TIERS = 10
MAX_HOURS = 24 * 365 * 2


class PolicyName(StrEnum):
    FLEXIBLE = "FLEXIBLE"
    MODERATE = "MODERATE"
    STRICT = "STRICT"
    NON_REFUNDABLE = "NON_REFUNDABLE"


Hours = Annotated[int, Field(ge=0, le=MAX_HOURS)]
Percent = Annotated[int, Field(ge=0, le=100)]


class RefundTier(Wire):
    """At `min_hours_before` hours or more before the start, `refund_percent` % comes back, less `fixed_fee` (USD)."""

    min_hours_before: Annotated[int, Field(ge=0)]
    refund_percent: Percent
    fixed_fee: Money = ZERO


class OwnTier(Wire):
    """A tier that an agency writes itself: as `RefundTier`."""

    min_hours_before: Hours
    refund_percent: Percent
    fixed_fee: MoneyIn = ZERO


class CancellationPolicy(Wire):
    """The first tier whose hours are left applies; below the last one nothing comes back. `CUSTOM`: no preset's."""

    name: PolicyName | Literal["CUSTOM"]
    tiers: list[RefundTier]


def _descending(tiers: list[OwnTier]) -> list[OwnTier]:
    for number, (before, after) in enumerate(pairwise(tiers), start=2):
        if after.min_hours_before >= before.min_hours_before:
            raise ValueError(f"must have fewer hours from tier to tier; tier {number} does not")
    return tiers


def _spelling(sent: object) -> str | None:
    """Which of the two ways to say a policy this is, by its tag; None for neither."""
    if isinstance(sent, list):
        return ALTERNATIVE
    return "preset" if isinstance(sent, str) and sent in set(PolicyName) else None


OwnTiers = Annotated[list[OwnTier], Field(min_length=1, max_length=MAX_TIERS), AfterValidator(_descending)]
ChosenPolicy = Annotated[
    Annotated[PolicyName, Tag("preset")] | Annotated[OwnTiers, Tag(ALTERNATIVE)],
    Discriminator(
        _spelling,
        custom_error_type="cancellation_policy",
        custom_error_message=f"must be one of {', '.join(PolicyName)}, or a list of tiers",
    ),
]
"""What an agency says of an entry's policy: a preset's name, or tiers of its own, the most hours first."""

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


def written_out(chosen: str | list[dict[str, Any]]) -> dict[str, Any]:
    """What a row holds for a `ChosenPolicy`, both in values of JSON."""
    if isinstance(chosen, str):
        return preset(PolicyName(chosen)).model_dump(mode="json")
    tiers = [RefundTier.model_validate(tier) for tier in chosen]
    return CancellationPolicy(name="CUSTOM", tiers=tiers).model_dump(mode="json")


def as_chosen(kept: Mapping[str, Any]) -> str | list[dict[str, Any]]:
    """The `ChosenPolicy` that a row's policy was made of: the way back from `written_out`."""
    name: str = kept["name"]
    tiers: list[dict[str, Any]] = kept["tiers"]
    is_preset = name in set(PolicyName) and written_out(name)["tiers"] == tiers
    return name if is_preset else tiers
