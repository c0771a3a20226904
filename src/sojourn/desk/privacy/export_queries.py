"""What somebody is told of what we know about them: one statement a file of the archive, each row as JSON.

`$1` is the account. Secrets, hashes, places in the file store and other people are left out (docs/privacy.md). A test
holds this list against the schema: a new table that leads to an account must be here, or say why not.
"""

from collections.abc import Mapping
from typing import Final


def _own(table: str, order: str, *, without: tuple[str, ...] = (), of: str = "t.user_id = $1") -> str:
    """Rows of `table` that `of` picks, as they are stored, but for some columns."""
    hidden = ", ".join(f"'{column}'" for column in without)
    return f"SELECT (to_jsonb(t) - ARRAY[{hidden}]::text[])::text AS entry FROM {table} t WHERE {of} ORDER BY {order}"


_ORDERS = "(SELECT id FROM orders WHERE user_id = $1)"
_BOOKINGS = "(SELECT id FROM bookings WHERE user_id = $1)"
_PAYMENTS = "(SELECT id FROM payments WHERE user_id = $1)"
_REFUNDS = f"(SELECT id FROM refunds WHERE payment_id IN {_PAYMENTS})"

# Statements by the name of their file, in the order of the archive.
EXPORTS: Final[Mapping[str, str]] = {
    "profile": _own("users", "t.id", without=("password_hash", "refresh_token_version"), of="t.id = $1"),
    "addresses": _own("addresses", "t.id"),
    "sign-in/sessions": _own("refresh_tokens", "t.id", without=("token_hash", "version")),
    "sign-in/identities": _own("linked_identities", "t.linked_at"),
    "sign-in/second-factor": _own("second_factors", "t.created_at", without=("sealed_secret", "last_step")),
    "sign-in/links": _own("account_links", "t.created_at", without=("token_hash",)),
    "sign-in/failures": _own(
        "failed_sign_ins", "t.id", of="t.account = (SELECT lower(email) FROM users WHERE id = $1)"
    ),
    "devices": _own("devices", "t.id", without=("token",)),
    "orders": _own("orders", "t.id", without=("consultant_id", "search")),
    "order-events": _own("order_events", "t.id", without=("consultant_id", "actor_id"), of=f"t.order_id IN {_ORDERS}"),
    "upload-links": _own(
        "upload_links", "t.created_at", without=("token_hash", "created_by"), of=f"t.order_id IN {_ORDERS}"
    ),
    "downloads": _own("downloads", "t.id", of=f"t.order_id IN {_ORDERS}"),
    "bookings": _own("bookings", "t.id"),
    "booking-changes": _own("booking_changes", "t.id", of=f"t.booking_id IN {_BOOKINGS}"),
    "prices": _own(
        "price_lines",
        "t.purchase_id, t.position",
        of=f"t.purchase_id IN (SELECT id FROM orders WHERE user_id = $1 UNION ALL SELECT id FROM bookings WHERE "
        f"user_id = $1 UNION ALL SELECT id FROM booking_changes WHERE booking_id IN {_BOOKINGS})",
    ),
    "payments": _own("payments", "t.id", without=("client_secret",)),
    "payment-codes": _own("qr_codes", "t.created_at", of=f"t.payment_id IN {_PAYMENTS}"),
    "refunds": _own("refunds", "t.id", without=("requested_by",), of=f"t.payment_id IN {_PAYMENTS}"),
    "payouts": _own("payouts", "t.created_at", without=("paid_out_by",), of=f"t.refund_id IN {_REFUNDS}"),
    "invoices": _own("invoices", "t.id"),
    "points/lots": _own("loyalty_lots", "t.id"),
    "points/ledger": _own("loyalty_transactions", "t.id"),
    "points/reservations": _own("loyalty_reservations", "t.created_at"),
    "referrals": """
SELECT (to_jsonb(t) - ARRAY['referrer_id', 'friend_id', 'decided_by', 'flags']
        || jsonb_build_object('i_am', CASE WHEN t.referrer_id = $1 THEN 'REFERRER' ELSE 'FRIEND' END))::text AS entry
  FROM referrals t WHERE t.referrer_id = $1 OR t.friend_id = $1 ORDER BY t.id
""",
    "student/verifications": _own(
        "student_verifications",
        "t.id",
        without=("card_folder", "card_digest", "selfie_folder", "selfie_digest", "decided_by"),
    ),
    "student/cards": _own("student_cards", "t.taken_at", without=("digest",)),
    "documents": _own("documents", "t.id", without=("digest", "folder", "verified_by")),
    "consultations": _own("consultations", "t.id", without=("consultant_id", "resource_id")),
    "calendar-feeds": _own("calendar_feeds", "t.created_at", without=("token_hash",)),
    "working-hours": _own("consultant_hours", "t.updated_at", without=("resource_id",)),
    "working-hours-exceptions": _own("consultant_overrides", "t.day"),
    "guide-profile": _own("guides", "t.id", without=("source_hash", "search")),
    "emergency-alerts": _own("emergency_alerts", "t.id", without=("acknowledged_by", "resolved_by")),
    "reviews": _own("reviews", "t.id", without=("moderated_by", "replied_by")),
    "review-reports": _own("review_reports", "t.created_at"),
    # What was sent. A link that still works is no part of it.
    "notifications": """
SELECT (to_jsonb(t) - ARRAY['context', 'provider_id', 'last_error']
        || jsonb_build_object('context', CASE WHEN t.status = 'SENT' THEN t.context END))::text AS entry
  FROM notifications t WHERE t.user_id = $1 ORDER BY t.id
""",
    "agent-sessions": _own("ai_sessions", "t.created_at"),
    "events": _own("user_events", "t.id"),
    "exports": _own("account_exports", "t.id", without=("folder", "pieces")),
    # What staff did is told, who and from where is not.
    "audit": """
SELECT (to_jsonb(t) - ARRAY['actor_id', 'ip'] || jsonb_build_object(
            'was_me', t.actor_id IS NOT DISTINCT FROM $1::uuid,
            'ip', CASE WHEN t.actor_id = $1 THEN t.ip END))::text AS entry
  FROM audit_entries t WHERE t.actor_id = $1 OR t.subject_id = $1 ORDER BY t.at, t.id
""",
}

SELECT_FILES = """
SELECT 'documents/' || d.id || '-' || d.file_name AS name, d.folder || '/original' AS key
  FROM documents d WHERE d.user_id = $1
 UNION ALL
SELECT 'student/' || v.id || '-' || f.part AS name, f.folder || '/picture' AS key
  FROM student_verifications v
 CROSS JOIN LATERAL (VALUES ('card', v.card_folder), ('selfie', v.selfie_folder)) AS f (part, folder)
 WHERE v.user_id = $1 AND f.folder IS NOT NULL
 ORDER BY name
"""
SELECT_INVOICES = "SELECT number, document FROM invoices WHERE user_id = $1 ORDER BY issued_at, id"
