"""Every statement on referrals.

The lock law: the referral's row first, then the friend's row in `users`, then the row of who sent them. Who was sent is
always younger than who sent them, so that no two transactions wait for each other.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sojourn.platform.db.database import Connection, Row
from sojourn.platform.http.dialect import RawJson
from sojourn.platform.kit.ids import new_id
from sojourn.platform.kit.wire import PageIn, SortByTime
from sojourn.sales.purchases import PurchaseKind
from sojourn.sales.referrals.errors import ReferralNotFound
from sojourn.sales.referrals.models import Flag, Referral, ReferralFilters, ReferralStatus, VoidReason
from sojourn.sales.referrals.rules import SAME_NUMBER_DIGITS

_INSERT = """
INSERT INTO referrals (id, referrer_id, friend_id, status, flags, purchase_kind, purchase_id, amount, currency,
                       created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)
ON CONFLICT DO NOTHING
"""
# $1 is the friend, $2 who sent them.
_FLAGS = f"""
SELECT EXISTS (
           SELECT FROM payments f JOIN payments r ON r.card_fingerprint = f.card_fingerprint
            WHERE f.user_id = $1 AND r.user_id = $2 AND f.card_fingerprint IS NOT NULL) AS "SAME_CARD",
       EXISTS (
           SELECT FROM users f JOIN users r
               ON right(regexp_replace(r.phone, '[^0-9]', '', 'g'), {SAME_NUMBER_DIGITS})
                = right(regexp_replace(f.phone, '[^0-9]', '', 'g'), {SAME_NUMBER_DIGITS})
            WHERE f.id = $1 AND r.id = $2
              AND length(regexp_replace(f.phone, '[^0-9]', '', 'g')) >= {SAME_NUMBER_DIGITS}) AS "SAME_PHONE",
       EXISTS (
           SELECT FROM refresh_tokens f JOIN refresh_tokens r ON r.ip = f.ip AND r.user_agent = f.user_agent
            WHERE f.user_id = $1 AND r.user_id = $2) AS "SAME_DEVICE"
"""
_COLUMNS = """r.id, r.referrer_id, r.friend_id, r.status, r.flags, r.is_cleared, r.completed_at, r.purchase_id,
       r.amount, r.currency, coalesce((SELECT b.paid_usd - b.refunded_usd FROM bookings b WHERE b.id = r.purchase_id),
                            (SELECT o.paid_amount - o.refunded_amount FROM orders o WHERE o.id = r.purchase_id),
                            0) AS kept"""
_LOCK_OF_PURCHASE = f"SELECT {_COLUMNS} FROM referrals r WHERE r.purchase_id = $1 FOR UPDATE OF r"
_LOCK = f"SELECT {_COLUMNS} FROM referrals r WHERE r.id = $1 FOR UPDATE OF r"
_CANCEL = """
UPDATE referrals SET status = 'VOIDED', void_reason = 'PURCHASE_CANCELLED', updated_at = $2
 WHERE purchase_id = $1 AND status IN ('PENDING', 'FLAGGED')
"""
_UPDATE = """
UPDATE referrals SET status = $2, void_reason = $3, flags = $4, completed_at = coalesce(completed_at, $5),
       updated_at = $6
 WHERE id = $1
"""
_APPROVE = """
UPDATE referrals SET status = 'APPROVED', approved_at = $2, completed_at = coalesce(completed_at, $2),
       referrer_points = $3, friend_points = $4, updated_at = $2
 WHERE id = $1
"""
_NOTE_DECISION = """
UPDATE referrals SET is_cleared = $2, decided_by = $3, decided_at = $5, note = $4, updated_at = $5 WHERE id = $1
"""
_LOCK_REFERRER = "SELECT is_active FROM users WHERE id = $1 FOR NO KEY UPDATE"
_COUNT_REWARDED = """
SELECT count(*) FROM referrals
 WHERE referrer_id = $1 AND referrer_points > 0 AND approved_at >= $2 AND approved_at < $3
"""
_SUMMARY = """
SELECT u.referral_code AS code,
       (SELECT count(*) FROM users f WHERE f.referred_by = u.id) AS registered,
       s.pending, s.approved, s.voided, s.points_earned, s.rewarded_this_year
  FROM users u
 CROSS JOIN LATERAL (
       SELECT count(*) FILTER (WHERE r.status IN ('PENDING', 'FLAGGED')) AS pending,
              count(*) FILTER (WHERE r.status = 'APPROVED') AS approved,
              count(*) FILTER (WHERE r.status = 'VOIDED') AS voided,
              coalesce(sum(r.referrer_points), 0)::integer AS points_earned,
              count(*) FILTER (WHERE r.referrer_points > 0 AND r.approved_at >= $2 AND r.approved_at < $3)
                  AS rewarded_this_year
         FROM referrals r WHERE r.referrer_id = u.id
       ) s
 WHERE u.id = $1
"""
# That somebody has been flagged is the desk's affair: to who sent them it reads PENDING.
_FRIENDS = """
WITH page AS (
    SELECT id, created_at FROM users WHERE referred_by = $1 ORDER BY created_at DESC, id DESC LIMIT $2 OFFSET $3
)
SELECT (SELECT count(*) FROM users WHERE referred_by = $1) AS total, coalesce(json_agg(json_build_object(
           'status', CASE WHEN r.status = 'FLAGGED' THEN 'PENDING' ELSE coalesce(r.status, 'REGISTERED') END,
           'points', coalesce(r.referrer_points, 0), 'registered_at', iso(p.created_at),
           'updated_at', iso(coalesce(r.updated_at, p.created_at)))
           ORDER BY p.created_at DESC, p.id DESC), '[]')::text AS items
  FROM page p LEFT JOIN referrals r ON r.friend_id = p.id
"""
_WIRE = """json_build_object(
    'id', r.id, 'referrer', json_build_object('id', f.id, 'name', f.name, 'email', f.email),
    'friend', json_build_object('id', g.id, 'name', g.name, 'email', g.email), 'status', r.status, 'flags', r.flags,
    'is_cleared', r.is_cleared, 'void_reason', r.void_reason, 'purchase_kind', r.purchase_kind,
    'purchase_id', r.purchase_id, 'reference', coalesce(b.booking_ref, o.order_number), 'amount', r.amount::text,
    'currency', r.currency, 'referrer_points', r.referrer_points, 'friend_points', r.friend_points,
    'completed_at', iso(r.completed_at), 'approved_at', iso(r.approved_at), 'decided_by', r.decided_by,
    'decided_at', iso(r.decided_at), 'note', r.note, 'created_at', iso(r.created_at))"""
_JOINS = """JOIN users f ON f.id = r.referrer_id JOIN users g ON g.id = r.friend_id
  LEFT JOIN bookings b ON b.id = r.purchase_id LEFT JOIN orders o ON o.id = r.purchase_id"""
_ORDERS = {SortByTime.NEWEST: "r.created_at DESC, r.id DESC", SortByTime.OLDEST: "r.created_at, r.id"}
LISTS = {
    sort: f"""
WITH page AS (
    SELECT * FROM referrals r WHERE ($1::text IS NULL OR status = $1) ORDER BY {order} LIMIT $2 OFFSET $3
)
SELECT (SELECT count(*) FROM referrals WHERE ($1::text IS NULL OR status = $1)) AS total,
       coalesce(json_agg({_WIRE} ORDER BY {order}), '[]')::text AS items
  FROM page r {_JOINS}
"""
    for sort, order in _ORDERS.items()
}
_GET = f"SELECT {_WIRE}::text FROM referrals r {_JOINS} WHERE r.id = $1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """A customer's code with what came of it."""

    code: str
    registered: int
    pending: int
    approved: int
    voided: int
    points_earned: int
    rewarded_this_year: int


async def insert_referral(
    tx: Connection, *, referrer_id: UUID, friend_id: UUID, flags: list[Flag], kind: PurchaseKind, purchase_id: UUID,
    amount: Decimal, currency: str, now: datetime,
) -> bool:  # fmt: skip
    """False when the friend has counted before."""
    status = ReferralStatus.FLAGGED if flags else ReferralStatus.PENDING
    tag: str = await tx.execute(
        _INSERT, new_id(), referrer_id, friend_id, status, flags, kind, purchase_id, amount, currency, now
    )
    return tag == "INSERT 0 1"


async def list_flags(connection: Connection, *, friend_id: UUID, referrer_id: UUID) -> list[Flag]:
    """What the two accounts have in common."""
    row = await connection.fetchrow(_FLAGS, friend_id, referrer_id)
    assert row is not None  # noqa: S101 - a SELECT of scalars always answers
    return [flag for flag in Flag if row[flag]]


async def lock_of_purchase(tx: Connection, *, purchase_id: UUID) -> Referral | None:
    """The referral that this purchase is about."""
    row = await tx.fetchrow(_LOCK_OF_PURCHASE, purchase_id)
    return _referral(row) if row else None


async def lock_referral(tx: Connection, *, referral_id: UUID) -> Referral:
    """Raises ReferralNotFound."""
    row = await tx.fetchrow(_LOCK, referral_id)
    if row is None:
        raise ReferralNotFound
    return _referral(row)


def _referral(row: Row) -> Referral:
    typed = {"status": ReferralStatus(row["status"]), "flags": tuple(Flag(flag) for flag in row["flags"])}
    return Referral(**dict(row) | typed)


async def cancel(tx: Connection, *, purchase_id: UUID, now: datetime) -> None:
    """The purchase is cancelled. What has been approved stays."""
    await tx.execute(_CANCEL, purchase_id, now)


async def update(
    tx: Connection, *, referral_id: UUID, status: ReferralStatus, void_reason: VoidReason | None, flags: list[Flag],
    completed_at: datetime | None, now: datetime,
) -> None:  # fmt: skip
    await tx.execute(_UPDATE, referral_id, status, void_reason, flags, completed_at, now)


async def approve(
    tx: Connection, *, referral_id: UUID, referrer_points: int, friend_points: int, now: datetime
) -> None:
    await tx.execute(_APPROVE, referral_id, now, referrer_points, friend_points)


async def note_decision(
    tx: Connection, *, referral_id: UUID, is_cleared: bool, staff_id: UUID, note: str, now: datetime
) -> None:
    """Who looked, and what they found."""
    await tx.execute(_NOTE_DECISION, referral_id, is_cleared, staff_id, note, now)


async def lock_referrer(tx: Connection, *, user_id: UUID) -> bool:
    """Nobody else is rewarding this customer until the transaction ends. Whether the account stands."""
    return bool(await tx.fetchval(_LOCK_REFERRER, user_id))


async def count_rewarded(connection: Connection, *, user_id: UUID, first: datetime, until: datetime) -> int:
    """For how many friends the customer got points from `first` until before `until`."""
    count: int = await connection.fetchval(_COUNT_REWARDED, user_id, first, until)
    return count


async def get_sums(connection: Connection, *, user_id: UUID, first: datetime, until: datetime) -> Sums:
    """The customer's code and counts; the year is from `first` until before `until`."""
    row = await connection.fetchrow(_SUMMARY, user_id, first, until)
    assert row is not None  # noqa: S101 - who is signed in has an account
    return Sums(**dict(row))


async def list_friends(connection: Connection, *, user_id: UUID, page: PageIn) -> RawJson:
    """One page of whom the customer brought, newest first, as JSON of `Friend`."""
    row = await connection.fetchrow(_FRIENDS, user_id, page.per_page, page.offset)
    assert row is not None  # noqa: S101 - an aggregate always answers
    return RawJson(row["items"].encode(), page=page.page, per_page=page.per_page, total=row["total"])


async def list_referrals(connection: Connection, *, filters: ReferralFilters) -> RawJson:
    """One page for the desk, as JSON of `ReferralOut`."""
    row = await connection.fetchrow(LISTS[filters.sort], filters.status, filters.per_page, filters.offset)
    assert row is not None  # noqa: S101 - an aggregate always answers
    return RawJson(row["items"].encode(), page=filters.page, per_page=filters.per_page, total=row["total"])


async def get_referral(connection: Connection, *, referral_id: UUID) -> RawJson:
    """One for the desk, as JSON of `ReferralOut`. Raises ReferralNotFound."""
    body = await connection.fetchval(_GET, referral_id)
    if body is None:
        raise ReferralNotFound
    return RawJson(body.encode())
