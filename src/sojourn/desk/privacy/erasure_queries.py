"""What is left of a person in each table, and how it is taken away (docs/privacy.md).

Purchases and money records stay, without the person. A test holds this list against the schema: a new table that leads
to an account must be here, or say why not.
"""

from sojourn.care.notifications.mails.kinds import MailKind

NOBODY = "Deleted account"

# Money that is on its way back needs to know whose it is.
SELECT_DUE = """
SELECT u.id FROM users u
 WHERE u.deletion_requested_at < $1 AND u.deleted_at IS NULL
   AND NOT EXISTS (SELECT FROM payments p JOIN refunds r ON r.payment_id = p.id
                    WHERE p.user_id = u.id AND r.status = 'PENDING')
 ORDER BY u.id LIMIT $2
   FOR UPDATE OF u SKIP LOCKED
"""

# Their files go with `documents.remove_files`.
DOOM_FILES = """
INSERT INTO doomed_files (folder, remove_after)
SELECT folder, $2 FROM (
    SELECT folder FROM account_exports WHERE user_id = ANY ($1)
     UNION ALL
    SELECT folder FROM documents WHERE user_id = ANY ($1)
     UNION ALL
    SELECT f.folder FROM student_verifications v
     CROSS JOIN LATERAL (VALUES (v.card_folder), (v.selfie_folder)) AS f (folder)
     WHERE v.user_id = ANY ($1) AND f.folder IS NOT NULL) AS theirs
ON CONFLICT (folder) DO UPDATE SET remove_after = EXCLUDED.remove_after
"""

_ORDERS = "(SELECT id FROM orders WHERE user_id = ANY ($1))"
_BOOKINGS = "(SELECT id FROM bookings WHERE user_id = ANY ($1))"
_PAYMENTS = "(SELECT id FROM payments WHERE user_id = ANY ($1))"
# Everything of theirs that a message or an entry in the trail may be about.
_THEIRS = f"""(
    SELECT unnest($1::uuid[]) UNION ALL SELECT id FROM orders WHERE user_id = ANY ($1)
    UNION ALL SELECT id FROM bookings WHERE user_id = ANY ($1)
    UNION ALL SELECT id FROM booking_changes WHERE booking_id IN {_BOOKINGS}
    UNION ALL SELECT id FROM payments WHERE user_id = ANY ($1)
    UNION ALL SELECT id FROM refunds WHERE payment_id IN {_PAYMENTS}
    UNION ALL SELECT id FROM consultations WHERE user_id = ANY ($1)
    UNION ALL SELECT id FROM documents WHERE user_id = ANY ($1)
    UNION ALL SELECT id FROM student_verifications WHERE user_id = ANY ($1)
    UNION ALL SELECT id FROM emergency_alerts WHERE user_id = ANY ($1)
    UNION ALL SELECT id FROM reviews WHERE user_id = ANY ($1)
    UNION ALL SELECT id FROM referrals WHERE referrer_id = ANY ($1) OR friend_id = ANY ($1))"""
_KINDS = ", ".join(f"'{kind}'" for kind in MailKind)  # as the index on notifications wants them
_TOLD_OTHERS = f"n.kind IN ({_KINDS}) AND n.subject_id IN {_THEIRS}"

# In this order, before the account itself loses its address.
ERASURES = (
    "DELETE FROM ai_sessions WHERE user_id = ANY ($1)",
    "DELETE FROM user_events WHERE user_id = ANY ($1)",
    "DELETE FROM calendar_feeds WHERE user_id = ANY ($1)",
    "DELETE FROM account_exports WHERE user_id = ANY ($1)",
    f"DELETE FROM upload_links WHERE order_id IN {_ORDERS}",
    "DELETE FROM failed_sign_ins f USING users u WHERE u.id = ANY ($1) AND f.account = lower(u.email)",
    # Staff: the hours, with their exceptions, and the name on the calendar.
    "DELETE FROM consultant_overrides WHERE user_id = ANY ($1)",
    "DELETE FROM consultant_hours WHERE user_id = ANY ($1)",
    f"UPDATE resources SET name = '{NOBODY}' WHERE kind = 'APPOINTMENT' AND owner_id = ANY ($1)",
    # Purchases: what was bought and paid stays, for whom and what was asked goes.
    f"""
UPDATE orders
   SET customer_info = jsonb_build_object('full_name', '{NOBODY}', 'email', user_id || '@deleted.invalid',
                                          'phone', NULL, 'country', NULL),
       service_details = NULL, cancellation_reason = NULL
 WHERE user_id = ANY ($1)""",
    f"UPDATE order_events SET note = NULL WHERE order_id IN {_ORDERS}",
    """
UPDATE bookings
   SET travelers = '[]', pickup_location = '', special_requests = NULL, customizations = NULL,
       cancellation_reason = CASE WHEN status = 'EXPIRED' THEN cancellation_reason END
 WHERE user_id = ANY ($1)""",
    f"""
UPDATE booking_changes SET pickup_location = '', special_requests = NULL, customizations = NULL
 WHERE booking_id IN {_BOOKINGS}""",
    """
UPDATE payments
   SET client_secret = NULL, card_brand = NULL, card_last4 = NULL, card_fingerprint = NULL, failure_message = NULL
 WHERE user_id = ANY ($1)""",
    f"UPDATE refunds SET reason = NULL WHERE payment_id IN {_PAYMENTS}",
    f"UPDATE qr_codes SET payer_account = NULL WHERE payment_id IN {_PAYMENTS}",
    f"""
UPDATE payouts SET payee_account = NULL
 WHERE refund_id IN (SELECT id FROM refunds WHERE payment_id IN {_PAYMENTS})""",
    f"""
UPDATE invoices
   SET document = document || jsonb_build_object(
           'buyer', jsonb_build_object('name', '{NOBODY}', 'email', user_id || '@deleted.invalid',
                                       'phone', NULL, 'country', NULL),
           'payment_method', regexp_replace(document ->> 'payment_method', ' •+ .*$', ''))
 WHERE user_id = ANY ($1)""",
    # Care.
    """
UPDATE consultations
   SET note = NULL, notes = NULL, cancellation_reason = NULL, meeting_link = NULL, meeting_id = NULL
 WHERE user_id = ANY ($1)""",
    f"""
UPDATE student_verifications
   SET status = CASE WHEN status IN ('STARTED', 'PENDING_REVIEW') THEN 'EXPIRED' ELSE status END,
       institution = '{NOBODY}', card_expires_on = created_at::date, card_folder = NULL, card_type = NULL,
       selfie_folder = NULL, selfie_type = NULL, selfie_digest = NULL, similarity = NULL,
       rejection_reason = CASE WHEN rejection_reason IS NOT NULL THEN '' END
 WHERE user_id = ANY ($1)""",
    "UPDATE emergency_alerts SET province = NULL, resolution_note = NULL WHERE user_id = ANY ($1)",
    "UPDATE referrals SET note = NULL WHERE referrer_id = ANY ($1) OR friend_id = ANY ($1)",
    """
UPDATE reviews SET title = NULL, text = NULL, reply = NULL,
                   hidden_reason = CASE WHEN hidden_reason IS NOT NULL THEN '' END
 WHERE user_id = ANY ($1)""",
    "UPDATE review_reports SET reason = '' WHERE user_id = ANY ($1)",
    # Messages: to them, and to others about what was theirs. That one went stays, or it would go again.
    "DELETE FROM notifications WHERE user_id = ANY ($1) AND status <> 'SENT'",
    f"DELETE FROM notifications n WHERE n.status <> 'SENT' AND {_TOLD_OTHERS}",
    """
UPDATE notifications
   SET recipient = CASE channel WHEN 'MAIL' THEN id || '@deleted.invalid' ELSE recipient END,
       recipient_name = NULL, context = '{}', calendar = NULL, provider_id = NULL, last_error = NULL
 WHERE user_id = ANY ($1)""",
    f"UPDATE notifications n SET context = '{{}}', calendar = NULL, last_error = NULL WHERE {_TOLD_OTHERS}",
    # The trail keeps who did what to which thing, not from where nor in which words. It speaks of documents: they go
    # after it.
    "UPDATE audit_entries SET ip = NULL WHERE actor_id = ANY ($1)",
    f"""
UPDATE audit_entries SET ip = CASE actor_kind WHEN 'USER' THEN ip END, detail = '{{}}'
 WHERE subject_id IN {_THEIRS}""",
    """
UPDATE audit_entries a SET ip = NULL, detail = '{}'
  FROM users u
 WHERE u.id = ANY ($1) AND a.subject_id IS NULL AND a.action = 'auth.sign_in_failed'
   AND lower(a.detail ->> 'email') = lower(u.email)""",
    "DELETE FROM documents WHERE user_id = ANY ($1)",
)
