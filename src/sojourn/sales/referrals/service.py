"""Referrals, from the friend's first purchase to the points: each step in the transaction of its cause.

Purchases call `note_paid`, `note_completed` and `note_cancelled` while their own row is locked, and before anybody's
points are touched (see the lock law in `queries.py`).
"""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sojourn.people.auth.access import Actor
from sojourn.platform.audit.trail import Act, ActorKind, record
from sojourn.platform.db.database import Connection
from sojourn.platform.http.context import SYSTEM_ORIGIN, Origin
from sojourn.platform.kit.clock import local_date, start_of_day
from sojourn.platform.storefront import Module, Storefront
from sojourn.sales.loyalty import service as loyalty
from sojourn.sales.purchases import PurchaseKind
from sojourn.sales.referrals import queries, rules
from sojourn.sales.referrals.errors import ReferralNotFlagged
from sojourn.sales.referrals.models import (
    Decision,
    Flag,
    Referral,
    ReferralDecisionIn,
    ReferralStatus,
    ReferralSummary,
    VoidReason,
)


async def note_paid(
    tx: Connection, *, friend_id: UUID, referrer_id: UUID | None, kind: PurchaseKind, purchase_id: UUID,
    amount: Decimal, currency: str, storefront: Storefront, now: datetime,
) -> None:  # fmt: skip
    """A purchase is confirmed. The first one that is large enough is what the referral is about.

    `amount` is its price in `currency`, the storefront's. Nothing is asked when nobody sent the customer.
    """
    is_on = Module.REFERRALS in storefront.modules
    if referrer_id is None or not is_on or not rules.counts(amount, storefront.rules):
        return
    flags = await queries.list_flags(tx, friend_id=friend_id, referrer_id=referrer_id)
    await queries.insert_referral(
        tx, referrer_id=referrer_id, friend_id=friend_id, flags=flags, kind=kind, purchase_id=purchase_id,
        amount=amount, currency=currency, now=now,
    )  # fmt: skip


async def note_completed(tx: Connection, *, purchase_id: UUID, storefront: Storefront, now: datetime) -> None:
    """The purchase is completed: its referral earns the points, unless there is something to look at. Twice changes
    nothing.

    The two are compared once more: a card is known only some moments after it has paid.
    """
    referral = await queries.lock_of_purchase(tx, purchase_id=purchase_id)
    if referral is None or not rules.is_waiting(referral):
        return
    flags = await queries.list_flags(tx, friend_id=referral.friend_id, referrer_id=referral.referrer_id)
    flags = sorted({*flags, *referral.flags})
    status = rules.status_at_completion(referral, has_flags=bool(flags), rules=storefront.rules)
    if status is ReferralStatus.APPROVED:
        await _approve(tx, referral, storefront=storefront, now=now)
        return
    reason = VoidReason.REFUNDED if status is ReferralStatus.VOIDED else None
    await _set(tx, referral, status, reason, flags=flags, completed_at=now, now=now)


async def note_cancelled(tx: Connection, *, purchase_id: UUID, now: datetime) -> None:
    """The purchase is cancelled: a referral that waits on it is void."""
    await queries.cancel(tx, purchase_id=purchase_id, now=now)


async def decide(
    tx: Connection, *, referral_id: UUID, admin: Actor, body: ReferralDecisionIn, storefront: Storefront, now: datetime,
    origin: Origin,
) -> None:  # fmt: skip
    """A person has looked at a flagged referral. Raises ReferralNotFound, ReferralNotFlagged."""
    referral = await queries.lock_referral(tx, referral_id=referral_id)
    if referral.status is not ReferralStatus.FLAGGED:
        raise ReferralNotFlagged(details={"status": referral.status.value})
    is_cleared = body.decision is Decision.CLEAR
    await queries.note_decision(
        tx, referral_id=referral_id, is_cleared=is_cleared, staff_id=admin.user_id, note=body.note, now=now
    )
    act = Act(
        action=f"referral.{'cleared' if is_cleared else 'rejected'}", subject_kind="REFERRAL", subject_id=referral_id,
        actor_id=admin.user_id, detail={"flags": list(referral.flags), "note": body.note},
    )  # fmt: skip
    await record(tx, act, now=now, origin=origin)
    status = rules.status_at_decision(referral, body.decision, storefront.rules)
    if status is ReferralStatus.APPROVED:
        await _approve(tx, referral, storefront=storefront, now=now)
        return
    reason = None
    if status is ReferralStatus.VOIDED:
        reason = VoidReason.REFUNDED if is_cleared else VoidReason.REJECTED
    await _set(tx, referral, status, reason, flags=list(referral.flags), completed_at=None, now=now)


async def _approve(tx: Connection, referral: Referral, *, storefront: Storefront, now: datetime) -> None:
    """Points for both: the friend's row is locked first, then that of who sent them, whose year is counted under it."""
    await loyalty.grant(
        tx, user_id=referral.friend_id, points=storefront.rules.referral_friend_points, referral_id=referral.id,
        now=now, rules=storefront.rules,
    )  # fmt: skip
    is_active = await queries.lock_referrer(tx, user_id=referral.referrer_id)
    first, until = _year(now, storefront.time_zone)
    rewarded = await queries.count_rewarded(tx, user_id=referral.referrer_id, first=first, until=until)
    reward = rules.referrer_reward(rewarded_this_year=rewarded, is_active=is_active, rules=storefront.rules)
    if reward:
        await loyalty.grant(
            tx, user_id=referral.referrer_id, points=reward, referral_id=referral.id, now=now, rules=storefront.rules
        )
    await queries.approve(
        tx, referral_id=referral.id, referrer_points=reward, friend_points=storefront.rules.referral_friend_points,
        now=now,
    )  # fmt: skip
    act = Act(
        action="referral.approved", subject_kind="REFERRAL", subject_id=referral.id, actor_kind=ActorKind.SYSTEM,
        detail={"referrer_points": reward, "friend_points": storefront.rules.referral_friend_points},
    )  # fmt: skip
    await record(tx, act, now=now, origin=SYSTEM_ORIGIN)


async def _set(
    tx: Connection, referral: Referral, status: ReferralStatus, reason: VoidReason | None, *, flags: list[Flag],
    completed_at: datetime | None, now: datetime,
) -> None:  # fmt: skip
    await queries.update(
        tx, referral_id=referral.id, status=status, void_reason=reason, flags=flags, completed_at=completed_at, now=now
    )


async def summary(connection: Connection, *, user_id: UUID, storefront: Storefront, now: datetime) -> ReferralSummary:
    """A customer's code and what came of it, in one statement. The year is that of the storefront's zone."""
    first, until = _year(now, storefront.time_zone)
    sums = await queries.get_sums(connection, user_id=user_id, first=first, until=until)
    return ReferralSummary(
        code=sums.code,
        link=f"{storefront.frontend_url}/register?ref={sums.code}",
        registered=sums.registered,
        pending=sums.pending,
        approved=sums.approved,
        voided=sums.voided,
        points_earned=sums.points_earned,
        points_per_friend=storefront.rules.referral_referrer_points,
        points_for_friend=storefront.rules.referral_friend_points,
        rewarded_this_year=sums.rewarded_this_year,
        rewards_left_this_year=max(storefront.rules.referrals_max_a_year - sums.rewarded_this_year, 0),
    )


def _year(now: datetime, zone: str) -> tuple[datetime, datetime]:
    """The calendar year in the IANA zone `zone`, half-open."""
    year = local_date(now, zone).year
    return start_of_day(date(year, 1, 1), zone), start_of_day(date(year + 1, 1, 1), zone)
