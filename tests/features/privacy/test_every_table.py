"""Every table that leads to an account is exported, and erased or kept for a reason: a new one fails here."""

import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import pytest
from tests.features.privacy.schema import (
    LONG_AGO,
    PERSON,
    Connection,
    leading_to_accounts,
    mark,
    mark_everything,
    row_id,
    surviving_marks,
)
from tests.support.databases import TemplateServer

from sojourn.desk.privacy.erasure import forget_the_deleted
from sojourn.desk.privacy.export_queries import EXPORTS, SELECT_FILES, SELECT_INVOICES

NOT_EXPORTED = {
    "doomed_files": "files without an owner",
    "resources": "what can be booked; of a consultant, the name",
    "recovery_codes": "hashes only; that there are any is told by the second factor",
    "sign_in_challenges": "a hash, for five minutes",
}
EMAIL = mark("users", "email")
STRANGER = UUID("01a20000-0000-7000-8000-00000000000f")
GIVEN: dict[str, dict[str, object]] = {
    "users": {"deletion_requested_at": LONG_AGO, "deleted_at": None, "email": EMAIL, "role": "CUSTOMER"},
    "failed_sign_ins": {"account": EMAIL},
    "audit_entries": {"actor_id": PERSON, "subject_id": PERSON},
    "notifications": {"status": "SENT", "channel": "MAIL"},
    "user_events": {"user_id": PERSON},
    "resources": {"owner_id": PERSON, "kind": "APPOINTMENT"},
    "consultant_overrides": {"user_id": PERSON},
    "recovery_codes": {"user_id": PERSON},
    "invoices": {
        "document": json.dumps({
            "buyer": {"name": mark("invoices", "document")}, "payment_method": "Visa •••• zq-invoices.method-qz",
        })
    },
}  # fmt: skip

# What stays, and why.
STAYS = {
    "a money record, without the person": """
        payments.captured_currency payments.currency payments.disposition payments.dispute_status payments.failure_code
        payments.method payments.provider payments.provider_charge_id payments.provider_intent_id payments.purchase_kind
        payments.reference payments.status payments.success_event_id
        refunds.cause refunds.currency refunds.failure_reason refunds.provider_refund_id refunds.status
        payouts.reference qr_codes.account_id qr_codes.payload
        invoices.currency invoices.kind invoices.number invoices.purchase_kind
        price_lines.description price_lines.kind price_lines.purchase_kind
        loyalty_lots.purchase_kind loyalty_lots.status loyalty_reservations.state
        loyalty_transactions.kind loyalty_transactions.status
        referrals.currency referrals.flags referrals.purchase_kind referrals.status referrals.void_reason
    """,
    "what was sold, as the catalogue has it, and how far it went": """
        orders.currency orders.language orders.order_number orders.refund_stage orders.service_snapshot
        orders.service_type orders.stage_key orders.status orders.title
        order_events.from_status order_events.kind order_events.to_status
        bookings.booking_ref bookings.booking_type bookings.cancellation_policy bookings.currency bookings.language
        bookings.snapshot bookings.status bookings.time_zone bookings.title booking_changes.price booking_changes.status
        consultations.meeting_provider consultations.status consultations.time_zone
        emergency_alerts.alert_type emergency_alerts.status
        reviews.language reviews.status reviews.subject_kind
        student_verifications.status
    """,
    "that a message went, so that it does not go again": """
        notifications.kind notifications.language notifications.occasion notifications.provider
    """,
    "who did what to which thing": """
        audit_entries.action audit_entries.actor_kind audit_entries.currency audit_entries.reference
        audit_entries.request_id audit_entries.subject_kind
    """,
    "a hash: one card verifies one account for good (rules, section 7)": """
        student_cards.digest student_verifications.card_digest
    """,
    "the agency's entry in its catalogue, which no longer leads to the account": """
        guides.bio guides.bio_kh guides.bio_zh guides.cancellation_policy guides.images guides.languages
        guides.license_type guides.name guides.provinces guides.slug guides.source_hash guides.specialties
    """,
    "drawn by lot, or one of three": "users.referral_code users.preferred_language",
}


@pytest.fixture
async def connection(postgres: TemplateServer) -> AsyncIterator[Connection]:
    async with postgres.clone() as dsn:
        opened = await asyncpg.connect(dsn)
        yield opened
        await opened.close()


async def test_every_table_is_told_of(connection: Connection) -> None:
    told = {name for statement in EXPORTS.values() for name in re.findall(r"FROM ([a-z_]+) t\b", statement)}
    leading = await leading_to_accounts(connection)
    assert leading - told - set(NOT_EXPORTED) == set()


async def test_all_of_it_is_told_to_its_owner_and_none_of_it_to_another(connection: Connection) -> None:
    tables = await leading_to_accounts(connection)
    await mark_everything(connection, tables, given={**GIVEN, "price_lines": {"purchase_id": row_id("orders")}})
    for name, statement in {**EXPORTS, "files": SELECT_FILES, "invoices as files": SELECT_INVOICES}.items():
        assert len(await connection.fetch(statement, PERSON)) >= 1, name
        assert await connection.fetch(statement, STRANGER) == [], name


async def test_an_erased_account_leaves_no_trace_in_any_column(connection: Connection) -> None:
    # The marked JSON is text already.
    for kind in ("json", "jsonb"):
        await connection.set_type_codec(kind, encoder=str, decoder=str, schema="pg_catalog")
    tables = await leading_to_accounts(connection)
    await mark_everything(connection, tables, given=GIVEN)
    before = await surviving_marks(connection)
    assert {name.partition(".")[0] for name in before} >= tables - {"downloads"}  # which has numbers alone
    assert await forget_the_deleted(connection, now=datetime(2026, 12, 1, tzinfo=UTC)) == 1
    doomed = await connection.fetch("DELETE FROM doomed_files RETURNING folder")
    assert {row["folder"] for row in doomed} == {
        mark("account_exports", "folder"), mark("documents", "folder"),
        mark("student_verifications", "card_folder"), mark("student_verifications", "selfie_folder"),
    }  # fmt: skip
    allowed = {name for names in STAYS.values() for name in names.split()}
    after = await surviving_marks(connection)
    assert after - allowed == set()
    assert allowed - after == set(), "these are erased: strike them from the list"
