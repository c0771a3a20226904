"""Every statement on lots, the ledger and points set aside.

The lock law of points: the customer's row first, then read, then write. Whoever changes lots holds that lock.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sojourn.platform.db.database import Connection, Row
from sojourn.platform.db.together import Write
from sojourn.platform.http.dialect import RawJson
from sojourn.platform.kit.ids import new_id
from sojourn.platform.kit.wire import PageIn
from sojourn.sales.loyalty.rules import Account, Lot, LotStatus
from sojourn.sales.purchases import PurchaseKind

_LOCK_OWNER = "SELECT id FROM users WHERE id = $1 FOR NO KEY UPDATE"
# One row a lot, and one without a lot where there is none: debt and sums stand on each.
_LOAD = """
SELECT l.id, l.purchase_id, l.status, l.points, l.remaining, l.expires_at,
       coalesce((SELECT sum(r.points) FROM loyalty_reservations r
                  WHERE r.lot_id = l.id AND r.state = 'RESERVED' AND (r.expires_at IS NULL OR r.expires_at > $3)
                    AND r.purchase_id IS DISTINCT FROM $2), 0)::integer AS reserved,
       coalesce(CASE WHEN own.state <> 'CONSUMED' THEN own.points END, 0) AS held,
       coalesce(CASE WHEN own.state = 'CONSUMED' THEN own.points END, 0) AS spent,
       coalesce(own.returned, 0) AS returned,
       coalesce(credit.points, 0) AS owed,
       coalesce(credit.returned, 0) AS owed_returned,
       coalesce((SELECT -sum(d.points) FROM loyalty_transactions d
                  WHERE d.user_id = u.id AND d.lot_id IS NULL), 0)::integer AS debt,
       coalesce((SELECT -sum(g.points) FROM loyalty_transactions g
                  WHERE g.user_id = u.id AND g.purchase_id = $2
                    AND g.kind IN ('TAKEN_BACK', 'RESTORED')), 0)::integer AS taken,
       coalesce((SELECT -sum(g.points) FROM loyalty_transactions g
                  WHERE g.user_id = u.id AND g.kind = 'EXPIRED'
                    AND g.lot_id = (SELECT id FROM loyalty_lots WHERE purchase_id = $2)), 0)::integer AS expired
  FROM users u
  LEFT JOIN loyalty_lots l ON l.user_id = u.id AND (l.remaining > 0 OR l.purchase_id = $2
       OR l.id IN (SELECT lot_id FROM loyalty_reservations WHERE purchase_id = $2))
  LEFT JOIN loyalty_reservations own ON own.purchase_id = $2 AND own.lot_id = l.id
  LEFT JOIN loyalty_reservations credit ON credit.purchase_id = $2 AND credit.lot_id IS NULL
 WHERE u.id = $1
 ORDER BY l.id
"""
_APPLY = """
WITH lots AS (
    INSERT INTO loyalty_lots AS old (id, user_id, status, points, remaining, available_at, expires_at, created_at)
    SELECT n.id, $1, n.status, n.points, n.remaining, $2, n.expires_at, $2
      FROM unnest($4::uuid[], $5::text[], $6::integer[], $7::integer[], $8::timestamptz[])
           AS n (id, status, points, remaining, expires_at)
    ON CONFLICT (id) DO UPDATE SET status = excluded.status, remaining = excluded.remaining,
           expires_at = excluded.expires_at,
           available_at = CASE WHEN old.status = 'PENDING' AND excluded.status = 'AVAILABLE' THEN $2
                               ELSE old.available_at END
), entries AS (
    INSERT INTO loyalty_transactions (id, user_id, kind, points, status, lot_id, purchase_id, booking_id, created_at)
    SELECT n.id, $1, n.kind, n.points, n.status, n.lot_id, $14, coalesce($15, (
               SELECT t.booking_id FROM loyalty_transactions t
                WHERE t.purchase_id = $14 AND t.booking_id IS NOT NULL LIMIT 1)), $2
      FROM unnest($9::uuid[], $10::text[], $11::integer[], $12::text[], $13::uuid[])
           AS n (id, kind, points, status, lot_id)
)
UPDATE users SET loyalty_points = $3 WHERE id = $1 AND loyalty_points <> $3
"""
_RESERVE = """
INSERT INTO loyalty_reservations (purchase_id, lot_id, user_id, points, state, expires_at, created_at)
SELECT $1, n.lot_id, $2, n.points, 'RESERVED', $3, $4 FROM unnest($5::uuid[], $6::integer[]) AS n (lot_id, points)
"""
_FORGET = "DELETE FROM loyalty_reservations WHERE purchase_id = $1 AND state <> 'CONSUMED'"
_EXTEND = "UPDATE loyalty_reservations SET expires_at = $2 WHERE purchase_id = $1 AND state = 'RESERVED'"
_RELEASE = "UPDATE loyalty_reservations SET state = 'RELEASED' WHERE purchase_id = $1 AND state = 'RESERVED'"
_HAS_SET_ASIDE = "SELECT EXISTS (SELECT FROM loyalty_reservations WHERE purchase_id = $1 AND state <> 'CONSUMED')"
_CONSUME = """
WITH unused AS (
    DELETE FROM loyalty_reservations r
     WHERE r.purchase_id = $1 AND r.state <> 'CONSUMED' AND r.lot_id <> ALL (array_remove($4::uuid[], NULL))
)
INSERT INTO loyalty_reservations (purchase_id, lot_id, user_id, points, state, created_at)
SELECT $1, n.lot_id, $2, n.points, 'CONSUMED', $3 FROM unnest($4::uuid[], $5::integer[]) AS n (lot_id, points)
ON CONFLICT (purchase_id, lot_id) DO UPDATE SET state = 'CONSUMED', points = excluded.points, expires_at = NULL
"""
_RETURN = """
UPDATE loyalty_reservations r SET returned = n.returned
  FROM unnest($2::uuid[], $3::integer[]) AS n (lot_id, returned)
 WHERE r.purchase_id = $1 AND r.lot_id IS NOT DISTINCT FROM n.lot_id
"""
_EARN = """
WITH lot AS (
    INSERT INTO loyalty_lots (id, user_id, purchase_kind, purchase_id, status, points, remaining, created_at)
    VALUES ($1, $2, $3, $4, 'PENDING', $5, $5, $6)
    ON CONFLICT (purchase_id) WHERE purchase_id IS NOT NULL DO NOTHING
    RETURNING id, user_id, purchase_id, points, created_at
), earned AS (
    INSERT INTO loyalty_transactions (id, user_id, kind, points, status, lot_id, purchase_id, booking_id, created_at)
    SELECT $7, user_id, 'EARNED', points, 'PENDING', id, purchase_id, $8, created_at FROM lot
)
SELECT
"""
_IS_SET_ASIDE = """
SELECT EXISTS (SELECT FROM loyalty_reservations
                WHERE purchase_id = $1 AND state = 'RESERVED' AND (expires_at IS NULL OR expires_at > $2))
"""
_FIND_EARNER = "SELECT user_id FROM loyalty_lots WHERE purchase_id = $1"
_FIND_SPENDER = "SELECT user_id FROM loyalty_reservations WHERE purchase_id = $1 AND state = 'CONSUMED' LIMIT 1"

_BALANCE = """
WITH lots AS (
    SELECT l.status, l.remaining, l.expires_at, coalesce(
               (SELECT sum(r.points) FROM loyalty_reservations r WHERE r.lot_id = l.id AND r.state = 'RESERVED'
                   AND (r.expires_at IS NULL OR r.expires_at > $2)), 0)::integer AS reserved
      FROM loyalty_lots l WHERE l.user_id = $1 AND l.remaining > 0
), expiring AS (
    SELECT (expires_at AT TIME ZONE $4)::date AS expires_on, sum(remaining - reserved)::integer AS points FROM lots
     WHERE status = 'AVAILABLE' AND expires_at > $2 AND expires_at < $3 AND remaining > reserved GROUP BY 1
)
SELECT coalesce(sum(remaining - reserved) FILTER (WHERE status = 'AVAILABLE' AND expires_at > $2), 0)::integer AS free,
       coalesce(sum(remaining) FILTER (WHERE status = 'PENDING'), 0)::integer AS pending,
       coalesce(sum(reserved), 0)::integer AS reserved,
       coalesce((SELECT -sum(d.points) FROM loyalty_transactions d
                  WHERE d.user_id = $1 AND d.lot_id IS NULL), 0)::integer AS debt,
       coalesce((SELECT jsonb_agg(e ORDER BY e.expires_on) FROM expiring e), '[]') AS expiring_soon
  FROM lots
"""
# Set-offs and the pending side of maturing move points within the account: the customer sees what came and went.
_HISTORY = """
WITH shown AS (
    SELECT t.* FROM loyalty_transactions t
     WHERE t.user_id = $1 AND t.kind <> 'SET_OFF' AND NOT (t.kind = 'MATURED' AND t.status = 'PENDING')
), page AS (
    SELECT * FROM shown ORDER BY created_at DESC, id DESC LIMIT $2 OFFSET $3
)
SELECT (SELECT count(*) FROM shown) AS total, coalesce(json_agg(json_build_object(
           'id', p.id, 'kind', p.kind, 'points', p.points, 'status', p.status, 'purchase_id', p.purchase_id,
           'booking_id', coalesce(p.booking_id, b.id), 'reference', coalesce(b.booking_ref, o.order_number),
           'title', coalesce(b.title, o.title), 'created_at', iso(p.created_at))
           ORDER BY p.created_at DESC, p.id DESC), '[]')::text AS items
  FROM page p
  LEFT JOIN booking_changes c ON c.id = p.purchase_id
  LEFT JOIN bookings b ON b.id = coalesce(p.booking_id, c.booking_id, p.purchase_id)
  LEFT JOIN orders o ON o.id = p.purchase_id
"""
# Whose points have outlived their time and are kept by no live hold.
_LAPSED_OWNERS = """
SELECT l.user_id FROM loyalty_lots l
 WHERE l.status = 'AVAILABLE' AND l.remaining > 0 AND l.expires_at <= $1
   AND l.remaining > coalesce((SELECT sum(r.points) FROM loyalty_reservations r
                                WHERE r.lot_id = l.id AND r.state = 'RESERVED'
                                  AND (r.expires_at IS NULL OR r.expires_at > $1)), 0)
 GROUP BY l.user_id ORDER BY l.user_id LIMIT $2
"""
_UNWARNED_OWNERS = """
SELECT DISTINCT user_id FROM loyalty_lots
 WHERE status = 'AVAILABLE' AND remaining > 0 AND expires_at > $1 AND expires_at < $2 AND warned_at IS NULL
 ORDER BY user_id LIMIT $3
"""
_WARN = """
WITH warned AS (
    UPDATE loyalty_lots SET warned_at = $2
     WHERE user_id = $1 AND status = 'AVAILABLE' AND remaining > 0 AND expires_at > $2 AND expires_at < $3
       AND warned_at IS NULL
    RETURNING remaining, (expires_at AT TIME ZONE $4)::date AS expires_on
)
SELECT expires_on, sum(remaining)::integer AS points FROM warned GROUP BY 1 ORDER BY 1
"""
_LOCK_HOLDERS = """
SELECT u.id FROM users u
 WHERE ($1::uuid IS NULL OR u.id = $1)
   AND (u.loyalty_points <> 0 OR EXISTS (SELECT FROM loyalty_transactions t WHERE t.user_id = u.id))
 ORDER BY u.id FOR NO KEY UPDATE
"""
_REBUILD = """
UPDATE users u SET loyalty_points = sums.points
  FROM (SELECT h.id, greatest(coalesce(sum(t.points), 0), 0)::integer AS points
          FROM unnest($1::uuid[]) AS h (id)
          LEFT JOIN loyalty_transactions t ON t.user_id = h.id AND t.status = 'AVAILABLE'
         GROUP BY h.id) AS sums
 WHERE u.id = sums.id AND u.loyalty_points <> sums.points
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A customer's points as sums."""

    free: int
    pending: int
    reserved: int
    debt: int
    expiring_soon: Sequence[dict[str, object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiring:
    """Points that end on one day."""

    points: int
    expires_on: date


async def lock_owner(tx: Connection, *, user_id: UUID) -> None:
    """Nobody else changes this customer's points until the transaction ends."""
    await tx.execute(_LOCK_OWNER, user_id)


async def load_account(connection: Connection, *, user_id: UUID, purchase_id: UUID | None, now: datetime) -> Account:
    """The customer's lots and debt, with what `purchase_id` holds, spent and earned of them."""
    rows = await connection.fetch(_LOAD, user_id, purchase_id, now)
    if not rows:
        return Account(lots=())
    first = rows[0]
    return Account(
        lots=tuple(_lot(row) for row in rows if row["id"] is not None),
        debt=first["debt"],
        taken=first["taken"],
        gone=first["taken"] + first["expired"],
        owed=first["owed"],
        owed_returned=first["owed_returned"],
    )


def _lot(row: Row) -> Lot:
    return Lot(
        id=row["id"], purchase_id=row["purchase_id"], status=LotStatus(row["status"]), points=row["points"],
        remaining=row["remaining"], expires_at=row["expires_at"], reserved=row["reserved"], held=row["held"],
        spent=row["spent"], returned=row["returned"],
    )  # fmt: skip


async def apply(
    tx: Connection, *, user_id: UUID, before: Account, after: Account, purchase_id: UUID | None,
    booking_id: UUID | None = None, now: datetime,
) -> None:  # fmt: skip
    """Write what changed from `before` to `after`: lots, ledger, cache. Nothing is sent when nothing changed."""
    if not after.entries:
        return
    known = {lot.id: lot for lot in before.lots}
    lots = [lot for lot in after.lots if known.get(lot.id) != lot]
    entries = after.entries
    await tx.execute(
        _APPLY, user_id, now, after.cached_points,
        [lot.id for lot in lots], [lot.status for lot in lots], [lot.points for lot in lots],
        [lot.remaining for lot in lots], [lot.expires_at for lot in lots],
        [new_id() for _ in entries], [entry.kind for entry in entries], [entry.points for entry in entries],
        [entry.status for entry in entries], [entry.lot_id for entry in entries], purchase_id, booking_id,
    )  # fmt: skip


async def set_aside(
    tx: Connection, *, user_id: UUID, purchase_id: UUID, account: Account, expires_at: datetime, now: datetime
) -> None:
    """Write down which lots hold points for the purchase."""
    held = [lot for lot in account.lots if lot.held]
    await tx.execute(
        _RESERVE, purchase_id, user_id, expires_at, now, [lot.id for lot in held], [lot.held for lot in held]
    )


async def forget_set_aside(tx: Connection, *, purchase_id: UUID) -> None:
    """The purchase no longer wants points."""
    await tx.execute(_FORGET, purchase_id)


async def extend(tx: Connection, *, purchase_id: UUID, expires_at: datetime) -> None:
    await tx.execute(_EXTEND, purchase_id, expires_at)


async def release(tx: Connection, *, purchase_id: UUID) -> None:
    await tx.execute(_RELEASE, purchase_id)


async def has_set_aside(connection: Connection, *, purchase_id: UUID) -> bool:
    """Whether points wait to be spent by this purchase, lapsed or not."""
    found: bool = await connection.fetchval(_HAS_SET_ASIDE, purchase_id)
    return found


async def is_set_aside(connection: Connection, *, purchase_id: UUID, now: datetime) -> bool:
    """Whether points are kept for this purchase, and for no other."""
    kept: bool = await connection.fetchval(_IS_SET_ASIDE, purchase_id, now)
    return kept


async def note_consumed(tx: Connection, *, user_id: UUID, purchase_id: UUID, account: Account, now: datetime) -> None:
    """Write down which lots the purchase's points came from, and what of them is owed."""
    parts: list[tuple[UUID | None, int]] = [(lot.id, lot.spent) for lot in account.lots if lot.spent]
    if account.owed:
        parts.append((None, account.owed))
    await tx.execute(_CONSUME, purchase_id, user_id, now, [lot for lot, _ in parts], [points for _, points in parts])


async def note_returned(tx: Connection, *, purchase_id: UUID, account: Account) -> None:
    """Write down how much of what the purchase spent has come back, lot by lot."""
    parts: list[tuple[UUID | None, int]] = [(lot.id, lot.returned) for lot in account.lots if lot.returned]
    if account.owed_returned:
        parts.append((None, account.owed_returned))
    await tx.execute(_RETURN, purchase_id, [lot for lot, _ in parts], [points for _, points in parts])


def earned(
    *, user_id: UUID, purchase_kind: PurchaseKind, purchase_id: UUID, booking_id: UUID | None, points: int,
    now: datetime,
) -> Write:  # fmt: skip
    """A pending lot and its entry, unless the purchase has earned before."""
    return Write(_EARN, (new_id(), user_id, purchase_kind, purchase_id, points, now, new_id(), booking_id))


async def find_earner(connection: Connection, *, purchase_id: UUID) -> UUID | None:
    """Whose lot this purchase earned."""
    found: UUID | None = await connection.fetchval(_FIND_EARNER, purchase_id)
    return found


async def find_spender(connection: Connection, *, purchase_id: UUID) -> UUID | None:
    """Whose points this purchase spent."""
    found: UUID | None = await connection.fetchval(_FIND_SPENDER, purchase_id)
    return found


async def get_standing(connection: Connection, *, user_id: UUID, now: datetime, soon: datetime, zone: str) -> Standing:
    """Sums of the customer's points; `expiring_soon` before `soon`, by day in the IANA zone `zone`."""
    row = await connection.fetchrow(_BALANCE, user_id, now, soon, zone)
    assert row is not None  # noqa: S101 - an aggregate always answers
    return Standing(**dict(row))


async def list_history(connection: Connection, *, user_id: UUID, page: PageIn) -> RawJson:
    """One page of the customer's ledger, newest first, as JSON of `PointsEntry`."""
    row = await connection.fetchrow(_HISTORY, user_id, page.per_page, page.offset)
    assert row is not None  # noqa: S101 - an aggregate always answers
    return RawJson(row["items"].encode(), page=page.page, per_page=page.per_page, total=row["total"])


async def list_lapsed_owners(connection: Connection, *, now: datetime, limit: int) -> list[UUID]:
    return [row["user_id"] for row in await connection.fetch(_LAPSED_OWNERS, now, limit)]


async def list_unwarned_owners(connection: Connection, *, now: datetime, before: datetime, limit: int) -> list[UUID]:
    """Whose points end before `before` and were not announced yet."""
    return [row["user_id"] for row in await connection.fetch(_UNWARNED_OWNERS, now, before, limit)]


async def mark_warned(tx: Connection, *, user_id: UUID, now: datetime, before: datetime, zone: str) -> list[Expiring]:
    """The customer's points that end before `before`, by day; they count as announced from here on."""
    rows = await tx.fetch(_WARN, user_id, now, before, zone)
    return [Expiring(points=row["points"], expires_on=row["expires_on"]) for row in rows]


async def rebuild_cache(tx: Connection, *, user_id: UUID | None) -> int:
    """Recompute `users.loyalty_points` from the ledger. Returns how many differed."""
    holders = [row["id"] for row in await tx.fetch(_LOCK_HOLDERS, user_id)]
    tag: str = await tx.execute(_REBUILD, holders)
    return int(tag.removeprefix("UPDATE "))
