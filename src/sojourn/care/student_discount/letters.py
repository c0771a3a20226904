"""What students are told."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sojourn.care.notifications.mails import StudentApproved, StudentEnding, StudentRejected
from sojourn.care.notifications.models import Letter, Recipient
from sojourn.care.student_discount.queries import Ending
from sojourn.platform.i18n import Language
from sojourn.platform.kit.clock import local_date
from sojourn.platform.storefront import Storefront


def approval_letter(
    verification_id: UUID, *, to: Mapping[str, Any], expires_at: datetime, storefront: Storefront
) -> Letter:
    """From now on there is the discount."""
    context = StudentApproved(
        percent=storefront.rules.student_percent, valid_until=local_date(expires_at, storefront.time_zone)
    )
    return Letter(context=context, to=_recipient(to), subject_id=verification_id)


def rejection_letter(verification_id: UUID, *, to: Mapping[str, Any], reason: str, storefront: Storefront) -> Letter:
    """What was wrong, and where to try again."""
    context = StudentRejected(reason=reason, retry_url=_page(storefront))
    return Letter(context=context, to=_recipient(to), subject_id=verification_id)


def ending_letter(ending: Ending, *, storefront: Storefront) -> Letter:
    """A month ahead: verify anew."""
    context = StudentEnding(
        percent=storefront.rules.student_percent, valid_until=local_date(ending.expires_at, storefront.time_zone),
        renew_url=_page(storefront),
    )  # fmt: skip
    to = Recipient(user_id=ending.user_id, email=ending.email, name=ending.name, language=ending.language)
    return Letter(context=context, to=to, subject_id=ending.id)


def _page(storefront: Storefront) -> str:
    return f"{storefront.frontend_url}/student-discount"


def _recipient(row: Mapping[str, Any]) -> Recipient:
    return Recipient(user_id=row["user_id"], email=row["email"], name=row["name"], language=Language(row["language"]))
